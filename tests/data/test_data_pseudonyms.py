"""Keys are private, apart from the data, and of one use each; pseudonyms are stable within a study and nothing between two [P2]."""

import hashlib
import hmac
import uuid

import pytest

from tre.data.errors import KeyRefused
from tre.data.pseudonyms import (
    Key,
    Role,
    backend_key,
    create_key,
    load_key,
    nhs_number_hasher,
    pseudonym,
    save_key,
    studies_key,
    study_hasher,
    study_key,
    study_pseudonym,
    valid_nhs_number,
)

SITE = Key(Role.SITE, 1, "", bytes(range(32)))
NUMBER = "9990000018"


def test_a_pseudonym_is_the_keyed_hash_under_its_version():
    key = backend_key(SITE, "tpp")
    expected = hmac.new(key.secret, b"tre/nhs-number/1:" + NUMBER.encode(), hashlib.sha256).digest()
    made = uuid.UUID(pseudonym(key, NUMBER)).bytes
    assert made == bytes([1]) + expected[:15]


def test_spaces_do_not_change_a_person_and_a_digit_does():
    key = backend_key(SITE, "tpp")
    assert pseudonym(key, "999 000 0018") == pseudonym(key, NUMBER)
    with pytest.raises(ValueError, match=r"^not an NHS number$"):
        pseudonym(key, "9990000019")


def test_two_backends_two_studies_and_two_versions_never_agree():
    rotated = Key(Role.SITE, 2, "", bytes(32))
    people = {
        pseudonym(backend_key(SITE, "tpp"), NUMBER),
        pseudonym(backend_key(SITE, "emis"), NUMBER),
        pseudonym(backend_key(rotated, "tpp"), NUMBER),
    }
    inside = pseudonym(backend_key(SITE, "tpp"), NUMBER)
    people |= {study_pseudonym(study_key(studies_key(SITE, "tpp"), study), inside) for study in ("a", "b")}
    assert len(people) == 5
    assert study_pseudonym(study_key(studies_key(SITE, "tpp"), "a"), inside) in people


def test_the_studies_key_makes_no_pseudonym_of_an_nhs_number():
    for key in (SITE, studies_key(SITE, "tpp"), study_key(studies_key(SITE, "tpp"), "a")):
        with pytest.raises(KeyRefused) as refused:
            nhs_number_hasher(key)
        assert refused.value.code == "key-role"
    for key in (SITE, backend_key(SITE, "tpp"), studies_key(SITE, "tpp")):
        with pytest.raises(KeyRefused):
            study_hasher(key)
    with pytest.raises(KeyRefused):
        backend_key(backend_key(SITE, "tpp"), "emis")


def test_a_key_is_written_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "site.key"
    made = create_key(path, bytes(range(32)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == made
    with pytest.raises(KeyRefused) as refused:
        create_key(path, bytes(32))
    assert refused.value.code == "key-exists"
    assert load_key(path) == made


def test_a_derived_key_comes_back_with_its_scope(tmp_path):
    key = studies_key(SITE, "tpp")
    save_key(key, tmp_path / "studies.key")
    assert load_key(tmp_path / "studies.key") == key


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_key_that_others_may_read_or_write_is_refused(tmp_path, mode):
    path = tmp_path / "site.key"
    create_key(path, bytes(32))
    path.chmod(mode)
    with pytest.raises(KeyRefused) as refused:
        load_key(path)
    assert refused.value.code == "key-exposed"
    assert "chmod 600" in refused.value.fix


def test_a_key_within_the_store_is_refused_when_made_and_when_read(tmp_path):
    store = tmp_path / "store"
    (store / "versions").mkdir(parents=True)
    with pytest.raises(KeyRefused) as refused:
        create_key(store / "versions" / "k", bytes(32), outside=[store])
    assert refused.value.code == "key-in-store"
    create_key(store / "k", bytes(32))
    around = tmp_path / "around"
    around.symlink_to(store)
    for path in (store / "k", around / "k"):
        with pytest.raises(KeyRefused) as refused:
            load_key(path, outside=[store])
        assert refused.value.code == "key-in-store"


def test_a_link_a_folder_and_a_missing_key_are_refused(tmp_path):
    create_key(tmp_path / "real", bytes(32))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name, code in (("link", "key-missing"), ("nothing", "key-missing"), (".", "key-not-a-file")):
        with pytest.raises(KeyRefused) as refused:
            load_key(tmp_path / name)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '"x"',
        '{"format": "tre-key-1", "role": "site", "version": 1, "scope": "", "secret": "00"}',
        '{"format": "tre-key-2", "role": "site", "version": 1, "scope": "", "secret": "' + "00" * 32 + '"}',
        '{"format": "tre-key-1", "role": "site", "version": 0, "scope": "", "secret": "' + "00" * 32 + '"}',
        '{"format": "tre-key-1", "role": "site", "version": 1, "scope": "", "x": 1, "secret": "'
        + "00" * 32
        + '"}',
    ],
)
def test_a_file_that_is_not_a_key_is_refused(tmp_path, content):
    path = tmp_path / "site.key"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(KeyRefused) as refused:
        load_key(path)
    assert refused.value.code == "key-malformed"


def test_a_key_does_not_show_its_secret():
    key = Key(Role.SITE, 1, "", b"\xabsecret-secret-secret-secret-32b")
    hasher = nhs_number_hasher(backend_key(key, "tpp"))
    assert "secret" not in repr(key).replace("role", "")
    assert "inner" not in repr(hasher)
    assert key.secret.hex() not in key.fingerprint


@pytest.mark.parametrize("digits", ["9434765919", "9990000018", "4505577104", "5990128088"])
def test_valid_numbers_are_valid(digits):
    assert valid_nhs_number(digits)


@pytest.mark.parametrize("digits", ["9434765918", "999000001", "99900000180", "", "abcdefghij", "٠١٢٣٤٥٦٧٨٩"])
def test_other_numbers_are_not(digits):
    assert not valid_nhs_number(digits)
