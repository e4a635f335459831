"""Exit codes that mean something: one table, so that a script can tell a refusal from a fault.

Refuses to turn an unknown error into a pleasant one: what is not in the table is a fault of ours, and says so.
"""

from enum import IntEnum

from job_specs.errors import SpecError
from job_specs.sql.model import SqlRefused
from sandboxes.model import BoxRefused, RunnerUnavailable
from tre.custody.errors import Malformed, Refusal
from tre.data.errors import DataRefused
from tre.dispatch.errors import DispatchError
from tre.records.errors import (
    CaseMoved,
    LedgerBroken,
    LedgerUnavailable,
    RecordsError,
    VaultDamaged,
    WorkerAlreadyRunning,
)
from tre.records.site import SiteError


class Exit(IntEnum):
    """What a command ends with."""

    OK = 0
    FAULT = 1
    USAGE = 2
    REFUSED = 3
    SPEC = 4
    SANDBOX = 5
    RECORDS = 6
    DATA = 7
    SITE = 8
    BUSY = 9
    UNHEALTHY = 10
    INTERRUPTED = 130


TABLE: tuple[tuple[type[BaseException], Exit], ...] = (
    (Refusal, Exit.REFUSED),
    (SpecError, Exit.SPEC),
    (SqlRefused, Exit.SPEC),
    (DispatchError, Exit.SPEC),
    (BoxRefused, Exit.SANDBOX),
    (RunnerUnavailable, Exit.SANDBOX),
    (WorkerAlreadyRunning, Exit.BUSY),
    (CaseMoved, Exit.BUSY),
    (LedgerUnavailable, Exit.BUSY),
    (LedgerBroken, Exit.RECORDS),
    (VaultDamaged, Exit.RECORDS),
    (RecordsError, Exit.RECORDS),
    (DataRefused, Exit.DATA),
    (SiteError, Exit.SITE),
    (Malformed, Exit.FAULT),
    (KeyboardInterrupt, Exit.INTERRUPTED),
)
EXPECTED = tuple(kind for kind, _ in TABLE)


def exit_for(error: BaseException) -> Exit:
    """The exit code of an error."""
    return next((code for kind, code in TABLE if isinstance(error, kind)), Exit.FAULT)
