"""`tre --server ADDRESS …`: the commands of researchers, approvers and checkers, asked of a server with a token in place of a site here.

Refuses a server that is not reached by https, but for this machine's own; and a command that has no counterpart in the API.
What a checker opens is shown by the inside face alone, which a site may keep on the data's own network; each look is on the
ledger first [P13].
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from tre.cli.forms import read_proposal
from tre.custody.errors import Refusal
from tre.custody.studies import Proposal
from tre.dispatch.code import gather

SECONDS = 60
HERE = {"127.0.0.1", "localhost", "::1"}
ALONE = ("--json",)
CODE_OPTIONS = ("backend", "continues", "repository", "commit")
FLAGS = ("--approve-all", "--raw", "--offered", "--leave-out", "--offer")
ADDRESS, TOKEN = "TRE_SERVER", "TRE_TOKEN"
READS: Mapping[tuple[str, ...], str] = {
    ("study", "list"): "/studies",
    ("study", "show"): "/studies/{}",
    ("job", "list"): "/jobs",
    ("job", "show"): "/jobs/{}",
    ("register",): "/register/studies",
    ("release", "list"): "/register/releases",
    ("release", "show"): "/releases/{}",
    ("review", "list"): "/review",
    ("review", "show"): "/review/{}",
}
"""Commands that only ask; the words that follow them stand in the path."""
REASONED = {
    "return": "needs-changes",
    "reject": "out-of-scope",
    "suspend": "conditions-broken",
    "reinstate": "resolved",
    "withdraw": "no-longer-needed",
}
VERDICTS = {"changes": ("return", "needs-changes"), "refuse": ("refuse", "not-permitted")}
"""A checker's steps with a reason: what each is called in the API, and the reason where none is named."""


@dataclass(frozen=True)
class Call:
    """What is asked of the server; without a body it is read."""

    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Server:
    """A server, and the token that is shown to it."""

    address: str
    token: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise _refused("server-not-safe", "A server is reached by https.", "Name it as https://host.")
        if not self.token:
            raise _refused(
                "token-missing", "A server asks for a token.", "Make one on your account page; set TRE_TOKEN."
            )

    def ask(self, call: Call) -> Any:
        """What the server answers, as JSON.

        Raises:
            Refusal: it refuses, in its own words; or it does not answer.
        """
        try:
            return json.loads(self.fetch(call))
        except ValueError as error:
            raise _unlike_ours() from error

    def fetch(self, call: Call) -> bytes:
        """What the server answers, byte for byte.

        Raises:
            Refusal: as for `ask`.
        """
        headers = {"authorization": f"Bearer {self.token}"}
        method = "GET" if call.body is None else "POST"
        try:
            with httpx.Client(
                base_url=f"{self.address.rstrip('/')}/api", headers=headers, timeout=SECONDS
            ) as client:
                answer = client.request(method, call.path, json=call.body)
        except httpx.HTTPError as error:
            raise _unlike_ours() from error
        if answer.is_success:
            return answer.content
        raise _told(answer)


def _told(answer: httpx.Response) -> Refusal:
    """The server's own refusal."""
    try:
        said = answer.json()
    except ValueError:
        return _unlike_ours()
    told = said if isinstance(said, dict) else {}
    code, sentence = str(told.get("code", "refused")), str(told.get("sentence", "The server refused."))
    return Refusal(code, sentence, str(told.get("fix", "")), str(told.get("promise", "")))


def by_server(hoisted: Sequence[str], environment: Mapping[str, str]) -> Any | None:
    """What the named server answers to a command line; ``None`` where none is named, or only help is wanted.

    Raises:
        Refusal: the server refuses, or the command has no counterpart there.
    """
    plain, named = _parted([word for word in hoisted if word not in ALONE])
    address = named.get("--server", environment.get(ADDRESS, ""))
    if not address or "--help" in hoisted or not plain:
        return None
    rest = [word for word in hoisted if word not in ALONE]
    place = rest.index("--server") if "--server" in rest else -1
    if place >= 0:
        del rest[place : place + 2]
    server = Server(address, environment.get(TOKEN, ""))
    said = conversation(server, _parted(rest)[0], rest)
    return said if said is not None else server.ask(call_of(rest))


def call_of(words: Sequence[str]) -> Call:
    """What a command line asks of a server.

    Raises:
        Refusal: the API has no counterpart of it, or the line lacks something.
    """
    plain, named = _parted(words)
    for command, path in READS.items():
        if tuple(plain[: len(command)]) == command and len(plain) == len(command) + path.count("{}"):
            return Call(path.format(*map(_segment, plain[len(command) :])))
    group, *rest = plain or [""]
    found = GROUPS.get(group, _nothing)(rest, named, words)
    if found is None:
        raise _refused(
            "not-by-server",
            "This command has no counterpart on a server, or lacks something.",
            f"By --server: {BY_SERVER}.",
        )
    return found


def _of_study(rest: Sequence[str], named: Mapping[str, str], _: Sequence[str]) -> Call | None:
    match rest:
        case ["apply", form]:
            return Call("/studies", proposal_body(read_proposal(Path(form))))
        case ["revise", study, form]:
            return Call(f"/studies/{_segment(study)}/revise", proposal_body(read_proposal(Path(form))))
        case [step, study] if step in REASONED:
            said = {"because": named.get("--because", REASONED[step]), "note": named.get("--note", "")}
            return Call(f"/studies/{_segment(study)}/{step}", said)
    return None


def _of_job(rest: Sequence[str], named: Mapping[str, str], words: Sequence[str]) -> Call | None:
    note = {"note": named.get("--note", "")}
    match rest:
        case ["submit", folder]:
            return Call("/jobs", code_body(Path(folder), named))
        case ["cancel", job]:
            return Call(f"/jobs/{_segment(job)}/cancel", note)
        case ["resubmit", job]:
            return Call(f"/jobs/{_segment(job)}/resubmit", {**note, "withheld": _every(words, "--withhold")})
        case ["again", job]:
            return Call(f"/jobs/{_segment(job)}/again", {})
        case ["describe", job, path] if "--context" in named:
            said = json.loads(Path(named["--context"]).read_text(encoding="utf-8"))
            return Call(
                f"/jobs/{_segment(job)}/describe",
                {"files": [{**said, "path": path, **_choice(named)}]},
            )
    return None


def _choice(named: Mapping[str, str]) -> dict[str, bool]:
    """Whether a file is left out of the review; where that is not said, it stays as it is."""
    return {"left_out": "--leave-out" in named} if {"--leave-out", "--offer"} & {*named} else {}


def _of_review(rest: Sequence[str], named: Mapping[str, str], words: Sequence[str]) -> Call | None:
    paths = _every(words, "--path")
    match rest:
        case [step, job] if step in VERDICTS:
            said = {"because": named.get("--because", VERDICTS[step][1]), "note": named.get("--note", "")}
            return Call(f"/review/{_segment(job)}/{VERDICTS[step][0]}", said)
        case ["sign-off", job] if paths:
            return Call(f"/review/{_segment(job)}/sign-off-part", {"paths": paths})
        case ["sign-off", job]:
            return Call(f"/review/{_segment(job)}/sign-off", {})
        case ["remark", job, path] if not {"--cell", "--checkers-only"} & {*named}:
            because = named.get("--because", "needs-changes")
            said = {"path": path, "because": because, "note": named.get("--note", "")}
            return Call(f"/jobs/{_segment(job)}/remark", said)
    return None


def _of_breach(rest: Sequence[str], named: Mapping[str, str], _: Sequence[str]) -> Call | None:
    match rest:
        case ["report" | "recall", about]:
            note = named.get("--why", named.get("--note", ""))
            return Call("/incidents", {"about": about, "note": note})
    return None


def _nothing(*_: object) -> None:
    return None


GROUPS = {
    "study": _of_study,
    "job": _of_job,
    "review": _of_review,
    "incident": _of_breach,
    "release": _of_breach,
}
BY_SERVER = (
    "study list, show, apply, revise, return, reject, suspend, reinstate, withdraw; job list, show, submit, cancel, describe, "
    "resubmit, again; release list, show, bundle, recall; review list, show, open, vote, changes, refuse, sign-off, remark "
    "(of a whole file, for everyone); "
    "incident report; register"
)


def conversation(server: Server, plain: Sequence[str], words: Sequence[str]) -> Any | None:
    """What takes more than one question: a vote on every file, a file's rows, a bundle to keep; ``None`` for all else."""
    match plain:
        case ["review", "vote", job]:
            return server.ask(Call(f"/review/{_segment(job)}/vote", {"files": _ballot(server, job, words)}))
        case ["review", "open", job, path]:
            return _opened(server, job, path, _parted(words)[1])
        case ["release", "bundle", job, place]:
            number = _parted(words)[1].get("--number", "1")
            content = server.fetch(Call(f"/releases/{_segment(job)}/{_before(number)}/bundle"))
            Path(place).write_bytes(content)
            return {"request": job, "bundle": place, "bytes": len(content)}
    return None


def _ballot(server: Server, job: str, words: Sequence[str]) -> list[dict[str, str]]:
    """A word on each file that is named, or on all: on exactly the bytes on offer now [P9]."""
    named = dict.fromkeys(_every(words, "--approve"), "approve")
    named |= dict.fromkeys(_every(words, "--changes"), "request-changes")
    named |= dict.fromkeys(_every(words, "--reject"), "reject")
    note, rest = _parted(words)[1].get("--note", ""), "--approve-all" in words
    return [
        {"path": file["path"], "digest": file["offered"], "note": note, "decision": named.get(file["path"], "approve")}
        for file in _files(server, job)
        if rest or file["path"] in named
    ]  # fmt: skip


def _files(server: Server, job: str) -> Iterator[dict[str, Any]]:
    """Every file on offer, however many pages of them there are."""
    seen, page, total = 0, 1, 1
    while seen < total:
        view = server.ask(Call(f"/review/{_segment(job)}?page={page}"))
        yield from view["files"]
        seen, page, total = seen + max(1, len(view["files"])), page + 1, view["total"]


def _opened(server: Server, job: str, path: str, named: Mapping[str, str]) -> Any:
    """A file's first rows, as they landed or as they would leave; the look is on the ledger there [P13]."""
    number = next((file["number"] for file in _files(server, job) if file["path"] == path), None)
    if number is None:
        raise _refused("not-there", "This request offers no such file.", "See `tre review show`.")
    side = "offered" if "--offered" in named else "raw"
    return server.ask(Call(f"/review/{_segment(job)}/files/{number}/rows?side={side}"))


def _every(words: Sequence[str], name: str) -> list[str]:
    """Each value of an option that may be repeated."""
    after = [later for word, later in pairwise(words) if word == name]
    return after + [word.removeprefix(f"{name}=") for word in words if word.startswith(f"{name}=")]


def _before(number: str) -> int:
    """A release's number as it is counted by people, as it stands in a path."""
    if not number.isdecimal() or number == "0":
        raise _refused("number-unclear", "Releases are counted 1, 2, ...", "Say which with --number.")
    return int(number) - 1


def proposal_body(proposal: Proposal) -> dict[str, Any]:
    """A proposal as the API takes it."""
    words = {
        name: value.isoformat()
        if isinstance(value, date)
        else list(value)
        if isinstance(value, tuple)
        else str(value)
        for name, value in vars(proposal).items()
    }
    whys = [{"table": each.table, "column": each.column, "why": each.why} for each in proposal.why]
    return words | {
        "datasets": {scope.table: list(scope.columns) for scope in proposal.datasets},
        "why": whys,
    }


def code_body(folder: Path, named: Mapping[str, str]) -> dict[str, Any]:
    """A study's folder as the API takes it: a ZIP file in base64; or, with --repository and --commit, where it is."""
    said = {name: named[f"--{name}"] for name in CODE_OPTIONS if f"--{name}" in named}
    if "repository" in said:
        return {**said, "study": named.get("--study", "")}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(gather(folder).files.items()):
            archive.writestr(path, content)
    return {**said, "study": named.get("--study", ""), "code": base64.b64encode(out.getvalue()).decode()}


def _parted(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The plain words of a line, and the options with their values."""
    plain: list[str] = []
    named: dict[str, str] = {}
    waiting = ""
    for word in words:
        if waiting:
            named[waiting], waiting = word, ""
        elif word in FLAGS:
            named = {**named, word: "yes"}
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            named, waiting = ({**named, name: value}, "") if equals else (named, name)
        else:
            plain.append(word)
    return plain, named


def _segment(word: str) -> str:
    return quote(word, safe="")


def _unlike_ours() -> Refusal:
    return _refused(
        "server-unreachable", "The server did not answer as one of ours does.", "Check its address."
    )


def _refused(code: str, sentence: str, fix: str) -> Refusal:
    return Refusal(code, sentence, fix, "P13")
