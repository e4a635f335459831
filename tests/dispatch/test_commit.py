"""[P13] Code from a git commit: the honest one comes whole and by its name; a hostile repository runs nothing and gets nothing by."""

import os
import subprocess
from pathlib import Path

import pytest

from tre.dispatch import commit as room
from tre.dispatch.commit import from_clone, from_commit
from tre.dispatch.errors import DispatchError

FILES = {"project.yaml": "version: '5.0'\n", "analysis/a.py": "print(1)\n"}
WHO = ("-c", "user.name=Ada", "-c", "user.email=Ada@Example.org")


class Repository:
    """A repository that somebody has elsewhere."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)
        self.git("init", "--quiet", "-b", "main")

    def git(self, *words: str, told: bytes | None = None) -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *WHO, *words],
            cwd=self.place,
            input=told,
            capture_output=True,
            check=True,
            env=environment,
        )
        return done.stdout.decode().strip()

    def committed(self, files: dict[str, str | bytes], message: str = "One.") -> str:
        for path, content in files.items():
            (self.place / path).parent.mkdir(parents=True, exist_ok=True)
            (self.place / path).write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--no-verify", "-m", message)
        return self.git("rev-parse", "HEAD")

    def of_tree(self, listing: str) -> str:
        """A commit of a tree that no work folder could hold."""
        tree = self.git("mktree", told=listing.encode())
        return self.git("commit-tree", tree, "-m", "Two.")

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", told=content)

    @property
    def address(self) -> str:
        return f"file://{self.place}"


@pytest.fixture
def theirs(tmp_path) -> Repository:
    return Repository(tmp_path / "places" / "study")


def fetched(repository: Repository, commit: str):
    return from_commit(repository.address, commit, (f"file://{repository.place.parent}/",))


def refused(repository: Repository, commit: str, why: str) -> None:
    with pytest.raises(DispatchError, match=why):
        fetched(repository, commit)


def test_a_commit_comes_whole_with_its_name_and_its_writers(theirs) -> None:
    commit = theirs.committed(FILES, "One.\n\nCo-authored-by: Ben <ben@example.org>")
    theirs.committed({"analysis/a.py": "print(2)\n"})
    found = fetched(theirs, commit)
    assert found.code.files == {path: text.encode() for path, text in FILES.items()}
    assert (found.commit, found.writers) == (commit, {"ada@example.org", "ben@example.org"})


def test_a_clone_on_this_machine_gives_what_is_committed_and_nothing_else(theirs) -> None:
    commit = theirs.committed(FILES)
    (theirs.place / "analysis" / "a.py").write_text("print('not committed')\n")
    (theirs.place / "new.py").write_text("")
    found = from_clone(theirs.place, "HEAD")
    assert (found.commit, sorted(found.code.files)) == (commit, sorted(FILES))
    assert found.code.files["analysis/a.py"] == b"print(1)\n"
    with pytest.raises(DispatchError, match="could not be fetched"):
        from_clone(theirs.place, "--upload-pack=touch /tmp/x")


def test_what_a_run_would_write_and_hidden_files_stay_behind(theirs) -> None:
    commit = theirs.committed(FILES | {"output/a.csv": "1", ".github/x.yml": "", "a/__pycache__/x.pyc": ""})
    assert sorted(fetched(theirs, commit).code.files) == sorted(FILES)


def test_no_filter_hook_attribute_or_setting_of_a_repository_runs(theirs, tmp_path) -> None:
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {ran}\ncat\n"
    attributes = "* filter=evil diff=evil merge=evil ident\n*.py text eol=crlf working-tree-encoding=UTF-16\n"
    theirs.committed(FILES)
    (theirs.place / ".gitattributes").write_text(attributes)
    theirs.git("add", ".gitattributes")
    theirs.git("commit", "--quiet", "-m", "Two.")
    commit = theirs.git("rev-parse", "HEAD")
    for hook in (
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "pre-receive",
        "fsmonitor-watchman",
        "post-index-change",
    ):
        place = theirs.place / ".git" / "hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(script)
        place.chmod(0o755)
    for name in (
        "filter.evil.smudge", "filter.evil.process", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.sshCommand",
        "core.pager", "uploadpack.packObjectsHook", "core.alternateRefsCommand", "alias.fetch", "gpg.program",
    ):  # fmt: skip
        theirs.git("config", name, str(theirs.place / ".git" / "hooks" / "post-merge"))
    found = fetched(theirs, commit)
    from_clone(theirs.place, commit)
    assert found.code.files["analysis/a.py"] == b"print(1)\n"
    assert not ran.exists()


def test_nobodys_configuration_counts(theirs, tmp_path, monkeypatch) -> None:
    ran, home = tmp_path / "ran", tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[core]\n\tsshCommand = touch {ran}\n[uploadpack]\n\tpackObjectsHook = touch {ran};\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "uploadpack.packObjectsHook")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"touch {ran};")
    assert fetched(theirs, theirs.committed(FILES)).code.files
    assert not ran.exists()


def test_links_are_refused(theirs) -> None:
    (theirs.place / "secret").symlink_to("/etc/passwd")
    refused(theirs, theirs.committed(FILES), "a link")


def test_a_submodule_is_refused_and_never_fetched(theirs, tmp_path) -> None:
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {tmp_path}/ran"\n'
    theirs.committed(FILES | {".gitmodules": modules})
    listing = theirs.git("ls-tree", "HEAD") + f"\n160000 commit {'a' * 40}\tx\n"
    refused(theirs, theirs.of_tree(listing), "submodule|could not be fetched")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["..", ".git", "a b\nc", "é", "-x"])
def test_a_name_that_leaves_or_is_odd_is_refused(theirs, name: str) -> None:
    entry = b"100644 " + name.encode() + b"\0" + bytes.fromhex(theirs.blob(b"x"))
    tree = theirs.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", told=entry)
    refused(theirs, theirs.git("commit-tree", tree, "-m", "x"), "unusual characters|could not be fetched")


def test_a_tree_of_trees_that_unfolds_without_end_is_stopped(theirs) -> None:
    tree = theirs.git("mktree", told=f"100644 blob {theirs.blob(b'x')}\ta\n".encode())
    for _ in range(10):
        tree = theirs.git("mktree", told="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)).encode())
    refused(theirs, theirs.git("commit-tree", tree, "-m", "x"), "at most 2000 files")


def test_a_small_pack_that_unfolds_to_a_giant_is_refused_before_it_is_read(theirs) -> None:
    refused(
        theirs, theirs.committed({"big.txt": b"\0" * (room.MOST_BYTES + 1)}), "at most 2000 files and 32 MiB"
    )


def test_a_pack_larger_than_is_taken_is_stopped_on_the_way(theirs, monkeypatch) -> None:
    monkeypatch.setattr(room, "MOST_PACKED", 64 * 1024)
    refused(theirs, theirs.committed({"noise.bin": os.urandom(1 << 20)}), "could not be fetched")


def test_an_object_that_is_not_what_its_name_says_is_found(theirs) -> None:
    commit = theirs.committed(FILES)
    blob = theirs.git("rev-parse", "HEAD:analysis/a.py")
    other = theirs.blob(b"print('other')\n")
    objects = theirs.place / ".git" / "objects"
    place = objects / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes((objects / other[:2] / other[2:]).read_bytes())
    refused(theirs, commit, "could not be fetched")


@pytest.mark.parametrize("commit", ["HEAD", "main", "a" * 39, "A" * 40, "--upload-pack=x", "a" * 64, ""])
def test_a_commit_is_named_by_all_of_its_digits(theirs, commit: str) -> None:
    theirs.committed(FILES)
    refused(theirs, commit, "40 of its digits")


def test_a_commit_that_is_not_there_is_refused(theirs) -> None:
    theirs.committed(FILES)
    refused(theirs, "a" * 40, "could not be fetched")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/study",
        "https://code.example.evil/ours/study",
        "https://code.example/ours/../theirs/study",
        "https://code.example/ours//study",
        "https://user@code.example/ours/study",
        "http://code.example/ours/study",
        "ext::sh -c touch% /tmp/x",
        "ssh://code.example/ours/study",
        "file:///etc",
        "--upload-pack=touch /tmp/x",
        "https://code.example/ours/a b",
        "",
    ],
)
def test_an_address_that_the_site_does_not_name_is_never_asked(address: str, monkeypatch) -> None:
    monkeypatch.setattr(room, "_Git", None)
    with pytest.raises(DispatchError, match="not at a place"):
        from_commit(address, "a" * 40, ("https://code.example/ours/", "https://code.example/no-slash"))


def test_a_place_without_its_slash_allows_nothing() -> None:
    with pytest.raises(DispatchError, match="not at a place"):
        from_commit("https://code.example/no-slash-at-all", "a" * 40, ("https://code.example/no-slash",))
