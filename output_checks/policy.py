"""The site's policy packs: thresholds as data, each with its source, named by a digest.

Refuses a pack it does not know, a number it has no meaning for, and any study's wish that is looser than its pack.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from output_checks.model import sha256

_OWN = Path(__file__).with_name("policy.toml")
_SEVERITIES = ("note", "review", "suppress")
_LOOSE_TO_STRICT: Mapping[str, tuple[str, ...]] = {
    "interval": ("exact", "cover"),
    "zero": ("show", "hide"),
    "full_cell": _SEVERITIES,
}
_STRICTER_WHEN_MORE = frozenset({"small_max", "zero_is_small", "df_min", "shape_more_than", "rest_min"})
_STRICTER_WHEN_LESS = frozenset(
    {"figures", "top_two_max", "max_rows", "max_columns", "max_bytes", "max_cell"}
)
_FIXED = frozenset({"mark", "rounding", "survival_base", "unique_share", "unique_rows"})


class PolicyError(Exception):
    """A policy file that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Policy:
    """The numbers one file is judged by. Counts are people; shares are between 0 and 1; sizes are bytes."""

    name: str
    version: str
    title: str
    small_max: int
    zero_is_small: bool
    zero: str
    rounding: str
    rounding_base: int
    interval: str
    mark: str
    figures: int
    df_min: int
    shape_more_than: int
    top_two_max: float
    rest_min: float
    survival_base: int
    full_cell: str
    max_rows: int
    max_columns: int
    max_bytes: int
    max_cell: int
    unique_share: float
    unique_rows: int

    def __post_init__(self) -> None:
        if self.small_max < 1 or self.rounding_base < 1:
            raise PolicyError(f"{self.name}: the threshold and the rounding base are at least 1")
        if self.rounding not in ("nearest", "midpoint", "controlled", "none"):
            raise PolicyError(f"{self.name}: rounding is nearest, midpoint, controlled or none")
        for key, words in _LOOSE_TO_STRICT.items():
            if getattr(self, key) not in words:
                raise PolicyError(f"{self.name}: {key} is one of {', '.join(words)}")

    @property
    def label(self) -> str:
        """The pack's name and version, as stamped on reports."""
        return f"{self.name} {self.version}"

    @property
    def digest(self) -> str:
        """sha256 of every number in force, whoever set it."""
        numbers = {each.name: getattr(self, each.name) for each in fields(self)}
        return sha256(json.dumps(numbers, sort_keys=True, separators=(",", ":")).encode())

    def is_small(self, count: int) -> bool:
        """Whether a count of people is too few to show [P10]."""
        return self.zero_is_small if count == 0 else 0 < count <= self.small_max

    def rounded(self, count: int) -> int:
        """The count as it may be shown, alone; zero stays zero. A count is not negative.

        Controlled rounding is of a whole table: a number in it may be the other multiple beside the count.
        """
        base = self.rounding_base
        match self.rounding:
            case "nearest" | "controlled":
                return (2 * count + base) // (2 * base) * base
            case "midpoint":
                return 0 if count == 0 else -(-count // base) * base - base // 2
            case _:
                return count

    def shown_as(self, count: int) -> frozenset[int]:
        """Every number that a table under this policy may show for the count, exact numbers left aside."""
        below = count // self.rounding_base * self.rounding_base
        if self.rounding == "controlled" and below != count:
            return frozenset({below, below + self.rounding_base})
        return frozenset({self.rounded(count)})

    def is_rounded(self, count: int) -> bool:
        """Whether rounding would leave the count as it is."""
        return self.rounded(count) == count

    def tightened(self, **wishes: Any) -> Policy:
        """This policy with a study's stricter numbers.

        Raises:
            PolicyError: a wish that is looser than the pack, or that a study has no say in.
        """
        for key, wish in wishes.items():
            self._hold(key, wish)
        return replace(self, **wishes)

    def _hold(self, key: str, wish: Any) -> None:
        if key == "rounding_base":
            if self.rounding == "none" or not wish or wish % self.rounding_base:
                raise PolicyError("rounding_base: give a multiple of the pack's own base")
        elif key not in _STRICTER_WHEN_MORE | _STRICTER_WHEN_LESS | _LOOSE_TO_STRICT.keys():
            raise PolicyError(f"{key}: a study has no say in this; ask the site to change its pack")
        elif not self._at_least_as_strict(key, wish):
            raise PolicyError(f"{key}: a study may be stricter than {self.label}, never looser")

    def _at_least_as_strict(self, key: str, wish: Any) -> bool:
        own = getattr(self, key)
        if key in _LOOSE_TO_STRICT:
            words = _LOOSE_TO_STRICT[key]
            return wish in words and words.index(wish) >= words.index(own)
        return bool(wish >= own if key in _STRICTER_WHEN_MORE else 0 < wish <= own)


def load_policy(path: Path | None = None, *, pack: str | None = None) -> Policy:
    """One pack of a policy file (ours when no path is given; the file's default when no pack is named).

    Raises:
        PolicyError: no such pack, an unknown or missing number, or a number without a source.
    """
    read = tomllib.loads((path or _OWN).read_text(encoding="utf-8"))
    name = pack or read["default"]
    if name not in read["packs"]:
        raise PolicyError(f"no policy pack is called {name}; there are {', '.join(sorted(read['packs']))}")
    chosen = dict(read["packs"][name])
    title = chosen.pop("title", name)
    numbers = {key: _number(key, entry) for key, entry in (read["base"] | chosen).items()}
    try:
        return Policy(name=name, version=str(read["version"]), title=title, **numbers)
    except TypeError as wrong:
        raise PolicyError(f"{name}: the pack's numbers are not those a policy has") from wrong


def sources(path: Path | None = None, *, pack: str | None = None) -> Mapping[str, str]:
    """Where each number of a pack comes from, for the manual and for reports."""
    read = tomllib.loads((path or _OWN).read_text(encoding="utf-8"))
    entries = read["base"] | read["packs"][pack or read["default"]]
    return {key: entry["source"] for key, entry in entries.items() if key != "title"}


def pack_names(path: Path | None = None) -> tuple[str, ...]:
    """Every pack of a policy file, in its order."""
    return tuple(tomllib.loads((path or _OWN).read_text(encoding="utf-8"))["packs"])


def _number(key: str, entry: Any) -> Any:
    if not isinstance(entry, dict) or entry.keys() != {"value", "source"} or not entry["source"]:
        raise PolicyError(f"{key}: write a value and its source")
    return entry["value"]
