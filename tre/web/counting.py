"""Counting what is asked of the pages: how often, how it was answered, how long it took. Refuses to note an address that somebody typed.

A page is known by its address as it stands in our code (`/jobs/{job}`), so that no id and nothing a stranger sent is a label.
"""

import time

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tre.worker.meter import PageMeter

FAULT = 500


class Counted:
    """An app whose answers are counted."""

    def __init__(self, app: ASGIApp, meter: PageMeter) -> None:
        """``meter`` counts what ``app`` answers."""
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        began, status = time.monotonic(), FAULT

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            took, page = time.monotonic() - began, str(scope.get("path_template", ""))
            self._meter.answered(str(scope.get("method", "")), page, status, took)
