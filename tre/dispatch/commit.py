"""A study's code from a git commit: its files exactly as they were committed, proved by the commit's own name [P13].

A repository is a stranger's. It is fetched into an empty one of ours without hooks, templates, filters, submodules, redirects,
helpers or anybody's configuration; every object is hashed again on the way in; and nothing is ever checked out, so no
attribute or filter of it runs. Refuses an address that the site does not name, links, submodules, and more than a study holds.
"""

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tre.custody.requests import Submission
from tre.dispatch.code import DEEPEST, LEFT_BEHIND, MOST_BYTES, MOST_FILES, NAME, Code
from tre.dispatch.errors import DispatchError

COMMIT = re.compile(r"[0-9a-f]{40}")
ADDRESS = re.compile(r"(https|file)://[A-Za-z0-9._~/:%+-]{1,400}")
WRITER = re.compile(rb"(?im)^(?:author|committer|co-authored-by:) [^\n<]*<([^<>\n]{1,200})>")
SECONDS, CPU_SECONDS = 120, 60
MOST_PACKED = 4 * MOST_BYTES
MOST_MEMORY = 2 << 30
LONGEST_LISTING = 4 * MOST_FILES
PLAIN = (b"100644", b"100755")

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.attributesFile=/dev/null",
    "core.bigFileThreshold=1m",
    "credential.helper=",
    "http.followRedirects=false",
    "protocol.allow=never",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
"""Each takes one way away in which a repository, or somebody's own configuration, could have git run or reach something."""


@dataclass(frozen=True)
class Committed:
    """The code of a commit, the commit's full name, and the addresses that it names as its writers."""

    code: Code
    commit: str
    writers: frozenset[str]


@dataclass(frozen=True)
class Origin:
    """Where a submission's code is from: its commit, if that is proved; who wrote it [P16]; the request that it answers."""

    commit: str = ""
    authors: tuple[str, ...] = ()
    continues: str = ""

    def of(self, submission: Submission) -> Submission:
        """The submission, saying so."""
        return replace(submission, commit=self.commit, code_authors=self.authors, continues=self.continues)


def origin(found: Committed, said: Sequence[str], continues: str, *, addresses: Mapping[str, str]) -> Origin:
    """Where code is from: those who are said to have written it, and those of the site's people whom its commit names.

    ``addresses`` are people's e-mail addresses by account.
    """
    named = {account for account, address in addresses.items() if address.lower() in found.writers}
    return Origin(found.commit, tuple(sorted(named | set(said))), continues)


def uncommitted(code: Code) -> Committed:
    """Code that says of itself what it likes: no commit of it is proved."""
    return Committed(code, "", frozenset())


def from_commit(repository: str, commit: str, allowed: Sequence[str]) -> Committed:
    """The study at a commit of a repository that the site allows.

    Args:
        repository: its address, ``https://…`` or, where the site names such a place, ``file://…``.
        commit: the commit's full name, 40 hexadecimal digits.
        allowed: what the address may begin with, each to a slash.

    Raises:
        DispatchError: the address is not allowed, the commit is not there, or it holds what a study may not.
    """
    _require_allowed(repository, allowed)
    if not COMMIT.fullmatch(commit):
        raise _refused(
            "A commit is named by all 40 of its digits.", commit, "Take it from `git rev-parse HEAD`."
        )
    with TemporaryDirectory(prefix="tre-commit-") as work:
        git = _Git(Path(work), urlsplit(repository).scheme)
        git.run("init", "--bare", "--quiet", "--template=", str(git.place))
        git.run(
            "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--", repository, commit
        )
        return Committed(Code(_files(git, commit)), commit, _writers(git.run("cat-file", "commit", commit)))


def from_clone(folder: Path, revision: str) -> Committed:
    """The study at a commit of a clone on this machine, fetched from it as from a stranger's.

    Raises:
        DispatchError: as for `from_commit`.
    """
    place = folder.resolve()
    with TemporaryDirectory(prefix="tre-commit-") as work:
        asked = (
            "-C",
            str(place),
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
        found = _Git(Path(work), "").run(*asked, anywhere=True).decode("ascii", "replace").strip()
    return from_commit(f"file://{place}", found, (f"file://{place.parent}/",))


@dataclass(frozen=True)
class _Git:
    """git, with nothing of anybody's around it. ``scheme`` is the only way by which it may reach anything."""

    work: Path
    scheme: str

    @property
    def place(self) -> Path:
        return self.work / "fetched.git"

    def run(self, *words: str, anywhere: bool = False, told: str = "") -> bytes:
        """What git says, of what it is told.

        Raises:
            DispatchError: it fails, takes too long, or would write too much.
        """
        with self._started(words, anywhere=anywhere) as process:
            try:
                said, _ = process.communicate(told.encode(), timeout=SECONDS)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise _unfetched() from error
        if process.returncode:
            raise _unfetched()
        return said

    def listed(self, *words: str) -> Iterator[bytes]:
        """What git lists, ended by NULs, as it lists it: whoever stops reading stops git."""
        with self._started(words) as process:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            rest = b""
            try:
                while portion := process.stdout.read(65_536):
                    *lines, rest = (rest + portion).split(b"\0")
                    yield from lines
            finally:
                process.kill()

    def _started(self, words: Sequence[str], *, anywhere: bool = False) -> "subprocess.Popen[bytes]":
        settings = [*SETTINGS, f"protocol.{self.scheme}.allow=always"] if self.scheme else [*SETTINGS]
        options = [word for setting in settings for word in ("-c", setting)]
        place = [] if anywhere or words[0] == "init" else [f"--git-dir={self.place}"]
        return subprocess.Popen(  # noqa: S603 - our own words; what is a stranger's stands after `--` or was matched whole
            [_git(), *options, *place, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=self.work,
            preexec_fn=_bounded,  # noqa: PLW1509 - it only sets limits
            start_new_session=True,
        )

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.work),
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": self.scheme or "none",
            "GIT_ASKPASS": "false",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }


def _bounded() -> None:
    """Bounds on a git that reads what a stranger sends: bytes in one file, processor time, memory."""
    for kind, most in (
        (resource.RLIMIT_FSIZE, MOST_PACKED),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MOST_MEMORY),
    ):
        resource.setrlimit(kind, (most, most))


def _files(git: _Git, commit: str) -> dict[str, bytes]:
    """Every file of the commit that a study's folder would hold, by the same rules as a folder or a ZIP file."""
    names: dict[str, str] = {}
    room = MOST_BYTES
    for number, entry in enumerate(git.listed("ls-tree", "-r", "-z", "-l", "--full-tree", commit)):
        if number >= LONGEST_LISTING or len(names) >= MOST_FILES:
            raise _too_much()
        mode, kind, name, size, path = _entry(entry)
        if _left_behind(path):
            continue
        _require_plain(mode, kind, path)
        room -= size
        if room < 0:
            raise _too_much()
        names[path] = name
    contents = _blobs(git.run("cat-file", "--batch", told="\n".join([*names.values(), ""])))
    return dict(zip(names, contents, strict=True))


def _blobs(batch: bytes) -> Iterator[bytes]:
    """The contents in what ``git cat-file --batch`` says: for each a line with its name, kind and length, then itself."""
    place = 0
    while place < len(batch):
        begins = batch.index(b"\n", place) + 1
        length = int(batch[place : begins - 1].split()[2])
        place = begins + length + 1
        yield batch[begins : place - 1]


def _entry(line: bytes) -> tuple[bytes, bytes, str, int, str]:
    facts, _, path = line.partition(b"\t")
    mode, kind, name, size = facts.split()
    return (
        mode,
        kind,
        name.decode("ascii"),
        int(size) if size.isdigit() else 0,
        path.decode("utf-8", "replace"),
    )


def _left_behind(path: str) -> bool:
    parts = path.split("/")
    return parts[0] in LEFT_BEHIND or any(part.startswith(".") or part == "__pycache__" for part in parts)


def _require_plain(mode: bytes, kind: bytes, path: str) -> None:
    parts = path.split("/")
    plain = kind == b"blob" and mode in PLAIN
    if plain and len(parts) <= DEEPEST + 1 and all(NAME.fullmatch(part) for part in parts):
        return
    raise _refused(
        "The commit holds a link, a submodule, or a name with unusual characters.",
        path,
        "Keep plain files and folders only, with names of letters, digits, dot, dash and underscore.",
    )


def _writers(commit: bytes) -> frozenset[str]:
    """Whom a commit names as its author, its committer, or somebody who wrote with them. It says so of itself: more may have."""
    return frozenset(each.decode("utf-8", "replace").lower() for each in WRITER.findall(commit))


def _require_allowed(repository: str, allowed: Sequence[str]) -> None:
    plain = (
        ADDRESS.fullmatch(repository)
        and ".." not in repository
        and "//" not in repository.partition("://")[2]
    )
    if plain and any(repository.startswith(place) for place in allowed if place.endswith("/")):
        return
    raise _refused(
        "The repository is not at a place that this site takes code from.",
        repository,
        f"It begins with: {', '.join(allowed)}." if allowed else "Upload the study's folder as a ZIP file.",
    )


def _git() -> str:
    found = shutil.which("git", path=os.defpath)
    if found is None:
        raise _refused(
            "This machine has no git.", "git", "Ask a maintainer to install it, or upload a ZIP file."
        )
    return found


def _too_much() -> DispatchError:
    return _refused(
        f"A study holds at most {MOST_FILES} files and {MOST_BYTES >> 20} MiB.",
        "the commit",
        "Leave data and outputs out of the repository.",
    )


def _unfetched() -> DispatchError:
    return _refused(
        "The commit could not be fetched whole: it is not there, takes too long, or is not sound.",
        "the commit",
        "Push it, name it by its 40 digits, and see that it can be read without signing in.",
    )


def _refused(sentence: str, where: str, fix: str) -> DispatchError:
    return DispatchError("commit-refused", sentence, where=ascii(where)[:120], fix=fix)
