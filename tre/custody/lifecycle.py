"""The map: ``LIFECYCLE[stage][step] = (owners, next stage)``. Nothing else may change a stage; what is not here is refused.

The diagrams in the docs are printed from these two tables, and a test walks every cell of stage x step. A step that
keeps its stage (``view``, ``start`` of a second action) is written here like any other.
"""

from collections.abc import Mapping

from tre.custody.commands import Step
from tre.custody.people import EVERYONE, Role
from tre.custody.requests import RequestStage as R
from tre.custody.studies import ApplicationStage as A

Owners = frozenset[Role]

AUTHOR = frozenset({Role.RESEARCHER, Role.MAINTAINER})
APPROVER = frozenset({Role.APPROVER})
CHECKER = frozenset({Role.OUTPUT_CHECKER})
WORKER = frozenset({Role.PLATFORM})
AUTHOR_OR_APPROVER = AUTHOR | APPROVER
AUTHOR_OR_CHECKER = AUTHOR | CHECKER

ApplicationMap = Mapping[A, Mapping[Step, tuple[Owners, A]]]
RequestMap = Mapping[R, Mapping[Step, tuple[Owners, R]]]

APPLICATION: ApplicationMap = {
    A.NEW: {
        Step.APPLY: (AUTHOR, A.APPLIED),
    },
    A.APPLIED: {
        Step.REVISE: (AUTHOR, A.APPLIED),
        Step.ASSESS: (APPROVER, A.APPLIED),
        Step.DISCUSS: (AUTHOR_OR_APPROVER, A.APPLIED),
        Step.APPROVE: (APPROVER, A.APPROVED),
        Step.RETURN: (APPROVER, A.RETURNED),
        Step.REJECT: (APPROVER, A.REJECTED),
        Step.WITHDRAW: (AUTHOR, A.WITHDRAWN),
    },
    A.RETURNED: {
        Step.REVISE: (AUTHOR, A.APPLIED),
        Step.DISCUSS: (AUTHOR_OR_APPROVER, A.RETURNED),
        Step.WITHDRAW: (AUTHOR, A.WITHDRAWN),
    },
    A.APPROVED: {
        Step.SUSPEND: (EVERYONE, A.SUSPENDED),
        Step.WITHDRAW: (AUTHOR_OR_APPROVER, A.WITHDRAWN),
        Step.EXPIRE: (WORKER, A.EXPIRED),
    },
    A.SUSPENDED: {
        Step.REINSTATE: (APPROVER, A.APPROVED),
        Step.WITHDRAW: (AUTHOR_OR_APPROVER, A.WITHDRAWN),
        Step.EXPIRE: (WORKER, A.EXPIRED),
    },
    A.REJECTED: {},
    A.WITHDRAWN: {},
    A.EXPIRED: {},
}

REQUEST: RequestMap = {
    R.NEW: {
        Step.SUBMIT: (AUTHOR, R.SUBMITTED),
    },
    R.SUBMITTED: {
        Step.START: (WORKER, R.RUNNING),
        Step.FAIL: (WORKER, R.FAILED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.RUNNING: {
        Step.START: (WORKER, R.RUNNING),
        Step.LAND: (WORKER, R.RUNNING),
        Step.FAIL: (WORKER, R.FAILED),
        Step.FINISH: (WORKER, R.LANDED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.LANDED: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.RECALL: (EVERYONE, R.RECALLED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.CHECKED: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.DESCRIBE: (AUTHOR, R.CHECKED),
        Step.VIEW: (CHECKER, R.CHECKED),
        Step.COMMENT: (AUTHOR_OR_CHECKER, R.CHECKED),
        Step.VOTE: (CHECKER, R.VOTED),
        Step.SIGN_OFF: (CHECKER, R.SIGNED_OFF),
        Step.RECALL: (EVERYONE, R.RECALLED),
        Step.REQUEST_CHANGES: (CHECKER, R.RETURNED),
        Step.REFUSE: (CHECKER, R.REFUSED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.VOTED: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.VIEW: (CHECKER, R.VOTED),
        Step.COMMENT: (AUTHOR_OR_CHECKER, R.VOTED),
        Step.VOTE: (CHECKER, R.REVIEWED),
        Step.RECALL: (EVERYONE, R.RECALLED),
        Step.REQUEST_CHANGES: (CHECKER, R.RETURNED),
        Step.REFUSE: (CHECKER, R.REFUSED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.REVIEWED: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.VIEW: (CHECKER, R.REVIEWED),
        Step.COMMENT: (AUTHOR_OR_CHECKER, R.REVIEWED),
        Step.VOTE: (CHECKER, R.REVIEWED),
        Step.SIGN_OFF: (CHECKER, R.SIGNED_OFF),
        Step.SIGN_OFF_PART: (CHECKER, R.PART_SIGNED_OFF),
        Step.RECALL: (EVERYONE, R.RECALLED),
        Step.REQUEST_CHANGES: (CHECKER, R.RETURNED),
        Step.REFUSE: (CHECKER, R.REFUSED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
    },
    R.RETURNED: {
        Step.DESCRIBE: (AUTHOR, R.RETURNED),
        Step.VIEW: (CHECKER, R.RETURNED),
        Step.COMMENT: (AUTHOR_OR_CHECKER, R.RETURNED),
        Step.RESUBMIT: (AUTHOR, R.LANDED),
        Step.CANCEL: (AUTHOR, R.CANCELLED),
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.PART_SIGNED_OFF: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.VIEW: (CHECKER, R.PART_SIGNED_OFF),
        Step.RELEASE_PART: (WORKER, R.REVIEWED),
        Step.REFUSE: (CHECKER, R.REFUSED),
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.SIGNED_OFF: {
        Step.CHECK: (WORKER, R.CHECKED),
        Step.VIEW: (CHECKER, R.SIGNED_OFF),
        Step.RELEASE: (WORKER, R.RELEASED),
        Step.REFUSE: (CHECKER, R.REFUSED),
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.RELEASED: {
        Step.VIEW: (CHECKER, R.RELEASED),
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.FAILED: {
        Step.VIEW: (CHECKER, R.FAILED),
    },
    R.CANCELLED: {
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.REFUSED: {
        Step.RECALL: (EVERYONE, R.RECALLED),
    },
    R.RECALLED: {
        Step.VIEW: (CHECKER, R.RECALLED),
    },
}
