"""The two backends: which room of data a job request is answered by. Each has its own store, keys and catalogue [P7].

A request names its backend when it is submitted and is answered there, whole. It refuses a backend that this site does not
have, and has no word for "both": what two backends made is put together after it has been released, never before.
"""

from collections.abc import Mapping

from tre.custody.context import StoreFacts
from tre.custody.requests import JobRequest
from tre.data.errors import CatalogueInvalid, Reason
from tre.data.room import Room


class Backends:
    """The rooms of a site's backends, by name."""

    def __init__(self, rooms: Mapping[str, Room]) -> None:
        """The rooms of the backends that this site has."""
        self._rooms = dict(rooms)

    @property
    def names(self) -> tuple[str, ...]:
        """The backends of this site."""
        return tuple(self._rooms)

    def of(self, backend: str) -> Room:
        """The room of one backend.

        Raises:
            CatalogueInvalid: this site does not have it.
        """
        if backend in self._rooms:
            return self._rooms[backend]
        sentence = f"This site has no backend {backend!r:.40}."
        raise CatalogueInvalid(
            Reason("backend-unknown", sentence, f"There are: {', '.join(self._rooms)}.", "backend")
        )

    def facts(self, case: JobRequest) -> StoreFacts | None:
        """Version and opt-out list of the store that a request would read [P6]."""
        return self.of(case.submission.backend).facts(case)
