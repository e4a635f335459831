"""`tre --server ADDRESS …`: the commands of researchers and approvers, asked of a server with a token in place of a site here.

Refuses a server that is not reached by https, but for this machine's own; and a command that has no counterpart in the API:
what opens a quarantined file does not leave the data's own network.
"""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
ADDRESS, TOKEN = "TRE_SERVER", "TRE_TOKEN"
READS: Mapping[tuple[str, ...], str] = {
    ("study", "list"): "/studies",
    ("study", "show"): "/studies/{}",
    ("job", "list"): "/jobs",
    ("job", "show"): "/jobs/{}",
    ("register",): "/register/studies",
    ("release", "list"): "/register/releases",
}
REASONED = {
    "return": "needs-changes",
    "reject": "out-of-scope",
    "suspend": "conditions-broken",
    "reinstate": "resolved",
    "withdraw": "no-longer-needed",
}


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
        """What the server answers.

        Raises:
            Refusal: it refuses, in its own words; or it does not answer.
        """
        headers = {"authorization": f"Bearer {self.token}"}
        method = "GET" if call.body is None else "POST"
        try:
            with httpx.Client(
                base_url=f"{self.address.rstrip('/')}/api", headers=headers, timeout=SECONDS
            ) as client:
                answer = client.request(method, call.path, json=call.body)
                said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _refused(
                "server-unreachable", "The server did not answer as one of ours does.", "Check its address."
            ) from error
        if answer.is_success:
            return said
        told = said if isinstance(said, dict) else {}
        code, sentence = str(told.get("code", "refused")), str(told.get("sentence", "The server refused."))
        raise Refusal(code, sentence, str(told.get("fix", "")), str(told.get("promise", "")))


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
    return Server(address, environment.get(TOKEN, "")).ask(call_of(rest))


def call_of(words: Sequence[str]) -> Call:
    """What a command line asks of a server.

    Raises:
        Refusal: the API has no counterpart of it, or the line lacks something.
    """
    plain, named = _parted(words)
    for command, path in READS.items():
        if tuple(plain[: len(command)]) == command and len(plain) == len(command) + path.count("{}"):
            return Call(path.format(*map(_segment, plain[len(command) :])))
    match plain:
        case ["study", "apply", form]:
            return Call("/studies", proposal_body(read_proposal(Path(form))))
        case ["study", "revise", study, form]:
            return Call(f"/studies/{_segment(study)}/revise", proposal_body(read_proposal(Path(form))))
        case ["study", step, study] if step in REASONED:
            said = {"because": named.get("--because", REASONED[step]), "note": named.get("--note", "")}
            return Call(f"/studies/{_segment(study)}/{step}", said)
        case ["job", "submit", folder]:
            return Call("/jobs", code_body(Path(folder), named))
        case ["job", "cancel", job]:
            return Call(f"/jobs/{_segment(job)}/cancel", {"note": named.get("--note", "")})
    raise _refused(
        "not-by-server",
        "This command has no counterpart on a server, or lacks something.",
        "By --server: study list, show, apply, revise, return, reject, suspend, reinstate, withdraw; job list, show, submit, cancel; release list; register.",
    )


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
    """A study's folder as the API takes it: a ZIP file in base64."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(gather(folder).files.items()):
            archive.writestr(path, content)
    backend = {"backend": named["--backend"]} if "--backend" in named else {}
    return {"study": named.get("--study", ""), "code": base64.b64encode(out.getvalue()).decode()} | backend


def _parted(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The plain words of a line, and the options with their values."""
    plain: list[str] = []
    named: dict[str, str] = {}
    waiting = ""
    for word in words:
        if waiting:
            named[waiting], waiting = word, ""
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            named, waiting = ({**named, name: value}, "") if equals else (named, name)
        else:
            plain.append(word)
    return plain, named


def _segment(word: str) -> str:
    return quote(word, safe="")


def _refused(code: str, sentence: str, fix: str) -> Refusal:
    return Refusal(code, sentence, fix, "P13")
