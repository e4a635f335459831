"""A chain of 57 actions that do nothing, and a job of one, beside the same programs started by hand with `docker run`.

57 is the longest chain in the published study booster-effectiveness-autumn-2022. Ours is the whole way: claimed on the
ledger, laid out, walled in, compared, run, collected, hashed, kept, appended, and the next one handed what it needs. By
hand is one bare container after another, with nothing of ours. Refuses to count a chain that did not land whole.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.torture.stand import begin
from tre.cli.house import House
from tre.custody.requests import RequestStage
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.main import HOME, Hands
from tre.service import By
from tre.worker import Worker

LINKS, CHAIN_BAR = 57, 1.25
SINGLE, OVERHEAD_SECONDS = 12, 0.1
PROGRAM = 'import sys\nopen("output/" + sys.argv[1] + ".csv", "w").close()\n'
HEAD = (
    'version: "5.0"\npurpose: covid-19-research\ntitle: Nothing\ndata:\n  patients: [patient_id]\nactions:\n'
)


def study(folder: Path, links: int) -> Path:
    """A study of so many actions in a chain, none of which does anything."""
    (folder / "analysis").mkdir(parents=True)
    (folder / "analysis" / "nothing.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "project.yaml").write_text(HEAD + "".join(map(action, range(links))), encoding="utf-8")
    return folder


def action(number: int) -> str:
    """One link of the chain."""
    needs = f"[a{number - 1}]" if number else "[]"
    return f"""  a{number}:
    run: python:v1 analysis/nothing.py a{number}
    needs: {needs}
    outputs: {{highly_sensitive: {{out: output/a{number}.csv}}}}
    resources: {{memory: 256MB, cpus: 1, time: 5m}}
"""


def ours(house: House, worker: Worker, study_id: str, folder: Path) -> float:
    """Seconds from handing a study in to its having landed."""
    data, put, images = house.data.of(HOME), house.documents.put, house.site.images
    intake = read_study(gather(folder), data, images)
    spec, code = put(intake.code.files[SPEC]), keep(intake.code, put)
    submission = intake.submission(study_id, spec=spec, code=code, images=images, backend=HOME)
    began = time.perf_counter()
    by = By(house.site.person("ada"), Hands().clock())
    request = house.service.submit_once(by, submission).id
    worker.run_until_idle()
    taken = time.perf_counter() - began
    if house.service.request(request).stage is not RequestStage.LANDED:
        raise SystemExit("a study that does nothing did not land")
    return taken


def by_hand(image: str, folder: Path, first: int, last: int) -> float:
    """Seconds for so many bare containers, one after another."""
    out = folder / "output"
    out.mkdir(exist_ok=True)
    out.chmod(0o777)  # the image has a user of its own
    mounts = ["-v", f"{folder / 'analysis'}:/workspace/analysis:ro", "-v", f"{out}:/workspace/output"]
    began = time.perf_counter()
    for number in range(first, last):
        command = ["docker", "run", "--rm", "--pull", "never", *mounts, "-w", "/workspace", image]
        subprocess.run([*command, "python3", "analysis/nothing.py", f"a{number}"], check=True)
    return time.perf_counter() - began


def line(name: str, mine: float, reference: float, *, ratio: float, bar: float) -> None:
    """Print one result."""
    told = {"name": name, "ours": round(mine, 3), "reference": round(reference, 3), "ratio": round(ratio, 3)}
    print(json.dumps({**told, "bar": bar, "ok": ratio <= bar, "unit": "s"}), flush=True)


def chain(house: House, worker: Worker, study_id: str, image: str, folder: Path) -> None:
    """The chain, with half of the reference before it and half after it."""
    made = study(folder / "chain", LINKS)
    before = by_hand(image, made, 0, LINKS // 2)
    mine = ours(house, worker, study_id, made)
    reference = before + by_hand(image, made, LINKS // 2, LINKS)
    line("worker.chain-of-57", mine, reference, ratio=mine / reference, bar=CHAIN_BAR)


def single(measure: Callable[[Path], float], image: str, folder: Path) -> None:
    """Jobs of one action in turns with bare containers; what counts is how much longer a job takes."""
    pairs = []
    for turn in range(SINGLE):
        made = study(folder / f"single-{turn}", 1)
        (made / "analysis" / "nothing.py").write_text(PROGRAM + f"# {turn}\n", encoding="utf-8")
        pairs.append((measure(made), by_hand(image, made, 0, 1)))
    mine, reference = (statistics.median(side) for side in zip(*pairs, strict=True))
    line("worker.no-op-over-bare", mine, reference, ratio=(mine - reference) / OVERHEAD_SECONDS, bar=1.0)


def main() -> None:
    """Both measurements."""
    with TemporaryDirectory(prefix="tre-bench-") as folder:
        site = Path(folder) / "site"
        study_id = begin(site)
        house = Hands().wiring().open_house(site)
        worker = house.worker("worker")
        worker.settle()
        image = house.runner().images()["python"]
        ours(house, worker, study_id, study(Path(folder) / "warm", 2))
        single(lambda made: ours(house, worker, study_id, made), image, Path(folder))
        chain(house, worker, study_id, image, Path(folder))
        worker.close()


if __name__ == "__main__":
    main()
