"""What a site has decided about itself: its people, its rules. Read from two files, refused when unclear.

``site.toml`` (rules) and ``people.toml`` (roles, training dates and signing keys [P14] [P16]). The law is on the ledger; the
folder ``policy`` is what a change of it is proposed from [P5]. Refuses an unknown key, an unknown role or purpose, and a rule that is weaker than the policy allows.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from output_checks.model import Confidence
from output_checks.policy import PolicyError, load_policy
from tre.custody.context import Rules
from tre.custody.encoding import canonical
from tre.custody.errors import Malformed
from tre.custody.people import Person, Role
from tre.custody.retention import KeepFor, Kept
from tre.records.remote import is_here, is_private

FILES = ("site.toml", "people.toml")
LAW_FOLDER = "policy"
SIGN_IN = {"issuer", "client", "acr", "amr", "algorithms", "passwords"}
NOTICES = {"pages", "mail", "hook"}
WORKER = {"data", "compute", "per_study", "memory_mb", "cpus", "errands", "lease_seconds", "priorities"}
MAINTENANCE = {
    "windows",
    "chores",
    "least_free_gb",
    "oldest_extract_days",
    "health",
}
RETENTION = {"extracts_days", "logs_days", "outputs_days"}
NEW_SITE = Path(__file__).parent / "new_site"
IMAGE = re.compile(r"[a-z][a-z0-9-]{0,62}|sha256:[0-9a-f]{64}")


class SiteError(Exception):
    """The site's own files are missing or unclear; nothing runs until they are mended."""

    def __init__(self, code: str, sentence: str, *, where: str, fix: str) -> None:
        super().__init__(f"{sentence} {fix} [{code}]")
        self.code = code
        self.sentence = sentence
        self.where = where
        self.fix = fix


@dataclass(frozen=True)
class Site:
    """A site's decisions. ``policy`` is the digest that goes on every event decided under them [P13].

    ``worker`` and ``maintenance`` say how the platform is run; they decide nothing about a case, and are not part of it.
    """

    name: str
    people: Mapping[str, Person]
    votes: Mapping[Confidence, int]
    opt_outs_fresh_for: timedelta
    disclosure_pack: str
    runners: tuple[str, ...]
    required_walls: frozenset[str]
    images: Mapping[str, str]
    """The names that specs use -> a sandbox image built here, by name, or one of the site's own, by content id."""
    signers: Mapping[str, bytes]
    policy: str
    worker: Mapping[str, Any] = field(default_factory=dict)
    maintenance: Mapping[str, Any] = field(default_factory=dict)
    runtime: str = ""
    """A stronger runtime that the engine knows, such as `runsc`; empty for the engine's own."""
    entrypoints: frozenset[tuple[str, ...]] = frozenset()
    """The ENTRYPOINTs that an image of the site's own may bring."""
    emails: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, Any] = field(default_factory=dict)
    repositories: tuple[str, ...] = ()
    """What the address of a repository may begin with for its commits to be run; none where code is uploaded only."""
    sign_in: Mapping[str, Any] = field(default_factory=dict)
    """The identity provider; part of what is decided under, because it says who is who."""
    context_needed: bool = False
    team_is_conflict: bool = False
    keep_for: KeepFor = field(default_factory=lambda: KeepFor({}))
    """How long what belongs to an ended request is kept; for ever, where a kind is not named."""

    def rules(self, check_policy: str) -> Rules:
        """The rules that the core decides by, under the disclosure policy with that digest."""
        return Rules(
            check_policy=check_policy,
            votes=self.votes,
            opt_outs_fresh_for=self.opt_outs_fresh_for,
            context_needed=self.context_needed,
            team_is_conflict=self.team_is_conflict,
        )

    def person(self, untrusted_id: str) -> Person:
        """The person with that account.

        Raises:
            SiteError: nobody has it.
        """
        if untrusted_id in self.people:
            return self.people[untrusted_id]
        raise SiteError(
            "person-unknown",
            "Nobody here has that account.",
            where="--as",
            fix="Name an account from people.toml with --as, or set TRE_PERSON.",
        )


def load_site(folder: Path) -> Site:
    """The site described in a folder.

    Raises:
        SiteError: a file is missing, is not TOML, or says something that cannot be.
    """
    rules, people = (_table(folder / name) for name in FILES)
    worker, maintenance = rules.pop("worker", {}), rules.pop("maintenance", {})
    notices = rules.pop("notices", {})
    _only(
        rules,
        {"name", "review", "opt_outs", "disclosure", "sandboxes", "images", "sign_in", "code", "retention"},
        "site.toml",
    )
    _only(rules.get("code", {}), {"repositories"}, "site.toml [code]")
    _only(rules.get("sign_in", {}), SIGN_IN, "site.toml [sign_in]")
    _only(rules.get("retention", {}), RETENTION, "site.toml [retention]")
    _only(notices, NOTICES, "site.toml [notices]")
    _require_private(notices)
    _only(worker, WORKER, "site.toml [worker]")
    _only(maintenance, MAINTENANCE, "site.toml [maintenance]")
    _only(
        rules.get("sandboxes", {}),
        {"runners", "required_walls", "runtime", "entrypoints"},
        "site.toml [sandboxes]",
    )
    with _Reading("site.toml"):
        sandboxes = rules["sandboxes"]
        return Site(
            name=str(rules["name"]),
            people={name: _person(name, entry) for name, entry in people.items()},
            votes={Confidence(level): int(votes) for level, votes in rules["review"]["votes"].items()},
            opt_outs_fresh_for=timedelta(days=int(rules["opt_outs"]["fresh_for_days"])),
            disclosure_pack=_disclosure_pack(str(rules["disclosure"]["pack"])),
            runners=tuple(sandboxes["runners"]),
            required_walls=frozenset(sandboxes["required_walls"]),
            runtime=str(sandboxes.get("runtime", "")),
            entrypoints=frozenset(tuple(map(str, words)) for words in sandboxes.get("entrypoints", ())),
            images=_images(rules["images"]),
            signers=dict(_signers(people)),
            policy=hashlib.sha256(canonical(_plain([rules, people]))).hexdigest(),
            worker=worker,
            maintenance=maintenance,
            emails={name: str(entry["email"]) for name, entry in people.items() if "email" in entry},
            notices=notices,
            sign_in=rules.get("sign_in", {}),
            repositories=_repositories(rules.get("code", {})),
            context_needed=_yes(rules["review"], "context_needed"),
            team_is_conflict=_yes(rules["review"], "team_is_conflict"),
            keep_for=_keep_for(rules.get("retention", {})),
        )


def _require_private(notices: Mapping[str, Any]) -> None:
    """What tells people must not be read on its way, nor answered by somebody else."""
    mail, hook = notices.get("mail", {}), str(notices.get("hook", ""))
    plain_mail = not mail.get("start_tls", True) and not is_here(str(mail.get("host", "")))
    if plain_mail or (hook and not is_private(hook)):
        raise SiteError(
            "notices-not-private",
            "Notices would leave this host without being encrypted for the one who is to have them.",
            where="site.toml [notices]",
            fix="Leave start_tls on for a mail server elsewhere, and name a hook by https.",
        )


def as_written(folder: Path) -> tuple[tuple[int, ...], ...]:
    """What changes whenever one of the site's files is written anew; empty for one that is not there."""
    return tuple(_stamp(folder / name) for name in FILES)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _repositories(said: Mapping[str, Any]) -> tuple[str, ...]:
    places = tuple(map(str, said.get("repositories", ())))
    for place in places:
        if not place.startswith(("https://", "file:///")) or not place.endswith("/"):
            raise ValueError(f"{place!r} is not an https address that ends with a slash")
    return places


def _keep_for(table: Mapping[str, Any]) -> KeepFor:
    """How many days each kind of thing is kept after its request ended."""
    return KeepFor({Kept(name.removesuffix("_days")): int(days) for name, days in table.items()})


def _images(names: Mapping[str, str]) -> dict[str, str]:
    """The map from names in specs to images; an image of the site's own is named by its content alone."""
    for asked, image in names.items():
        if not IMAGE.fullmatch(image):
            raise ValueError(f"the image of {asked!r} is neither a plain name nor a content id (sha256:...)")
    return dict(names)


class _Reading:
    """Turns whatever a wrong value raises into a sentence about the file it is in."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError | ValueError | TypeError | AttributeError | Malformed):
            raise SiteError(
                "site-unclear",
                f"{self.name} or a file beside it lacks a value or holds one that cannot be: {error}.",
                where=self.name,
                fix="Compare it with the file that `tre init` writes, and mend it.",
            ) from error


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SiteError(
            "site-missing",
            "There is no site here: one of its files is missing.",
            where=str(path),
            fix="Make a site with `tre init`, or point --site at one.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteError(
            "site-unclear", "A site file is not TOML.", where=str(path), fix=f"Mend it: {error}."
        ) from error


def _disclosure_pack(name: str) -> str:
    """The pack's name. One that does not round is refused: whoever brings exact totals would find people by subtraction [P10]."""
    try:
        policy = load_policy(pack=name)
    except PolicyError as wrong:
        raise _no_pack(str(wrong)) from wrong
    if policy.rounding == "none":
        raise _no_pack(f"{name} does not round, and nobody says what everybody knows of the people here")
    return name


def _no_pack(why: str) -> SiteError:
    return SiteError(
        "site-unclear",
        f"The site's disclosure pack cannot be used: {why}.",
        where="site.toml [disclosure] pack",
        fix="Choose a pack that rounds: opensafely, nhs-hes, ons-10-5 (which hides what sdap-10 and uk-llc hide) or midpoint-6.",
    )


def _only(table: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SiteError(
            "site-unclear",
            f"{name} has keys that mean nothing here: {', '.join(unknown)}.",
            where=name,
            fix=f"The keys are: {', '.join(sorted(known))}.",
        )


def _person(name: str, entry: Mapping[str, Any]) -> Person:
    _only(entry, {"roles", "trained_until", "team", "signing_key", "email"}, f"people.toml [{name}]")
    with _Reading(f"people.toml [{name}]"):
        roles = frozenset(Role(role) for role in entry["roles"])
        if Role.PLATFORM in roles:
            raise ValueError("no person is the platform")
        return Person(name, roles, _day(entry["trained_until"]), str(entry.get("team", "")))


def _signers(people: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Who may sign opt-outs, exemptions and the law, and the public half of each one's key [P6] [P16]."""
    for name, entry in people.items():
        if "signing_key" not in entry:
            continue
        if Role.INFORMATION_GOVERNANCE not in entry["roles"]:
            raise ValueError(f"{name} has a signing key, and is not of information governance")
        yield name, bytes.fromhex(entry["signing_key"])


def _yes(table: Mapping[str, Any], key: str) -> bool:
    """Whether a rule is switched on; off where it is not named."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is true or false")  # noqa: TRY004 - one kind of error for whatever a file says wrongly
    return value


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError("a date is written as 2026-01-31, without quotes")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def begin_site(folder: Path) -> None:
    """Write the files of a new site, to be read and changed by its own people.

    Raises:
        SiteError: there is a site already.
    """
    if any((folder / name).exists() for name in FILES):
        raise SiteError(
            "site-exists",
            "There is a site here already.",
            where=str(folder),
            fix="Use it, or name another folder.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LAW_FOLDER).mkdir()
    laws = (f"{LAW_FOLDER}/{path.name}" for path in (NEW_SITE / LAW_FOLDER).glob("*.toml"))
    for name in (*FILES, *laws):
        (folder / name).write_bytes((NEW_SITE / name).read_bytes())
