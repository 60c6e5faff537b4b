"""What stands before the application: no request is longer than allowed, and none outlives the server."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE = 413
STOPPED = 503


class EndWithServer:
    """Answers a request that the end of the server cuts short, e.g. one whose body never came.

    Args:
        app: what gets the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            await JSONResponse({"error": "the HAN has stopped"}, STOPPED)(scope, receive, send)


class BodyLimit:
    """Refuses a request whose body is longer than allowed, by what it declares and by what it really sends.

    Args:
        app: what gets the other requests.
        octets: of the longest body.
    """

    def __init__(self, app: ASGIApp, octets: int) -> None:
        self._app = app
        self._octets = octets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._declared(scope) > self._octets:
            await JSONResponse({"error": self._reason()}, TOO_LARGE)(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _declared(self, scope: Scope) -> int:
        """The length that the request declares; 0 where it declares none."""
        declared = dict(scope["headers"]).get(b"content-length", b"")
        return int(declared) if declared.isdigit() else 0

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._octets:
                raise HTTPException(TOO_LARGE, self._reason())
            return message

        return counted

    def _reason(self) -> str:
        return f"the request is too long (allowed: {self._octets} octets)"
