"""What a checker has before them: one request, one of its files, the bytes of it, and their own words so far.

Refuses a request that is not theirs to check, a file that is not on offer, and a byte before the look is on the ledger [P13].
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, FileVote, Offered
from tre.custody.requests import JobRequest
from tre.custody.studies import Application
from tre.views import Sight, is_blind, sight
from tre.web.asking import Ask
from tre.web.errors import not_there
from tre.web.inside.doors import Inside

RAW, OFFERED = "raw", "offered"
MOST_FILES = 200


@dataclass(frozen=True)
class Desk:
    """One request before one checker."""

    ask: Ask
    inside: Inside
    case: JobRequest
    study: Application

    @property
    def seen(self) -> Sight:
        """How much of it this person may see."""
        return sight(self.ask.person, self.case, self.study)

    @property
    def blind(self) -> bool:
        """Whether others' words are not to be seen yet."""
        return is_blind(self.case)

    def file(self, untrusted_number: str) -> tuple[int, Offered]:
        """The offered file with that number; the first that needs a look where none is asked for.

        Raises:
            Refusal: there is no such file.
        """
        files = self.case.offered
        if not untrusted_number:
            return self.first_open()
        if untrusted_number.isascii() and untrusted_number.isdecimal() and int(untrusted_number) < len(files):
            return int(untrusted_number), files[int(untrusted_number)]
        raise not_there("file")

    def first_open(self) -> tuple[int, Offered]:
        """The first file without a word of this checker's; the first of all where each has one."""
        said = self.said()
        waiting = (pair for pair in enumerate(self.case.offered) if pair[1].path not in said)
        found = next(waiting, None) or next(enumerate(self.case.offered), None)
        if found is None:
            raise not_there("file on offer")
        return found

    def next_open(self, number: int) -> int:
        """The next file, after this one, that has no word of this checker's; the next one of all where each has one."""
        said, files = self.said(), self.case.offered
        after = [*range(number + 1, len(files)), *range(number)]
        return next((each for each in after if files[each].path not in said), min(number + 1, len(files) - 1))

    # -- this checker's words ----------------------------------------------------------------------------------

    @property
    def draft_id(self) -> str:
        """Under what this checker's words on this round are kept until they are handed in."""
        return f"review-{self.ask.person.id}-{self.case.id}-{self.case.round}"

    def drafts(self) -> Mapping[str, Any]:
        """Words that are not handed in yet, by path; those on bytes that are no longer on offer are left out."""
        kept = self.ask.common.accounts.draft(self.draft_id, self.ask.person.id)
        words = json.loads(kept["body"]) if kept else {}
        digests = {offered.path: offered.digest for offered in self.case.offered}
        return {path: word for path, word in words.items() if digests.get(path) == word["digest"]}

    def keep(self, path: str, word: Mapping[str, str]) -> None:
        """Keep a word on one file, until all are handed in."""
        body = json.dumps({**self.drafts(), path: dict(word)})
        now = int(self.ask.now.timestamp())
        self.ask.common.accounts.keep_draft(
            self.draft_id, self.ask.person.id, about="review", body=body, now=now
        )

    def drop(self) -> None:
        """Let go of what is not handed in."""
        self.ask.common.accounts.drop_draft(self.draft_id, self.ask.person.id)

    def handed_in(self) -> Mapping[str, FileVote]:
        """This checker's words that count, by path: of this round, or carried over."""
        return {
            path: word for (checker, path), word in self.case.words.items() if checker == self.ask.person.id
        }

    def said(self) -> Mapping[str, str]:
        """The decision of this checker on each file so far, handed in or not."""
        mine = {path: word.decision.value for path, word in self.handed_in().items()}
        return mine | {path: word["decision"] for path, word in self.drafts().items()}

    def ballot(self) -> tuple[FileVote, ...]:
        """The words to hand in, their notes kept in the vault."""
        return tuple(
            FileVote(path, word["digest"], Decision(word["decision"]), self.ask.note(word["note"]))
            for path, word in self.drafts().items()
        )

    # -- bytes ---------------------------------------------------------------------------------------------------

    def look(self, digest: str) -> None:
        """Put the look on the ledger, before the bytes are opened; once in a sitting at the same bytes [P13].

        A program has no sittings: each of its looks is one.
        """
        if not self.ask.visitor.session:
            self._looked(digest)
            return
        sitting = f"{self.ask.visitor.session}/{self.ask.person.id}/{self.case.id}/{digest}"
        self.inside.looks.get(sitting, lambda: self._looked(digest))

    def _looked(self, digest: str) -> bool:
        self.ask.common.service.view(self.ask.by, self.case.id, digest)
        return True


def desk_of(ask: Ask, inside: Inside, request: str) -> Desk:
    """A request before whoever asks.

    Raises:
        Refusal: there is none, or it is not theirs to check.
    """
    case = ask.common.service.request(request)
    if not case.submissions:
        raise not_there("request")
    desk = Desk(ask, inside, case, ask.common.service.study_of(case))
    if not desk.seen.inside:
        raise Refusal(
            "not-yours-to-check",
            "Only an output checker who is independent of the study looks at its files from inside.",
            "As a member, see the job's own page.",
            "P1",
        )
    return desk


def digest_of(offered: Offered, side: str) -> str:
    """The bytes of one side of a file: as it landed, or as it would leave."""
    return offered.raw if side == RAW else offered.digest
