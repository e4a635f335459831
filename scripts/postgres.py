"""A PostgreSQL of this clone's own, for the ledger's tests: made, started, and thrown away.

It listens on a socket that only its account and root reach, never on the network, and holds nothing worth keeping: one
that does not answer is made anew. Refuses to run as root, to use a folder that another account put in its place, and to
touch any other cluster on the machine.
"""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.daemons import end, launch
from scripts.machine import install, may_install, postgres_needs, postgres_programs
from scripts.steps import Stop, environment, run, say, step, tail

REACHABLE = Path("/var/tmp")  # noqa: S108 - postgres' account cannot enter a home; `own_folder` looks who made it
ACCOUNT = "postgres"
START_SECONDS = 30.0
DEBIAN_CLUSTERS = Path("/etc/postgresql-common/createcluster.d")

# Ordering as people do, not by bytes: a list that leans on the order of bytes shows it here.
CLUSTER = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-GB")
# The socket alone. Nothing is kept, so nothing is made durable.
SERVER = ("-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "fsync=off")


@dataclass(frozen=True)
class Postgres:
    """Where this clone's cluster is, and where it is noted.

    Attributes:
        folder: the socket and the data; owned by the account that the server runs as.
        record: the note of the server that we started, its log, and the URL that the tests are given.
        programs: where initdb and postgres are; found on the machine when not said.
    """

    folder: Path
    record: Path
    programs: Path | None = None
    start_seconds: float = START_SECONDS

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self.record / "postgres.log"

    @property
    def started(self) -> Path:
        """Our note of the server that we started."""
        return self.record / "postgres.started"

    @property
    def url_file(self) -> Path:
        """The URL, for `make test`; there only while a server answered."""
        return self.record / "url"

    @property
    def url(self) -> str:
        """How SQLAlchemy reaches it."""
        return f"postgresql+psycopg://tre@/postgres?host={self.folder}"

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's programs."""
        folder = self.programs or postgres_programs()
        return str(folder / name) if folder else name


def of_clone(repository: Path, record: Path) -> Postgres:
    """The cluster of the clone in that folder: another clone's has another name."""
    name = hashlib.sha256(str(repository).encode()).hexdigest()[:12]
    return Postgres(folder=REACHABLE / f"tre-postgres-{name}", record=record)


def ensure(postgres: Postgres, logs: Path) -> None:
    """Leave with a server that answers, and its URL in a file.

    Raises:
        Stop: when PostgreSQL is missing and this account may not install it, or the server does not start.
    """
    postgres.url_file.unlink(missing_ok=True)
    with no_cluster_of_debians_own():
        install(postgres_needs(), logs)
    if answers(postgres):
        say(f"a PostgreSQL for the tests answers in {postgres.folder}: using it.")
    else:
        with step("making and starting a PostgreSQL for the ledger's tests"):
            start(postgres, logs)
    postgres.url_file.write_text(postgres.url, encoding="utf-8")


@contextmanager
def no_cluster_of_debians_own() -> Iterator[None]:
    """While it installs, Debian's package is told not to make and start a cluster: nobody here asked for one."""
    if postgres_programs() is not None or not may_install():
        yield
        return
    DEBIAN_CLUSTERS.mkdir(parents=True, exist_ok=True)
    setting = DEBIAN_CLUSTERS / "tre-set-up.conf"
    setting.write_text("create_main_cluster = false\n", encoding="ascii")
    try:
        yield
    finally:
        setting.unlink()
        with suppress(OSError):  # somebody else keeps a setting there
            DEBIAN_CLUSTERS.rmdir()


def answers(postgres: Postgres) -> bool:
    """Whether a server there takes connections."""
    ask = (postgres.program("pg_isready"), "--quiet", f"--host={postgres.folder}", "--timeout=3")
    try:
        return subprocess.run(ask, env=environment(), check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def start(postgres: Postgres, logs: Path) -> None:
    """Make the cluster anew, start its server, and wait until it answers.

    Raises:
        Stop: when it does not in time; what we started is ended again.
    """
    end(postgres.started, signal.SIGQUIT)
    own_folder(postgres.folder)
    data = str(postgres.folder / "data")
    make = (postgres.program("initdb"), f"--pgdata={data}", "--username=tre", "--auth=trust", "--no-sync")
    run((*as_account(), *make, *CLUSTER), log=logs / "initdb.log", seconds=120)
    serve = (postgres.program("postgres"), "-D", data, "-k", str(postgres.folder), *SERVER)
    daemon = launch((*as_account(), *serve), note=postgres.started, log=postgres.log)
    say(f"started PostgreSQL: process {daemon.pid}, log {postgres.log}.")
    await_answer(postgres, daemon)


def await_answer(postgres: Postgres, daemon: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers.

    Raises:
        Stop: when it ends instead, or stays silent; it is ended and its folder removed.
    """
    until = time.monotonic() + postgres.start_seconds
    while time.monotonic() < until and daemon.poll() is None:
        if answers(postgres):
            return
        time.sleep(0.1)
    print(tail(postgres.log), flush=True)
    stop(postgres)
    raise Stop(
        f"PostgreSQL did not answer within {postgres.start_seconds:.0f} s. Its whole log is {postgres.log}.",
        "scripts/set-up postgres",
    )


def stop(postgres: Postgres) -> bool:
    """End the server that this clone started, and no other, and remove its cluster.

    Returns:
        Whether there was one to end.
    """
    pid = end(postgres.started, signal.SIGINT)
    if pid is None:
        return False
    postgres.url_file.unlink(missing_ok=True)
    shutil.rmtree(postgres.folder, ignore_errors=True)
    say(f"ended the PostgreSQL that was started here (process {pid}), and removed {postgres.folder}.")
    return True


def own_folder(folder: Path) -> None:
    """An empty folder that the server's account alone may enter.

    Raises:
        Stop: when something there was put by another account.
    """
    account = server_account()
    if os.path.lexists(folder):
        there = folder.lstat()
        if not stat.S_ISDIR(there.st_mode) or there.st_uid not in (account.pw_uid, os.geteuid()):
            raise Stop(f"{folder} is not ours: another account put it there.", f"sudo rm -r {folder}")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    os.chown(folder, account.pw_uid, account.pw_gid)


def server_account() -> pwd.struct_passwd:
    """Who the server runs as: PostgreSQL refuses root, so there Debian's own account for it.

    Raises:
        Stop: when this is root and there is no such account.
    """
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise Stop(
            "PostgreSQL does not run as root, and there is no account for it.",
            f"adduser --system --group {ACCOUNT}",
        ) from None


def as_account() -> tuple[str, ...]:
    """What to put before a command so that it runs as that account, from a folder that it may enter."""
    if os.geteuid() != 0:
        return ()
    name = server_account().pw_name
    return ("env", "--chdir=/", "setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--")
