"""Who may take which step, at which stage, written from the policy alone [P4] [P9] [P15] [P16].

It knows nothing of the map, the rules or the routes: three plain facts for each step. What is not here is refused. The study is of
research: a maintainer's own studies are of maintenance, and are asked about elsewhere. Whoever signs off has voted.
"""

from dataclasses import dataclass

RESEARCHER, APPROVER, CHECKER, MAINTAINER = "researcher", "approver", "output-checker", "maintainer"
GOVERNANCE, GUARDIAN, OFFICER = "information-governance", "caldicott-guardian", "data-protection-officer"
EVERYBODY = (RESEARCHER, APPROVER, CHECKER, MAINTAINER, GOVERNANCE, GUARDIAN, OFFICER)
AUTHORS = (RESEARCHER, MAINTAINER)


@dataclass(frozen=True)
class May:
    """At these stages, these roles: on the study (``members``), apart from it (``others``), or both."""

    stages: tuple[str, ...]
    roles: tuple[str, ...]
    members: bool = True
    others: bool = True

    def allows(self, stage: str, role: str, *, member: bool) -> bool:
        return stage in self.stages and role in self.roles and (self.members if member else self.others)


def authors(*stages: str) -> May:
    """An author's step: nobody else's, and of nobody's study but their own."""
    return May(stages, AUTHORS, others=False)


def judges(role: str, *stages: str) -> May:
    """A decision on somebody else's work."""
    return May(stages, (role,), members=False)


APPLICATION = {
    "revise": (May(("applied", "returned"), (RESEARCHER,), others=False),),
    "assess": (judges(APPROVER, "applied"),),
    "approve": (judges(APPROVER, "applied"),),
    "return": (judges(APPROVER, "applied"),),
    "reject": (judges(APPROVER, "applied"),),
    "reinstate": (judges(APPROVER, "suspended"),),
    "discuss": (
        May(("applied", "returned"), (*AUTHORS, APPROVER), others=False),
        judges(APPROVER, "applied", "returned"),
    ),
    "withdraw": (
        authors("applied", "returned", "approved", "suspended"),
        May(("approved", "suspended"), (APPROVER,)),
    ),
    "suspend": (May(("approved",), (APPROVER,)),),
    "suspend as a suspected breach": (May(("approved",), EVERYBODY),),
}
LOOKED_AT = ("checked", "voted", "reviewed")
JOB = {
    "submit": (May(("new",), (RESEARCHER,), others=False),),
    "cancel": (
        authors("submitted", "running", "landed", *LOOKED_AT, "returned"),
        May(("submitted", "running", "landed", *LOOKED_AT, "returned"), (MAINTAINER,)),
    ),
    "describe": (authors("checked", "returned"),),
    "resubmit": (authors("returned"),),
    "view": (
        judges(
            CHECKER, *LOOKED_AT, "returned", "part-signed-off", "signed-off", "released", "failed", "recalled"
        ),
    ),
    "comment": (
        May((*LOOKED_AT, "returned"), (*AUTHORS, CHECKER), others=False),
        judges(CHECKER, *LOOKED_AT, "returned"),
    ),
    "vote": (judges(CHECKER, *LOOKED_AT),),
    "request-changes": (judges(CHECKER, *LOOKED_AT),),
    "sign-off": (judges(CHECKER, "reviewed"),),
    "sign-off-part": (judges(CHECKER, "reviewed"),),
    "refuse": (judges(CHECKER, *LOOKED_AT, "part-signed-off", "signed-off"),),
    "recall": (May(("released",), EVERYBODY),),
}


def may(kind: str, step: str, stage: str, role: str, *, member: bool) -> bool:
    """Whether somebody with that one role, on the study or not, may take that step there."""
    known = APPLICATION if kind == "application" else JOB
    return any(each.allows(stage, role, member=member) for each in known.get(step, ()))
