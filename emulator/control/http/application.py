"""The paths under `/api`: each reads its input, asks the running HAN, and answers in JSON.

Whatever is wrong with a request is `{"error": "one line"}`: 400 for input that cannot be used, 404 for a path or device
that there is not, 405 and 413 as HTTP has them, 503 once the HAN is stopping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from emulator import __version__
from emulator.control.api import HanStopped, NoSuchDevice, RunningHan
from emulator.control.http.bodies import (
    LONGEST_MESSAGE,
    DeviceBody,
    ErrorBody,
    GbcsRequest,
    GbcsResult,
    HanBody,
    MessageBody,
    SecurityLogBody,
)
from emulator.control.http.guard import STOPPED, BodyLimit, EndWithServer
from emulator.core.errors import BadInput
from emulator.core.eui64 import parse_eui64

BODY_LIMIT = 2 * LONGEST_MESSAGE + 1024
"""Octets of the longest request: the longest message in hex, and what is around it."""

_BAD_REQUEST, _NOT_FOUND, _FAULT = 400, 404, 500


def application(han: RunningHan) -> FastAPI:
    """The application that serves this HAN."""
    app = FastAPI(
        title="Alt HAN emulator",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={_BAD_REQUEST: {"model": ErrorBody}, _NOT_FOUND: {"model": ErrorBody}},
    )
    app.add_middleware(BodyLimit, octets=BODY_LIMIT)
    app.add_middleware(EndWithServer)
    _answer_errors(app)
    _add_han(app, han)
    _add_gbcs(app, han)
    return app


def _add_han(app: FastAPI, han: RunningHan) -> None:
    @app.get("/api/han")
    async def read_han() -> HanBody:
        """The HAN and its devices."""
        return HanBody.of(han.status)

    @app.get("/api/han/devices/{eui64}")
    async def read_device(eui64: str) -> DeviceBody:
        """One device."""
        return DeviceBody.of(han.device(parse_eui64(eui64)))

    @app.get("/api/devices/{eui64}/security-log")
    async def read_security_log(eui64: str) -> list[SecurityLogBody]:
        """What a device refused, the newest at the end."""
        return [SecurityLogBody.of(entry) for entry in han.security_log(parse_eui64(eui64))]


def _add_gbcs(app: FastAPI, han: RunningHan) -> None:
    @app.post("/api/gbcs", responses={STOPPED: {"model": ErrorBody}})
    async def send_gbcs(body: GbcsRequest) -> GbcsResult:
        """Hand a GBCS message to a device; the answer comes once it is known what came of it."""
        to = None if body.to is None else parse_eui64(body.to, where="to")
        return GbcsResult.of(await han.send_gbcs(bytes.fromhex(body.octets), to, body.wait_seconds))

    @app.get("/api/gbcs/messages")
    async def read_messages() -> list[MessageBody]:
        """What devices sent up last, the newest at the end."""
        return [MessageBody.of(message) for message in han.messages]


# --- errors ----------------------------------------------------------------------------------------------------------


def _answer_errors(app: FastAPI) -> None:
    statuses = {NoSuchDevice: _NOT_FOUND, BadInput: _BAD_REQUEST, HanStopped: STOPPED}

    async def own(_request: Request, error: Exception) -> JSONResponse:
        return _error(next(status for kind, status in statuses.items() if isinstance(error, kind)), str(error))

    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _error(error.status_code, error.detail, error.headers)

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _error(_BAD_REQUEST, _first_fault(error.errors()))

    async def fault(_request: Request, error: Exception) -> JSONResponse:
        return _error(_FAULT, f"the emulator failed: {type(error).__name__}: {error}")

    for kind in statuses:
        app.add_exception_handler(kind, own)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, fault)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": " ".join(message.split())}, status, headers)


def _first_fault(faults: Sequence[dict[str, object]]) -> str:
    """The first thing that is wrong: where, and what."""
    fault = faults[0]
    if fault["type"] == "json_invalid":
        return "the request is no JSON"
    location = fault["loc"]
    assert isinstance(location, tuple)
    where = ".".join(str(part) for part in location if part != "body") or "request"
    return f"{where}: {fault['msg']}"
