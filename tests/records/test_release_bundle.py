"""[P9] [P13] A release proves itself offline: an in-toto statement in a DSSE envelope, checked by us and by a standard tool."""

import base64
import hashlib
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tre.custody.encoding import canonical
from tre.records.bundle import ENVELOPE, PUBLIC_KEY, pack_bundle, read_bundle
from tre.records.dsse import PAYLOAD_TYPE, envelope, open_envelope, pre_authentication
from tre.records.errors import KeyRefused, VaultRefused
from tre.records.keys import SigningKey
from tre.records.seals import verify_release

KEY, OTHER = SigningKey.from_seed(bytes(range(32))), SigningKey.from_seed(bytes(32))
TABLE = b"region,people\nLondon,55\n"


def statement(content: bytes) -> bytes:
    subject = [{"name": "output/table.csv", "digest": {"sha256": hashlib.sha256(content).hexdigest()}}]
    return canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": "urn:tre:release:v1",
            "predicate": {"request": "run-1"},
        }
    )


def release(place: Path, key: SigningKey = KEY) -> Path:
    (place / "output").mkdir(parents=True)
    (place / "output" / "table.csv").write_bytes(TABLE)
    payload = statement(TABLE)
    sealed = envelope(payload, key.sign_encoded(pre_authentication(payload)), key.public.id)
    (place / ENVELOPE).write_bytes(sealed)
    (place / PUBLIC_KEY).write_bytes(key.public.pem)
    return place


def packed(place: Path) -> bytes:
    return pack_bundle(
        {str(each.relative_to(place)): each.read_bytes() for each in place.rglob("*") if each.is_file()}
    )


def test_a_folder_and_its_bundle_verify_offline_with_the_key_alone(tmp_path: Path) -> None:
    place = release(tmp_path / "run-1")
    assert verify_release(place, (KEY.public,)) == {"verified": True, "files": 1, "request": "run-1"}
    (tmp_path / "run-1.zip").write_bytes(packed(place))
    assert verify_release(tmp_path / "run-1.zip", (KEY.public,))["verified"] is True


def test_openssl_verifies_the_signature_with_the_key_that_lies_beside_it(tmp_path: Path) -> None:
    place = release(tmp_path / "run-1")
    body = json.loads((place / ENVELOPE).read_text())
    assert body["payloadType"] == PAYLOAD_TYPE
    payload = base64.b64decode(body["payload"])
    signed, signature = tmp_path / "signed", tmp_path / "signature"
    # As the DSSE specification says it, not as our code does.
    signed.write_bytes(f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload)
    signature.write_bytes(base64.b64decode(body["signatures"][0]["sig"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-rawin", "-inkey", str(place / PUBLIC_KEY)]
    command += ["-in", str(signed), "-sigfile", str(signature)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    signed.write_bytes(signed.read_bytes() + b" ")
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0


@pytest.mark.parametrize("name", ["output/table.csv", ENVELOPE])
def test_one_other_byte_is_found(tmp_path: Path, name: str) -> None:
    place = release(tmp_path / "run-1")
    content = bytearray((place / name).read_bytes())
    content[len(content) // 2] ^= 1
    (place / name).write_bytes(content)
    with pytest.raises(VaultRefused):
        verify_release(place, (KEY.public,))


@pytest.mark.parametrize("name", ["output/table.csv", ENVELOPE])
def test_a_missing_file_is_found(tmp_path: Path, name: str) -> None:
    place = release(tmp_path / "run-1")
    (place / name).unlink()
    with pytest.raises(VaultRefused):
        verify_release(place, (KEY.public,))


def test_another_s_signature_is_not_ours_even_with_its_key_beside_it(tmp_path: Path) -> None:
    place = release(tmp_path / "run-1", OTHER)
    with pytest.raises(VaultRefused):
        verify_release(place, (KEY.public,))


def test_an_envelope_of_another_type_is_not_opened() -> None:
    payload = statement(TABLE)
    body = json.loads(envelope(payload, KEY.sign_encoded(pre_authentication(payload)), "k"))
    assert open_envelope(json.dumps(body).encode(), (KEY.public,)) == payload
    other = body | {"payloadType": "text/plain"}
    assert open_envelope(json.dumps(other).encode(), (KEY.public,)) is None
    for broken in (b"", b"{}", b"[]", b'{"payload": 1}', b"\xff"):
        assert open_envelope(broken, (KEY.public,)) is None


def test_a_checkpoint_s_signature_is_never_a_release_s() -> None:
    with pytest.raises(KeyRefused):
        KEY.sign_encoded(b"tre/checkpoint\0DSSEv1 ")


def test_a_bundle_has_one_spelling_and_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    place = release(tmp_path / "run-1")
    assert packed(place) == packed(place)
    assert read_bundle(packed(place))["output/table.csv"] == TABLE
    with zipfile.ZipFile(tmp_path / "run-1.zip", "w") as bundle:
        bundle.writestr("output/table.csv", TABLE)
    for broken in (b"", b"PK\x03\x04", b"x" * 100):
        with pytest.raises(ValueError, match="bundle"):
            read_bundle(broken)
    with pytest.raises(VaultRefused):
        verify_release(tmp_path / "run-1.zip", (KEY.public,))
