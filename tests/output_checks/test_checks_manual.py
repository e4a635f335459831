"""The manual says what the rules do, because it is made from them."""

from pathlib import Path

import output_checks
from output_checks.check import CHECKS
from output_checks.manual import manual

WRITTEN = Path(output_checks.__file__).with_name("MANUAL.md")


def test_the_manual_is_up_to_date() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == manual(), (
        "python -m output_checks manual > output_checks/MANUAL.md"
    )


def test_every_rule_has_a_section_that_says_what_it_stops() -> None:
    text = manual()
    for rule in CHECKS:
        assert f"## {rule.name} [{rule.promise}]" in text
    assert text.count("- Stopped: ") == len(CHECKS)
