"""Keys rotate, retire, go into escrow and come from a vault; a store is read with the keys it was built with [P2]."""

import json
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from tests.data.conftest import AT
from tre.data.errors import KeyRefused, StoreUnavailable
from tre.data.ingest import apply_opt_outs, ingest
from tre.data.keyring import KeyRing
from tre.data.keys import (
    escrow_bytes,
    join_key,
    make_keys,
    open_backend_key,
    open_site_key,
    retire,
    rotate,
    split_key,
)
from tre.data.optouts import Kind, OptOutList
from tre.data.store import SIGNATURE, open_store


@pytest.fixture
def rings(tmp_path):
    site = KeyRing(tmp_path / "keys")
    site.folder.mkdir(mode=0o700)
    backends = {name: KeyRing(tmp_path / "keys" / name) for name in ("tpp", "emis")}
    make_keys(site, backends, bytes(range(32)), outside=(tmp_path / "backends",))
    return site, backends


def people(store):
    import duckdb  # noqa: PLC0415 - the test's own look inside

    with duckdb.connect(str(store.files["core"]), read_only=True) as connection:
        return {str(row[0]) for row in connection.execute("SELECT patient_id FROM patients").fetchall()}


def test_the_two_backends_have_keys_of_their_own_that_only_their_owner_reads(rings):
    site, backends = rings
    contents = set()
    for ring in (site, *backends.values()):
        for path in ring.folder.glob("*.key"):
            assert path.stat().st_mode & 0o077 == 0
            contents.add(json.loads(path.read_text())["secret"])
    assert len(contents) == 5
    with pytest.raises(KeyRefused):
        open_backend_key(backends["tpp"], "emis", outside=())


def test_a_rotation_gives_everybody_new_pseudonyms_at_the_next_build_and_not_before(rings, supply, tmp_path):
    site, backends = rings
    ring, place = backends["tpp"], tmp_path / "backends" / "store"
    old_key = open_backend_key(ring, "tpp", outside=(place,))
    ingest(supply, place, key=old_key, backend="tpp", at=AT)
    first = open_store(place, signers=ring.signers())
    assert rotate(site, backends, bytes(range(1, 33)), outside=(place,)) == 2
    standing = open_store(place, signers=ring.signers())
    assert (standing.version, standing.key_version) == (first.version, 1)
    assert ring.studies(standing.key_version).is_file(), (
        "a study's extracts go on agreeing until the next build"
    )
    before = people(first)
    with pytest.raises(KeyRefused) as refused:
        retire(ring, 1, built_with=1)
    assert refused.value.code == "key-in-use"
    new_key = open_backend_key(ring, "tpp", outside=(place,))
    ingest(supply, place, key=new_key, backend="tpp", at=AT)
    second = open_store(place, signers=ring.signers())
    assert second.key_version == 2
    assert not before & people(second)
    assert all(pseudonym.startswith("02") for pseudonym in people(second))
    retire(ring, 1, built_with=second.key_version)
    assert ring.versions == (2,)
    assert not ring.backend(1).exists()


def test_a_list_applied_after_a_rotation_uses_the_key_that_built_the_store(rings, supply, tmp_path):
    site, backends = rings
    ring, place = backends["tpp"], tmp_path / "backends" / "store"
    ingest(supply, place, key=open_backend_key(ring, "tpp", outside=()), backend="tpp", at=AT)
    rotate(site, backends, bytes(range(1, 33)), outside=())
    listed = OptOutList("tpp", Kind.TYPE_1, AT.date(), frozenset({"9990000018"}))
    with pytest.raises(KeyRefused):
        apply_opt_outs(place, listed, key=open_backend_key(ring, "tpp", outside=()))
    applied = apply_opt_outs(place, listed, key=open_backend_key(ring, "tpp", outside=(), version=1))
    assert applied.absent.read_text().startswith("01")


@pytest.mark.parametrize("harm", ["another key", "no signature", "garbage"])
def test_a_store_that_the_backends_key_did_not_sign_is_not_opened(rings, supply, tmp_path, harm):
    _, backends = rings
    place = tmp_path / "store"
    name = "emis" if harm == "another key" else "tpp"
    key = open_backend_key(backends[name], name, outside=())
    built = ingest(supply, place, key=key, backend=name, at=AT)
    signers = backends["tpp"].signers()
    if harm != "another key":
        open_store(place, signers=signers)
        path = built.folder / SIGNATURE
        path.chmod(0o644)
        built.folder.chmod(0o755)
        path.unlink() if harm == "no signature" else path.write_text("00" * 64)
    with pytest.raises(StoreUnavailable) as refused:
        open_store(place, signers=signers)
    assert refused.value.code == "store-unsigned"


def test_a_key_goes_into_escrow_and_any_two_people_bring_it_back(rings, tmp_path):
    _, backends = rings
    key = backends["tpp"].backend(1)
    parts = split_key(key, bytes(range(200))[: escrow_bytes(key)].ljust(escrow_bytes(key), b"r"), outside=())
    secret = json.loads(key.read_text())["secret"]
    assert all(secret not in part for part in parts)
    for number, two in enumerate(((0, 1), (0, 2), (2, 1))):
        back = tmp_path / f"back-{number}.key"
        join_key([parts[place] for place in two], back, outside=())
        assert json.loads(back.read_text()) == json.loads(key.read_text())
        assert back.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyRefused):
        join_key([parts[0]], tmp_path / "alone.key", outside=())
    with pytest.raises(KeyRefused):
        join_key(parts[:2], tmp_path / "back-0.key", outside=())


def test_a_ring_without_keys_says_so(tmp_path):
    with pytest.raises(KeyRefused) as refused:
        open_site_key(KeyRing(tmp_path), outside=())
    assert refused.value.code == "key-missing"


@contextmanager
def vault(socket: Path, answers):
    """A vault on a socket: what it is asked is kept, and it answers as it is told."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["X-Vault-Token"]))
            status, body = answers(self.path, self.headers["X-Vault-Token"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        def address_string(self):
            return "socket"

    with UnixStreamServer(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield asked
        server.shutdown()
        thread.join()


def test_a_key_may_come_from_a_vault_and_lie_on_no_disk(rings, supply, tmp_path):
    _, backends = rings
    held = backends["tpp"].backend(1).read_text()
    expected = open_backend_key(backends["tpp"], "tpp", outside=()).fingerprint
    shutil.rmtree(tmp_path / "keys")
    (tmp_path / "token").write_text("s.token\n")

    def answers(_path, token):
        if token != "s.token":  # noqa: S105 - a test's own
            return 403, b"{}"
        return 200, json.dumps({"data": {"data": json.loads(held)}}).encode()

    provider = f"vault+unix:{tmp_path / 'v.sock'}?path=secret/data/tre/tpp&token={tmp_path / 'token'}"
    with vault(tmp_path / "v.sock", answers) as asked:
        key = open_backend_key(KeyRing(tmp_path / "keys"), "tpp", outside=(), provider=provider)
        assert asked == [("/v1/secret/data/tre/tpp", "s.token")]
        assert key.fingerprint == expected
        ingest(supply, tmp_path / "store", key=key, backend="tpp", at=AT)
        (tmp_path / "token").write_text("s.stolen")
        with pytest.raises(KeyRefused) as refused:
            open_backend_key(KeyRing(tmp_path / "keys"), "tpp", outside=(), provider=provider)
        assert "403" in refused.value.sentence
    secret = json.loads(held)["secret"].encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"data": {"data": {"format": "tre-key-1"}}}', b"not json"])
def test_a_vault_that_answers_nonsense_gives_no_key_and_is_not_quoted(tmp_path, body):
    (tmp_path / "token").write_text("t")
    provider = f"vault+unix:{tmp_path / 'v.sock'}?path=k&token={tmp_path / 'token'}"
    with vault(tmp_path / "v.sock", lambda *_: (200, body)), pytest.raises(KeyRefused) as refused:
        open_backend_key(KeyRing(tmp_path), "tpp", outside=(), provider=provider)
    assert "tre-key-1" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "vault+unix://host/sock?path=k&token=t",
        "vault+unix:/s?path=k",
        "vault+unix:/s?token=t",
        "vault+unix:/s?path=k&token=t&more=x",
    ],
)
def test_an_address_that_is_not_of_this_machine_or_not_whole_is_refused(tmp_path, address):
    with pytest.raises(KeyRefused) as refused:
        open_backend_key(KeyRing(tmp_path), "tpp", outside=(), provider=address)
    assert refused.value.code == "key-provider"
