"""The nouns of a sandbox: what goes in, what it may use, what came out, and in how many words that may be said.

Everything here is a frozen value that cannot be built wrong: a `Box` that exists is a box that may be asked for.
This module touches no file, no clock and no engine. It refuses a job name, an image, a mount, an environment
variable or a limit that a runner would have to guess about.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

JOB_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
SHA256 = re.compile(r"[0-9a-f]{64}")

INPUT_ROOTS = ("/code", "/data", "/workspace")
"""The only places of a box where the host's files may appear, always read-only."""

OUTPUT_TARGETS = ("/out", "/workspace/output")
"""The only places of a box that outlive it."""

SCRATCH = "/scratch"
"""Where a box that asks for it has a folder on disk."""

ENVIRONMENT = frozenset(
    {
        "HOME",
        "LANG",
        "LC_ALL",
        "MKL_NUM_THREADS",
        "MPLBACKEND",
        "MPLCONFIGDIR",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "OPENSAFELY_BACKEND",
        "POLARS_MAX_THREADS",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHASHSEED",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
        "SOURCE_DATE_EPOCH",
        "TZ",
    }
)
"""The names a box's environment may hold. Loaders' names (`LD_PRELOAD`, `PYTHONPATH`, `R_PROFILE`) and proxies' are not."""

_LONGEST_VALUE = 4096
_MOST_ARGUMENTS = 256


class BoxRefused(Exception):
    """This box will not be run, and nothing of it was started."""

    def __init__(self, code: str, sentence: str, *, fix: str) -> None:
        super().__init__(f"{sentence} {fix} [{code}]")
        self.code = code
        self.sentence = sentence
        self.fix = fix


class RunnerUnavailable(Exception):
    """No wall can be put around a program here, so no program is run here."""

    def __init__(self, code: str, sentence: str, *, fix: str) -> None:
        super().__init__(f"{sentence} {fix} [{code}]")
        self.code = code
        self.sentence = sentence
        self.fix = fix


class Status(StrEnum):
    """How a box ended: the only thing about it that may be said outside before sign-off [P1]."""

    OK = "ok"
    FAILED = "failed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    OUTPUT_LIMIT = "output_limit"
    OUTPUT_REFUSED = "output_refused"
    CANCELLED = "cancelled"

    @property
    def sentence(self) -> str:
        """One fixed sentence for a person. It carries nothing from the run."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.OK: "The program ended well and its declared outputs were kept.",
    Status.FAILED: "The program ended with an error. Run it on synthetic data to see what it says.",
    Status.OUT_OF_MEMORY: "The program, or a process it started, needed more memory than the job asked for.",
    Status.TIMED_OUT: "The program was still running at its time limit and was ended.",
    Status.OUTPUT_LIMIT: "The program filled the space or the number of files allowed for outputs.",
    Status.OUTPUT_REFUSED: "An output was missing, or was not a plain file that may be kept, so none was kept.",
    Status.CANCELLED: "The job was cancelled and its program was ended.",
}


class Phase(StrEnum):
    """Where a box is, as the engine tells it now."""

    ABSENT = "absent"
    PREPARED = "prepared"
    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Limits:
    """What one box may use. Every number is a ceiling the kernel keeps, not a hope."""

    memory_bytes: int = 1 << 30
    """Everything the box holds in memory together, its /tmp and /dev/shm included; there is no swap."""
    cpus: float = 1.0
    wall_seconds: int = 600
    pids: int = 256
    """Processes and threads at one time."""
    tmp_bytes: int = 256 << 20
    disk_bytes: int = 0
    """A folder on the host's disk, at `SCRATCH`, for what does not fit into memory; 0 for none. For programs of ours alone,
    which write it encrypted."""
    output_bytes: int = 64 << 20
    output_files: int = 500
    log_bytes: int = 1 << 20
    """Standard output and standard error together, as kept."""

    def __post_init__(self) -> None:
        for name, least, most in _LIMIT_RANGES:
            value = getattr(self, name)
            if name == "disk_bytes" and value == 0 and value is not False:
                continue
            if isinstance(value, bool) or not least <= value <= most:
                raise BoxRefused(
                    "LIMIT_OUT_OF_RANGE",
                    f"The limit {name} must be between {least} and {most}.",
                    fix=f"Ask for a {name} in that range.",
                )


_LIMIT_RANGES: tuple[tuple[str, float, float], ...] = (
    ("memory_bytes", 16 << 20, 4 << 40),
    ("cpus", 0.1, 1024),
    ("wall_seconds", 1, 60 * 60 * 24 * 14),
    ("pids", 4, 32768),
    ("tmp_bytes", 1 << 20, 4 << 40),
    ("disk_bytes", 8 << 20, 4 << 40),
    ("output_bytes", 4096, 4 << 40),
    ("output_files", 1, 1_000_000),
    ("log_bytes", 1 << 10, 1 << 30),
)


@dataclass(frozen=True)
class Input:
    """One file or folder of the host, seen read-only at `target` inside the box."""

    source: Path
    target: str

    def __post_init__(self) -> None:
        if not self.source.is_absolute() or _control(str(self.source)):
            raise BoxRefused(
                "INPUT_SOURCE",
                "The source of an input must be an absolute path of plain characters.",
                fix="Give the path from the root of the host.",
            )
        if not _beneath_any(self.target, INPUT_ROOTS) or self.target == "/workspace":
            raise BoxRefused(
                "INPUT_TARGET",
                "An input must appear beneath /code, /data or /workspace, written without `..` or `//`.",
                fix="Choose a target such as /data/extract.parquet.",
            )


@dataclass(frozen=True)
class Box:
    """One program, what it may read, and what it may use. It says nothing of how it is walled in."""

    job: str
    """An opaque name, `[a-z0-9-]{1,64}`: no study, no person."""
    image: str
    """The image's content id, `sha256:` and 64 hexadecimal digits; a tag could move."""
    argv: tuple[str, ...]
    """The whole command, never a shell string."""
    inputs: tuple[Input, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    unix_sockets: bool = False
    """Let processes of the box talk to each other over local sockets (asyncio needs it); off by default."""
    output_target: str = "/out"

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", MappingProxyType(dict(self.environment)))
        _require_names(self)
        _require_argv(self.argv)
        _require_inputs(self.inputs, self.output_target)
        _require_environment(self.environment)

    @property
    def workdir(self) -> str:
        """Where the program starts: the workspace of an OpenSAFELY-style script, or else its code."""
        return "/workspace" if self.output_target.startswith("/workspace/") else "/code"


def _require_names(box: Box) -> None:
    if not JOB_NAME.fullmatch(box.job):
        raise BoxRefused(
            "JOB_NAME",
            "A job's name in a sandbox must be 1 to 64 of a-z, 0-9 and -, not beginning or ending with -.",
            fix="Use an opaque id.",
        )
    if not IMAGE_ID.fullmatch(box.image):
        raise BoxRefused(
            "IMAGE_NOT_PINNED",
            "An image is asked for by its content id (sha256:...), never by a name that can move.",
            fix="Look the name up in the runner's images() and use the id it gives.",
        )
    if box.output_target not in OUTPUT_TARGETS:
        raise BoxRefused(
            "OUTPUT_TARGET",
            f"Outputs are written to {' or '.join(OUTPUT_TARGETS)} and nowhere else.",
            fix="Use one of those two.",
        )


def _require_argv(argv: tuple[str, ...]) -> None:
    honest = 0 < len(argv) <= _MOST_ARGUMENTS and argv[0] != ""
    if not honest or any("\0" in word or len(word) > _LONGEST_VALUE for word in argv):
        raise BoxRefused(
            "ARGV",
            f"A command must be 1 to {_MOST_ARGUMENTS} words of at most {_LONGEST_VALUE} characters.",
            fix="Put long input into a file beneath /code.",
        )
    if argv[0].startswith("-"):
        raise BoxRefused(
            "ARGV",
            "A command may not begin with a dash: it could be read as an option.",
            fix="Name a program.",
        )


def _require_inputs(inputs: tuple[Input, ...], output_target: str) -> None:
    targets = [item.target for item in inputs]
    nested = [one for one in targets for other in targets if one is not other and _beneath(one, other)]
    if nested or output_target in targets or len(set(targets)) != len(targets):
        raise BoxRefused(
            "INPUTS_OVERLAP",
            "Two inputs of a box have the same place, one lies inside another, or one covers the outputs.",
            fix="Give each input a place of its own.",
        )


def _require_environment(environment: Mapping[str, str]) -> None:
    if unknown := sorted(set(environment) - ENVIRONMENT):
        raise BoxRefused(
            "ENVIRONMENT_NAME",
            f"A box's environment may not hold {', '.join(name[:40] for name in unknown[:3])!a}.",
            fix=f"Only these names may be set: {', '.join(sorted(ENVIRONMENT))}.",
        )
    if any(_control(value) or len(value) > _LONGEST_VALUE for value in environment.values()):
        raise BoxRefused(
            "ENVIRONMENT_VALUE",
            "A value in a box's environment is too long or holds a control character.",
            fix="Put it into a file beneath /code.",
        )


@dataclass(frozen=True)
class Collected:
    """One declared output as we keep it: our own copy of its bytes, mode 0600, under a name we made."""

    path: str
    """Relative to the output folder, as the program named it."""
    size: int
    sha256: str
    stored: Path

    def __post_init__(self) -> None:
        if not SHA256.fullmatch(self.sha256) or self.size < 0:
            raise ValueError("a collected file has a size and the sha256 of its bytes")


@dataclass(frozen=True)
class Observation:
    """What the engine says about a job now. Times are seconds since 1970 by the engine's clock."""

    job: str
    phase: Phase
    status: Status | None = None
    """Set once STOPPED; what the outputs are worth is only known after `collect`."""
    started: float | None = None
    finished: float | None = None
    exit_code: int | None = None
    """Quarantined: a program chooses it, so it is never shown outside [P1]."""


@dataclass(frozen=True)
class Receipt:
    """What a box left behind. Only `status` may be told outside before sign-off [P1]."""

    job: str
    status: Status
    exit_code: int | None
    """Quarantined, as in `Observation`."""
    wall_seconds: float
    collected: tuple[Collected, ...]
    undeclared: tuple[str, ...]
    """Names that no pattern declared, escaped for display; their bytes were not read."""
    refused: tuple[str, ...]
    """`escaped name: reason`, one for each entry that could not be kept."""
    log: Path
    """Standard output and error, capped; quarantined as any output is."""
    log_truncated: bool
    image: str


@dataclass(frozen=True)
class Wall:
    """One thing that stands between a program and the rest of the world, and why it is there."""

    name: str
    threat: str
    setting: str
    """What is set, in words an operator of the engine knows."""


def _control(text: str) -> bool:
    return any(ord(letter) < ord(" ") or letter == "\x7f" for letter in text)


def _beneath(target: str, root: str) -> bool:
    return target == root or target.startswith(root + "/")


def _beneath_any(target: str, roots: Iterable[str]) -> bool:
    plain = posixpath.normpath(target) == target and not _control(target)
    return plain and any(_beneath(target, root) for root in roots)
