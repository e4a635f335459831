"""The canaries: a store of made-up people for the maintainers' health job, with two things planted that must be found.

One cell of the obvious table, region by sex, holds exactly three people, and every other holds more than seven; and one
registration carries a value with the shape of an NHS number, where a region should be. A platform that lets either out is
not healthy. The planted number lies in the range reserved for tests and belongs to nobody.

It refuses to hold a real person: its people are synthesised here, and it is built nowhere near a supply.
"""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tre.data.errors import DataRefused
from tre.data.ingest import ingest, sign_manifest
from tre.data.keys import SiteKey
from tre.data.publish import publish, staging_in, take_up
from tre.data.store import CURRENT, MANIFEST, Check, Partition, Store, canonical, file_digest, open_store
from tre.data.synth import synthesise

BACKEND = "canary"
PATIENTS = 600
SEED = 20200323
SMALL_REGION = "London"
SMALL_SEX = "intersex"
SMALL_NUMBER = 3
OPTED_OUT_SEX = "unknown"
"""What those who have opted out carry, and nobody else: one who is seen is known by it."""
PLANTED_IDENTIFIER = "9990000018"
PLANTED_TABLE = "practice_registrations"
PLANTED_COLUMN = "practice_nuts1_region_name"


def build_canary(store_dir: Path, *, key: SiteKey, at: datetime) -> Store:
    """The canary store of this month: the one that is there, or a new one.

    Raises:
        KeyRefused: the key is not a site's.
    """
    standing = _standing(store_dir, at)
    if standing is not None:
        return standing
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, staging_in(store_dir) as staging:
        take_up(staging, "canaries begin anew")
        supply, aside = Path(folder) / "supply.duckdb", Path(folder) / "store"
        synthesise(supply, patients=PATIENTS, seed=SEED, opt_outs_as_of=at.date(), events_per_patient=5)
        _plant_small_number(supply)
        ingest(supply, aside, key=key, backend=BACKEND, at=at)
        manifest = _copied_with_identifier(open_store(aside), staging)
        publish(store_dir, staging, manifest, signature=sign_manifest(key, BACKEND, manifest))
    return open_store(store_dir)


def _standing(store_dir: Path, at: datetime) -> Store | None:
    if not (store_dir / CURRENT).exists():
        return None
    try:
        store = open_store(store_dir, check=Check.BYTES)
    except DataRefused:
        # Altered canaries are worth nothing, and nobody's: they are made again.
        return None
    same_month = (store.built_at.year, store.built_at.month) == (at.year, at.month)
    return store if same_month and store.backend == BACKEND else None


def _plant_small_number(supply: Path) -> None:
    """Leave two sexes everywhere but for three people of one region, none of whom has opted out; and mark those who have."""
    with duckdb.connect(str(supply)) as connection:
        connection.execute("UPDATE person_record SET sex = 'female' WHERE sex NOT IN ('female', 'male')")
        connection.execute(
            """
            UPDATE person_record SET sex = $sex WHERE nhs_number IN (
                SELECT nhs_number FROM person_record WHERE nhs_region = $region
                AND nhs_number NOT IN (SELECT nhs_number FROM type_1_opt_out) ORDER BY nhs_number LIMIT $people)
            """,
            {"sex": SMALL_SEX, "region": SMALL_REGION, "people": SMALL_NUMBER},
        )
        connection.execute(
            "UPDATE person_record SET sex = $sex WHERE nhs_number IN (SELECT nhs_number FROM type_1_opt_out)",
            {"sex": OPTED_OUT_SEX},
        )


def _copied_with_identifier(built: Store, staging: Path) -> dict[str, Any]:
    """Copy a store's files into `staging` with the identifier in one row, which no ingest would let in; their manifest."""
    manifest: dict[str, Any] = built.manifest
    for partition in manifest["files"].values():
        for told in partition.values():
            path = staging / told["file"]
            path.write_bytes((built.root / told["file"]).read_bytes())
            if PLANTED_TABLE in told["rows"] and partition is manifest["files"][Partition.MAIN]:
                path.chmod(0o644)
                _plant_identifier(path)
            path.chmod(0o444)
            told |= {"bytes": path.stat().st_size, "sha256": file_digest(path)}
    (staging / MANIFEST).write_bytes(canonical(manifest))
    return manifest


def _plant_identifier(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"UPDATE {PLANTED_TABLE} SET {PLANTED_COLUMN} = ? "  # noqa: S608 - our own names
            f"WHERE patient_id = (SELECT min(patient_id) FROM {PLANTED_TABLE})",
            [PLANTED_IDENTIFIER],
        )
        connection.execute("CHECKPOINT")
