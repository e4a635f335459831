"""No job runs on a host whose walls were not tried; a good verdict holds until something it rests on changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandboxes import fitness
from sandboxes.fitness import require_fit
from sandboxes.model import Box, RunnerUnavailable
from sandboxes.profile import PROCEDURES, WALLS
from sandboxes.rehearsal import IMAGES, RehearsalRunner

HELD = "network\tinterfaces\theld\nmemory\ttouch\theld\ntries\t2"
OPEN = HELD.replace("touch\theld", "touch\topen")


class Host(RehearsalRunner):
    """A host whose boxes say what they were told to, and that counts how often they were asked."""

    def __init__(self, said: str = HELD, images=IMAGES) -> None:
        super().__init__({"python3": self.play}, images=images)
        self.said, self.asked, self.kernel = said, 0, "6.1.0"

    def play(self, room):
        self.asked += 1
        room.print(self.said)
        return 0

    def walls(self):
        return (*WALLS, *PROCEDURES)

    def missing_walls(self):
        return ()

    def versions(self):
        return {"engine": "docker 28.0.0", "kernel": self.kernel}


def test_a_fit_host_is_tried_once(tmp_path):
    host = Host()
    require_fit(host, tmp_path)
    require_fit(host, tmp_path)
    assert host.asked == len(IMAGES)


def test_those_who_start_at_once_try_once(tmp_path):
    host = Host()
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(require_fit, host, tmp_path) for _ in range(4)]:
            done.result()
    assert host.asked == len(IMAGES)


def test_tries_that_were_killed_do_not_stand_in_the_way_of_the_next(tmp_path):
    host = Host()
    for name, content_id in IMAGES.items():
        host.prepare(Box(f"preflight-{name}", content_id, ("python3", "/code/killed.py")))
    require_fit(host, tmp_path)
    assert host.asked == len(IMAGES)


def test_a_wall_that_is_open_stops_every_job_and_is_tried_again_when_it_was_mended(tmp_path):
    host = Host(OPEN)
    for _ in range(2):
        with pytest.raises(RunnerUnavailable) as refused:
            require_fit(host, tmp_path)
        assert refused.value.code == "HOST_UNFIT"
        assert "memory in the image python" in refused.value.sentence
        assert "sandbox report" in refused.value.fix
    host.said = HELD
    require_fit(host, tmp_path)


def test_an_image_that_does_not_answer_stops_every_job(tmp_path):
    with pytest.raises(RunnerUnavailable, match="no answer from the image sql"):
        require_fit(Host("tries\t0"), tmp_path)


def test_a_host_without_images_says_how_to_build_them(tmp_path):
    with pytest.raises(RunnerUnavailable) as refused:
        require_fit(Host(images={}), tmp_path)
    assert refused.value.code == "NO_IMAGES"


@pytest.mark.parametrize("change", ["kernel", "image", "wall", "tries", "boot"])
def test_a_verdict_does_not_outlive_what_it_rests_on(tmp_path, monkeypatch, change):
    host = Host()
    require_fit(host, tmp_path)
    host.said = OPEN
    if change == "kernel":
        host.kernel = "6.2.0"
    elif change == "image":
        host._images = {**IMAGES, "sql": "sha256:" + "a" * 64}
        monkeypatch.setattr(Host, "images", lambda self: self._images)
    elif change == "wall":
        monkeypatch.setattr(Host, "walls", lambda _self: (*WALLS,))
    elif change == "tries":
        (tmp_path / "probes").mkdir()
        (tmp_path / "probes/try_walls.py").touch()
        monkeypatch.setattr(fitness, "FOLDER", tmp_path / "probes")
    else:
        (tmp_path / "boot").write_text("another start of the host")
        monkeypatch.setattr(fitness, "_BOOT", tmp_path / "boot")
    with pytest.raises(RunnerUnavailable):
        require_fit(host, tmp_path)
