"""The app, opened anew when the site's own files are: who is taken out of people.toml is out with the next request [P14] [P16].

Refuses every request while a file is unclear: nobody acts under rules that cannot be read.
"""

import logging
from collections.abc import Callable
from threading import Lock

from anyio.to_thread import run_sync
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from tre.records.site import SiteError

LOG = logging.getLogger("tre.web")
UNCLEAR = (
    b"One of this site's own files cannot be read, so nobody can act. Nothing is lost.\n"
    b"A maintainer mends it as `tre doctor` says; then load the page again.\n"
)


class Reopened:
    """An app that stands for the one opened last."""

    def __init__(self, build: Callable[[], ASGIApp], stamp: Callable[[], object]) -> None:
        """``build`` opens the app; ``stamp`` says something else whenever it should be opened anew."""
        self._build, self._stamp = build, stamp
        self._seen, self._app = stamp(), build()
        self._unclear = False
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the app as the site's files are now."""
        if self._stamp() != self._seen:
            await run_sync(self._reopen)
        if self._unclear:
            headers = {"cache-control": "no-store", "retry-after": "60"}
            answer = ASGIResponse(body=UNCLEAR, media_type="text/plain", status_code=503, headers=headers)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _reopen(self) -> None:
        with self._lock:
            now = self._stamp()
            if now == self._seen:
                return
            try:
                self._app, self._unclear = self._build(), False
            except SiteError as error:
                facts = {"code": error.code, "kind": error.where}
                LOG.error("the site's files are unclear", extra=facts)  # noqa: TRY400 - code and place are all there is
                self._unclear = True
            self._seen = now
