"""Everything that `make demo` and `make test` need, on a Debian 12 machine that has only Python: see `GOALS`.

Each step asks the world whether it has been done rather than remembering; the second time is quick. It refuses to
install anything unless it is root on Debian, and says the exact command instead.
"""

import argparse
import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts import engine, environment, postgres
from scripts.machine import browser_needs, install, sandbox_needs
from scripts.steps import Stop, run_aloud, say, step

REPOSITORY = Path(__file__).resolve().parents[1]
BUILD = REPOSITORY / "build"
LOGS = BUILD / "set-up"
ENGINE = engine.Engine(
    address=os.environ.get("DOCKER_HOST") or engine.DEFAULT_ADDRESS, record=BUILD / "engine"
)
POSTGRES = postgres.of_clone(REPOSITORY, BUILD / "postgres")
WITHOUT_ENGINE = os.environ.get("TRE_NO_ENGINE") == "1"


def python_packages() -> None:
    """The virtual environment with every package, and `tre` in it."""
    environment.ensure(REPOSITORY, LOGS)


def machine_packages() -> None:
    """Debian packages that the sandboxes take."""
    install(sandbox_needs(), LOGS)


def container_engine() -> None:
    """An engine that answers, unless TRE_NO_ENGINE=1 asks to go without."""
    if WITHOUT_ENGINE:
        say(
            "TRE_NO_ENGINE=1: going without a container engine; the tests that need one are skipped, and say so."
        )
        return
    engine.ensure(ENGINE, LOGS)


def sandbox_images(*names: str) -> None:
    """The images that study code runs in, built here from Debian packages; the builder knows which are missing."""
    with step("making sure of the sandbox images"):
        run_aloud((str(REPOSITORY / ".venv" / "bin" / "python"), "-m", "sandboxes.images", "build", *names))


def demo_images() -> None:
    """Those that the demonstration's study runs in."""
    sandbox_images("sql", "python")


def engine_or_failures() -> None:
    """As the two before; but tests still run without them, and those that need an engine fail with this reason."""
    try:
        container_engine()
        sandbox_images()
    except Stop as stop:
        say(f"{stop}")
        say("The tests run all the same: those that need an engine will FAIL (TRE_NO_ENGINE=1 skips them).")


def test_database() -> None:
    """A PostgreSQL for the ledger's tests, unless TRE_TEST_POSTGRES_URL names one."""
    if os.environ.get("TRE_TEST_POSTGRES_URL"):
        say("TRE_TEST_POSTGRES_URL is set: the ledger's tests run on the PostgreSQL that it names.")
        return
    postgres.ensure(POSTGRES, LOGS)


def test_database_or_skips() -> None:
    """As before; but tests still run without it, and those of the ledger on PostgreSQL are skipped."""
    try:
        test_database()
    except Stop as stop:
        say(f"{stop}")
        say("The tests run all the same: those of the ledger on PostgreSQL are SKIPPED.")


def browser_or_failures() -> None:
    """A browser for the pages' tests; without one they fail with this reason."""
    try:
        install(browser_needs(), LOGS)
    except Stop as stop:
        say(f"{stop}")
        say("The tests run all the same: those of the pages will FAIL (TRE_NO_BROWSER=1 skips them).")


def stop_postgres() -> None:
    """End the PostgreSQL that this clone started, if it did."""
    if not postgres.stop(POSTGRES):
        say("no PostgreSQL was started from here: nothing to end.")


def stop_engine() -> None:
    """End the engine that this clone started, if it did."""
    if not engine.stop(ENGINE):
        say("no container engine was started from here: nothing to end.")


GOALS: dict[str, tuple[Callable[[], None], ...]] = {
    "environment": (python_packages,),
    "demo": (python_packages, machine_packages, container_engine, demo_images),
    "test": (
        python_packages,
        machine_packages,
        engine_or_failures,
        browser_or_failures,
        test_database_or_skips,
    ),
    "engine": (container_engine,),
    "postgres": (test_database,),
    "stop-postgres": (stop_postgres,),
    "stop-engine": (stop_engine,),
}


def reach(goal: str) -> None:
    """Take every step of a goal, one set-up at a time in this clone.

    Raises:
        Stop: when a person must do something first.
    """
    began = time.monotonic()
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for take in GOALS[goal]:
            take()
    say(f"ready for `{goal}` after {time.monotonic() - began:.1f} s.")


def main() -> int:
    """Read the goal from the command line; 0 when it is reached, 1 when a person is needed, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="scripts/set-up", description=__doc__)
    parser.add_argument("goal", choices=sorted(GOALS))
    try:
        reach(parser.parse_args().goal)
    except Stop as stop:
        print(f"[set-up] {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("[set-up] stopped; run the same command again and it goes on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
