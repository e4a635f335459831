"""What the documents name is there: links, files and folders."""

import re
from pathlib import Path

import pytest

from scripts.commands_page import commands
from scripts.source import REPOSITORY, tracked_files

LINK = re.compile(r"\[[^\]]*\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]+)?\)")
NAMED = re.compile(
    r"`((?:tre|job_specs|sandboxes|output_checks|tests|scripts|docs|requirements|benchmarks)/[\w./-]*)(?:::(\w+))?`"
)
COMMAND = re.compile(r"(?<![\w./-])tre(?: --\w+ \w+)* ([a-z]+(?: [a-z][a-z-]*)?)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ALONE = {name for name in commands() if " " not in name}
DOCUMENTS = sorted(path for path in tracked_files() if path.suffix == ".md")


def anchors(document: Path) -> set[str]:
    """Headings as a page names them: lower case, words joined by hyphens, other signs dropped."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}


def broken_links(document: Path) -> list[str]:
    broken = []
    for target, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        page = (document.parent / target).resolve() if target else document
        if not page.exists() or (anchor and anchor[1:] not in anchors(page)):
            broken.append(target + anchor)
    return broken


def missing_files(document: Path) -> list[str]:
    named = NAMED.findall(document.read_text(encoding="utf-8"))
    return [f"{name} {test}".strip() for name, test in named if not is_there(REPOSITORY / name, test)]


def is_there(path: Path, test: str) -> bool:
    """Whether a file exists, and a test that is named within it."""
    return path.exists() and (not test or f"def {test}(" in path.read_text(encoding="utf-8"))


def unknown_commands(document: Path) -> list[str]:
    """Commands that a page shows in code and `tre` does not have."""
    known = {" ".join(name.split()[:words]) for name in commands() for words in (1, 2, 3)}
    shown = COMMAND.findall("\n".join(CODE.findall(document.read_text(encoding="utf-8"))))
    return [words for words in shown if words not in known and words.split()[0] not in ALONE]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_a_document_links_and_names_only_what_is_there(document: Path) -> None:
    assert not broken_links(document)
    assert not missing_files(document)
    assert not unknown_commands(document)


def test_there_are_documents_to_read() -> None:
    assert {"README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= {
        path.name for path in DOCUMENTS
    }


def test_a_broken_link_and_a_missing_file_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](page.md#one) [b](gone.md) [c](#two) [d](https://x.y) `tre/nowhere.py` `tre/` `tests/conftest.py::test_x`",
        encoding="utf-8",
    )
    assert broken_links(page) == ["gone.md", "#two"]
    assert missing_files(page) == ["tre/nowhere.py", "tests/conftest.py test_x"]


def test_a_command_that_is_not_there_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`tre --as rosa job fly` `tre job show REQUEST` tre is good ```\ntre vote now\n```", encoding="utf-8"
    )
    assert unknown_commands(page) == ["job fly", "vote now"]
