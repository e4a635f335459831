"""[P13] A checkpoint is a key's word that the ledger was so; kept elsewhere, it cannot be unsaid."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.records.examples import KEY, NOW
from tre.records.checkpoint import FILE, Checkpoint, CheckpointLog, parse, sign, spell
from tre.records.envelope import GENESIS
from tre.records.errors import CheckpointRefused, KeyRefused
from tre.records.keys import SigningKey, create_key, load_key, load_public_key, public_path

TRUSTED = (KEY.public,)
EVE = SigningKey.from_seed(b"e" * 32)
SIGNED = sign(7, "a" * 64, at=NOW, key=KEY)


def line_with(**changes: Any) -> str:
    return json.dumps(json.loads(spell(SIGNED)) | changes)


def test_a_checkpoint_reads_back_as_it_was_signed() -> None:
    assert parse(spell(SIGNED), TRUSTED) == SIGNED


def test_the_same_words_are_signed_the_same() -> None:
    assert sign(7, "a" * 64, at=NOW, key=KEY) == SIGNED


@pytest.mark.parametrize(
    "changes",
    [
        {"position": 6},
        {"hash": "b" * 64},
        {"at": "2024-03-01T09:30:00.000001Z"},
        {"key": EVE.public.id},
        {"signature": "0" * 128},
        {"signature": "no hexadecimal"},
        {"signature": ""},
    ],
)
def test_a_changed_checkpoint_proves_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointRefused, match="checkpoint-not-signed"):
        parse(line_with(**changes), TRUSTED)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "null",
        "nonsense",
        '{"position": 1}',
        line_with(extra=1),
        line_with(position="7"),
        line_with(position=True),
    ],
)
def test_what_is_no_checkpoint_is_not_read_as_one(line: str) -> None:
    with pytest.raises(CheckpointRefused, match="checkpoint-damaged"):
        parse(line, TRUSTED)


def test_a_checkpoint_of_a_stranger_proves_nothing() -> None:
    theirs = spell(sign(7, "a" * 64, at=NOW, key=EVE))
    with pytest.raises(CheckpointRefused):
        parse(theirs, TRUSTED)
    assert parse(theirs, (KEY.public, EVE.public)).position == 7


def test_a_signature_made_for_another_purpose_is_no_checkpoint() -> None:
    fields = {name: json.loads(spell(SIGNED))[name] for name in ("position", "hash", "at", "key")}
    message = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert KEY.public.verifies(SIGNED.signature, message, purpose="ledger-checkpoint/1")
    forged = KEY.sign(message, purpose="release-statement/1")
    with pytest.raises(CheckpointRefused):
        parse(line_with(signature=forged), TRUSTED)


class TestTheLog:
    def later(self, position: int) -> Checkpoint:
        return sign(position, f"{position:064x}", at=NOW + timedelta(days=position), key=KEY)

    def test_checkpoints_come_back_oldest_first(self, tmp_path: Path) -> None:
        log = CheckpointLog(tmp_path / "elsewhere")
        points = [sign(0, GENESIS, at=NOW, key=KEY), self.later(3), self.later(9)]
        for point in points:
            log.append(point, TRUSTED)
        assert CheckpointLog(tmp_path / "elsewhere").read(TRUSTED) == tuple(points)

    def test_there_are_none_where_none_were_kept(self, tmp_path: Path) -> None:
        assert CheckpointLog(tmp_path).read(TRUSTED) == ()

    def test_the_same_head_may_be_signed_again(self, tmp_path: Path) -> None:
        log = CheckpointLog(tmp_path)
        log.append(SIGNED, TRUSTED)
        log.append(sign(7, "a" * 64, at=NOW + timedelta(days=1), key=KEY), TRUSTED)
        assert [point.position for point in log.read(TRUSTED)] == [7, 7]

    @pytest.mark.parametrize(("position", "digest"), [(6, "a"), (7, "b"), (0, "0")])
    def test_a_head_that_goes_back_on_a_signed_one_is_not_signed(
        self, tmp_path: Path, position: int, digest: str
    ) -> None:
        log = CheckpointLog(tmp_path)
        log.append(SIGNED, TRUSTED)
        with pytest.raises(CheckpointRefused, match="checkpoint-goes-back"):
            log.append(sign(position, digest * 64, at=NOW, key=KEY), TRUSTED)
        assert log.read(TRUSTED) == (SIGNED,)

    def test_a_file_whose_lines_contradict_each_other_is_refused(self, tmp_path: Path) -> None:
        lines = [spell(self.later(9)), spell(self.later(3))]
        (tmp_path / FILE).write_text("\n".join([*lines, ""]))
        with pytest.raises(CheckpointRefused, match="checkpoint-goes-back"):
            CheckpointLog(tmp_path).read(TRUSTED)

    @pytest.mark.parametrize("damage", ["\n", "x\n", "{}\n", "\xff\n"])
    def test_a_damaged_line_is_not_stepped_over(self, tmp_path: Path, damage: str) -> None:
        text = f"{spell(SIGNED)}\n{damage}{spell(self.later(9))}\n"
        (tmp_path / FILE).write_bytes(text.encode("latin-1"))
        for ask in (
            CheckpointLog(tmp_path).read,
            lambda keys: CheckpointLog(tmp_path).append(self.later(10), keys),
        ):
            with pytest.raises(CheckpointRefused, match="checkpoint-damaged"):
                ask(TRUSTED)

    @pytest.mark.parametrize("torn", range(1, 300, 23))
    def test_a_crash_in_the_middle_of_a_line_loses_only_that_line(self, tmp_path: Path, torn: int) -> None:
        whole, half = spell(SIGNED), spell(self.later(9))[:torn]
        (tmp_path / FILE).write_text(f"{whole}\n{half}")
        log = CheckpointLog(tmp_path)
        assert log.read(TRUSTED) == (SIGNED,)
        log.append(self.later(9), TRUSTED)
        assert log.read(TRUSTED) == (SIGNED, self.later(9))


class TestKeyFiles:
    def test_a_key_comes_back_and_signs_the_same(self, tmp_path: Path) -> None:
        made = create_key(tmp_path / "keys" / "site", b"s" * 32)
        loaded = load_key(tmp_path / "keys" / "site")
        assert loaded.sign(b"x", purpose="test") == made.sign(b"x", purpose="test")
        assert load_public_key(public_path(tmp_path / "keys" / "site")) == made.public

    def test_a_key_is_for_its_owner_alone_and_never_printed(self, tmp_path: Path) -> None:
        made = create_key(tmp_path / "site", b"s" * 32)
        assert stat.S_IMODE((tmp_path / "site").stat().st_mode) == 0o600
        assert repr(made) == f"SigningKey({made.public.id})"

    def test_a_key_is_never_written_over(self, tmp_path: Path) -> None:
        create_key(tmp_path / "site", b"s" * 32)
        before = (tmp_path / "site").read_bytes()
        with pytest.raises(KeyRefused, match="key-exists"):
            create_key(tmp_path / "site", b"t" * 32)
        assert (tmp_path / "site").read_bytes() == before

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
    def test_a_key_that_others_could_have_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        create_key(tmp_path / "site", b"s" * 32)
        (tmp_path / "site").chmod(mode)
        with pytest.raises(KeyRefused, match="key-exposed"):
            load_key(tmp_path / "site")

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_a_key_is_made_from_32_bytes(self, tmp_path: Path, length: int) -> None:
        with pytest.raises(KeyRefused, match="key-seed-wrong"):
            create_key(tmp_path / "site", b"s" * length)
        assert not [*tmp_path.iterdir()]

    def test_a_key_that_is_not_there_or_is_a_link_is_refused(self, tmp_path: Path) -> None:
        create_key(tmp_path / "site", b"s" * 32)
        (tmp_path / "link").symlink_to(tmp_path / "site")
        for name in ("absent", "link"):
            with pytest.raises(KeyRefused, match="key-missing"):
                load_key(tmp_path / name)

    def test_what_is_no_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "site").write_text("not a key")
        (tmp_path / "site").chmod(0o600)
        with pytest.raises(KeyRefused, match="key-unreadable"):
            load_key(tmp_path / "site")
        with pytest.raises(KeyRefused, match="key-unreadable"):
            load_public_key(tmp_path / "site")
        with pytest.raises(KeyRefused, match="key-unreadable"):
            load_key(tmp_path)
