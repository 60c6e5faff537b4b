"""Talks to a HAN that `althan serve` runs; the standard library is all it needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from json import JSONDecodeError
from select import select
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from emulator.control.http.address import DEFAULT_HOST, DEFAULT_PORT
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text

DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
PROGRESS_EVERY_S = 2.0

_CONNECT_S = 5.0
_SLACK_S = 30.0
"""Seconds beyond the time that a wait may take by the wall clock before the HAN is taken for dead."""
_LONGEST_ANSWER = 16 * 1024 * 1024
_OK = 200
_FIRST_FAULT = 500
_ALLOWED = "where althan serve says that it serves"

OnWait = Callable[[float], None]
"""Told every other second how many seconds an answer has been waited for."""


def _nobody(_seconds: float) -> None:
    """Nobody is told."""


class HanClient:
    """One running HAN.

    Args:
        url: `http://HOST:PORT`, as `althan serve` prints it.

    Raises:
        BadInput: it is no such URL.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self.url = url
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or 80
        except ValueError as error:
            raise self._wrong_url() from error
        if parts.scheme != "http" or not self._host or parts.path.strip("/") or parts.query:
            raise self._wrong_url()

    def han(self) -> dict[str, Any]:
        """The HAN and its devices; BadInput where none is at that URL."""
        found = self._ask("GET", "/api/han", None, _CONNECT_S + _SLACK_S, _nobody)
        if not isinstance(found, dict) or "devices" not in found or "speed" not in found:
            raise self._no_han("something else answers there")
        return found

    def send_gbcs(
        self, octets: bytes, to: Eui64 | None, wait_seconds: float, on_wait: OnWait = _nobody
    ) -> dict[str, Any]:
        """Send a message and wait for what comes of it: the object that the HAN answers.

        Args:
            octets: the message.
            to: the device; the message's recipient if None.
            wait_seconds: of the run.
            on_wait: told how long it has taken so far.

        Raises:
            BadInput: no HAN is there, or it does not take the request.
        """
        factor = _factor(str(self.han()["speed"]))
        body: dict[str, object] = {"octets": octets.hex(), "wait_seconds": wait_seconds}
        if to is not None:
            body["to"] = eui64_text(to)
        result = self._ask("POST", "/api/gbcs", body, wait_seconds / factor + _SLACK_S, on_wait)
        if not isinstance(result, dict) or "outcome" not in result:
            raise self._no_han("something else answers there")
        return result

    def _ask(self, method: str, path: str, body: object, patience: float, on_wait: OnWait) -> object:
        connection = HTTPConnection(self._host, self._port, timeout=_CONNECT_S)
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}
            )
            self._await_answer(connection, patience, on_wait)
            response = connection.getresponse()
            answer = json.loads(response.read(_LONGEST_ANSWER))
        except (OSError, HTTPException, JSONDecodeError, UnicodeError) as error:
            raise self._no_han(_reason(error)) from error
        finally:
            connection.close()
        if response.status == _OK:
            return answer
        raise self._refused(response.status, answer)

    def _await_answer(self, connection: HTTPConnection, patience: float, on_wait: OnWait) -> None:
        """Wait until something can be read; TimeoutError where that takes too long."""
        began = monotonic()
        while not select([connection.sock], [], [], PROGRESS_EVERY_S)[0]:
            waited = monotonic() - began
            if waited > patience:
                raise TimeoutError("no answer")
            on_wait(waited)

    # What went wrong

    def _wrong_url(self) -> BadInput:
        return BadInput(f"{self.url[:60]!r} cannot be used", where="--url", allowed=f"http://HOST:PORT, {_ALLOWED}")

    def _no_han(self, reason: str) -> BadInput:
        return BadInput(f"no HAN at {self.url}: {reason}", where="--url", allowed=_ALLOWED)

    def _refused(self, status: int, answer: object) -> BadInput:
        error = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(error, str) or status >= _FIRST_FAULT:
            return self._no_han(str(error or f"status {status}"))
        return BadInput(error)


def _factor(speed: str) -> float:
    """Seconds of the run in one of the wall clock, at least: at `max` time may go no faster than that."""
    try:
        return max(float(speed), 1e-6)
    except ValueError:
        return 1.0


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return "something else answers there"
