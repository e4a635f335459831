"""A small population, its store, and a way to run the engine without a box, for the data room's tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tre.data.catalogue import Catalogue, load_catalogue
from tre.data.engine import run as engine
from tre.data.extract import EngineRequest, request_for_aggregate, request_for_extract
from tre.data.ingest import StoreVersion, ingest
from tre.data.pseudonyms import Key, Role, studies_key
from tre.data.store import Store, open_store
from tre.data.synth import synthesise

PATIENTS = 1500
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SITE = Key(Role.SITE, 1, "", bytes(range(32)))


@dataclass(frozen=True)
class Answer:
    """What an engine left behind: its exit code, what it printed, its report, and its output folder."""

    code: int
    printed: bytes
    report: Mapping[str, Any]
    out: Path

    def rows(self, path: str) -> list[tuple[Any, ...]]:
        if path.endswith(".arrow"):
            with pa.ipc.open_file(pa.BufferReader((self.out / path).read_bytes())) as file:
                return [tuple(row.values()) for row in file.read_all().to_pylist()]
        with duckdb.connect(":memory:") as connection:
            return connection.execute(f"FROM '{self.out / path}'").fetchall()


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def supply(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("supply") / "supply.duckdb"
    synthesise(path, patients=PATIENTS, seed=11)
    return path


@pytest.fixture(scope="session")
def built(supply: Path, tmp_path_factory: pytest.TempPathFactory) -> StoreVersion:
    store_dir = tmp_path_factory.mktemp("site") / "store"
    return ingest(supply, store_dir, key=SITE, backend="tpp", at=AT)


@pytest.fixture(scope="session")
def store(built: StoreVersion) -> Store:
    return open_store(built.folder.parent.parent)


@pytest.fixture(scope="session")
def studies() -> Key:
    return studies_key(SITE, "tpp")


def run_engine(
    request: EngineRequest, folder: Path, change: Mapping[str, Any] | None = None, *, apart: bool = True
) -> Answer:
    """Run the engine as a plain process, with the box's paths replaced by this machine's.

    Not `apart`, it is called in this process, which is quicker and can be waited for.
    """
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    content = json.loads(request.code["query.json"]) | {"out": str(out)} | dict(change or {})
    real = {bound.target: str(bound.source) for bound in request.inputs}
    for table in content["tables"].values():
        table["files"] = [real.get(file, file) for file in table["files"]]
    if content["absent"] is not None:
        bound = real.get(content["absent"]["file"], str(folder / "code" / "absent.txt"))
        content["absent"]["file"] = bound
    code = folder / "code"
    for name, module in request.code.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_bytes(module)
    (code / "query.json").write_text(json.dumps(content), "utf-8")
    code_out, printed = _run_apart(code) if apart else (engine.main([str(code / "query.json")]), b"")
    report_path = out / "engine.json"
    report = json.loads(report_path.read_text("utf-8")) if report_path.exists() else {}
    return Answer(code_out, printed, report, out)


def _run_apart(code: Path) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, "-I", str(code), str(code / "query.json")],
        capture_output=True,
        check=False,
        cwd=code,
        env={"PATH": os.environ["PATH"]},
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def ask(store: Store, catalogue: Catalogue, tmp_path: Path) -> Ask:
    """Ask the store an aggregate, as if the guard were not there."""

    def asked(sql: str, *, tables: Mapping[str, list[str]], columns: list[str], **options: Any) -> Answer:
        change = options.pop("change", None)
        apart = options.pop("apart", True)
        request = request_for_aggregate(
            store,
            catalogue,
            sql=sql,
            counting=options.pop("counting", None),
            columns=options.pop("roles", dict.fromkeys(columns, "other")),
            parameters=options.pop("parameters", {}),
            tables=tables,
            output=options.pop("output", "answer.csv"),
            **options,
        )
        return run_engine(request, tmp_path, change, apart=apart)

    return asked


@pytest.fixture
def ask_extract(store: Store, catalogue: Catalogue, studies: Key, tmp_path: Path) -> Ask:
    """Ask the store for an extract, as if the guard were not there."""

    def asked(sql: str, *, tables: Mapping[str, list[str]], columns: list[str], **options: Any) -> Answer:
        study = options.pop("study", "study-a")
        change = options.pop("change", None)
        apart = options.pop("apart", True)
        request = request_for_extract(
            store,
            catalogue,
            sql=sql,
            columns=columns,
            parameters={},
            tables=tables,
            output=options.pop("output", "extract.csv"),
            studies=studies,
            study=study,
            **options,
        )
        return run_engine(request, tmp_path / study, change, apart=apart)

    return asked
