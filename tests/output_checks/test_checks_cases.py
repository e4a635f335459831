"""Every rule's own cases: what it must let through, what it must stop, and where the line runs exactly."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from output_checks import check as checking
from output_checks.identifiers import is_chi_number, is_clinical_code, is_nhs_number
from output_checks.model import Confidence, Evidence, Offered, Shares, Sides
from output_checks.policy import load_policy

CASES = Path(checking.__file__).with_name("cases")
RULES = {rule.name: rule for rule in checking.CHECKS}


def all_cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0)
    body = [(b"IHDR", header), (b"tEXt", b"Author\0Me"), (b"IDAT", zlib.compress(b"\0\1\2")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in body)


def content_of(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if case.get("png"):
        return png()
    if "dots" in case:
        dots = "".join(f'<rect x="{at}" y="1" width="1" height="1"/>' for at in range(case["dots"]))
        return f'<svg xmlns="http://www.w3.org/2000/svg">{dots}</svg>'.encode()
    if "wide" in case:
        names = ",".join(f"c{at}" for at in range(case["wide"]))
        return f"{names}\n{names.replace('c', 'v')}\n".encode()
    text = (
        str(case["content"]) + "".join(case["repeat"][0].format(i=i) for i in range(case["repeat"][1]))
        if "repeat" in case
        else str(case["content"])
    )
    return derived(case, text).encode()


def derived(case: dict[str, Any], text: str) -> str:
    """Numbers that a check digit decides are worked out here, not trusted to whoever typed the case."""
    match case.get("derive"):
        case "hex":
            return text.replace("0x2325b1a5f", hex(9434765919))
        case "chi":
            return text.replace(
                "0101011236", next(n for i in range(10**4) if is_chi_number(n := f"010101{i:04}"))
            )
        case "clinical_code":
            tries = (f"{i:07}00{d}" for i in range(4003470, 4013470) for d in range(10))
            return text.replace(
                "4003470001",
                next(n for n in tries if is_nhs_number(n) and is_clinical_code(n) and n[0] == "4"),
            )
        case _:
            return text


def evidence_of(case: dict[str, Any]) -> Evidence | None:
    said = case.get("evidence")
    if said is None:
        return None
    shares = {name: tuple(Shares(*each) for each in rows) for name, rows in said.get("shares", {}).items()}
    sides = {
        name: tuple(each and Sides(*each) for each in rows) for name, rows in said.get("sides", {}).items()
    }
    return Evidence(
        tuple(said["people"]),
        Confidence(said["source"]),
        said.get("roles", {}),
        shares,
        frozenset(said.get("withheld", [])),
        values={name: tuple(each) for name, each in said.get("values", {}).items()},
        sides=sides,
        smallest=said.get("smallest", {}),
        labels={name: tuple(each) for name, each in said.get("labels", {}).items()},
        unlisted=tuple(said.get("unlisted", ())),
        partly=frozenset(said.get("partly", ())),
        made={name: frozenset(each) for name, each in said.get("made", {}).items()},
        unsure=frozenset(said.get("unsure", ())),
        apart={name: tuple(each) for name, each in said.get("apart", {}).items()},
    )


def offered(case: dict[str, Any]) -> Offered:
    sets = {
        key: frozenset(case[key])
        for key in ("pseudonyms", "copied", "beside", "numbers", "chosen")
        if key in case
    }
    return Offered(
        case["path"],
        content_of(case),
        case.get("declare"),
        evidence_of(case),
        unmeasured=case.get("unmeasured"),
        compared=case.get("compared"),
        named_freely=case.get("named_freely", False),
        mixed=case.get("mixed", False),
        **sets,
    )


@pytest.mark.parametrize(("name", "case"), all_cases())
def test_a_rule_decides_its_own_cases(name: str, case: dict[str, Any]) -> None:
    policy = load_policy(pack=case.get("pack"))
    found = RULES[name].findings(checking.subject_of(offered(case), policy))
    assert [finding.severity for finding in found] == case["expect"]
    if "cells" in case:
        assert sum(len(finding.cells) for finding in found) == case["cells"]


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_cases_on_both_sides_and_on_the_line(name: str) -> None:
    cases = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert {case["kind"] for case in cases} == {"passing", "failing", "edge"}
    assert len({case["name"] for case in cases}) == len(cases)


def test_no_case_is_for_a_rule_that_is_not_there() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == set(RULES)


@pytest.mark.parametrize(("name", "case"), all_cases())
def test_no_finding_repeats_what_stands_in_the_file(name: str, case: dict[str, Any]) -> None:
    assert name in RULES
    text = content_of(case).decode("utf-8", "replace")
    words = {cell for line in text.splitlines()[1:] for cell in line.split(",") if len(cell) > 4}
    report = checking.check(offered(case), load_policy())
    said = " ".join(f"{finding.message} {finding.fix}" for finding in report.findings)
    assert not [word for word in words if word in said]
