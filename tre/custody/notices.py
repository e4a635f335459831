"""Who is told of what happened, and in which words: who, what, why and where to look; never content [P1] [P15].

Pure: from one event and the case it happened to. Refuses to tell anybody of their own deed, to name a checker, and to hold
a word that somebody wrote or a figure that anybody computed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tre.custody import events as e
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

WATCHERS = (Role.CALDICOTT_GUARDIAN, Role.DATA_PROTECTION_OFFICER)


@dataclass(frozen=True)
class Notice:
    """One person is told one thing: ``what`` in a sentence, ``why`` in a word of the closed list or nothing, ``where`` a path."""

    person: str
    what: str
    why: str
    where: str


@dataclass(frozen=True)
class Told:
    """What is said of one kind of event, and to whom: a study's members, holders of these roles."""

    what: str
    members: bool = True
    roles: tuple[Role, ...] = ()
    roles_in_breach: tuple[Role, ...] = ()


OF_A_STUDY: Mapping[type[e.Event], Told] = {
    e.Applied: Told("A study asks for approval.", members=False, roles=(Role.APPROVER,)),
    e.Revised: Told("An application was changed.", roles=(Role.APPROVER,)),
    e.Approved: Told("Your study is approved."),
    e.Returned: Told("Your application was returned for changes."),
    e.Rejected: Told("Your application was rejected."),
    e.Withdrawn: Told("A study was withdrawn."),
    e.Suspended: Told("A study is suspended.", roles=(Role.APPROVER,), roles_in_breach=WATCHERS),
    e.Reinstated: Told("Your study runs again."),
    e.Expired: Told("Your study's approval has expired."),
    e.Discussed: Told("Something was said about an application."),
}
OF_A_REQUEST: Mapping[type[e.Event], Told] = {
    e.Failed: Told("An action of a job failed."),
    e.Checked: Told("A job's outputs are checked: see what the checks found, and say what each file is."),
    e.ChangesRequested: Told("Output checkers ask for changes."),
    e.PartReleased: Told("Some of a job's files were released."),
    e.Released: Told("A job's files were released."),
    e.Refused: Told("Output checkers refused a job's files."),
    e.Recalled: Told(
        "A release was recalled: do not use it, delete what you took from it.",
        roles=(Role.APPROVER, *WATCHERS),
    ),
}


def of_a_study(
    study: Application, event: e.Event, actor: str, people: Mapping[str, Person]
) -> tuple[Notice, ...]:
    """Who is told of an event of an application."""
    return _notices(
        OF_A_STUDY.get(type(event)), study, event, actor, people=people, where=f"/studies/{study.id}"
    )


def of_a_request(
    request: JobRequest, study: Application, event: e.Event, actor: str, *, people: Mapping[str, Person]
) -> tuple[Notice, ...]:
    """Who is told of an event of a job request."""
    return _notices(
        OF_A_REQUEST.get(type(event)), study, event, actor, people=people, where=f"/jobs/{request.id}"
    )


def _notices(
    told: Told | None,
    study: Application,
    event: e.Event,
    actor: str,
    *,
    people: Mapping[str, Person],
    where: str,
) -> tuple[Notice, ...]:
    if told is None:
        return ()
    reason = getattr(event, "reason", None)
    breach = isinstance(reason, Reason) and reason.code is ReasonCode.SUSPECTED_BREACH
    roles = (*told.roles, *(told.roles_in_breach if breach else ()))
    members = study.proposal.members if told.members and study.proposals else ()
    why = reason.code.value if isinstance(reason, Reason) else ""
    names = dict.fromkeys((*members, *_holders(roles, people)))
    return tuple(Notice(name, told.what, why, where) for name in names if name != actor and name in people)


def _holders(roles: Iterable[Role], people: Mapping[str, Person]) -> list[str]:
    wanted = frozenset(roles)
    return sorted(name for name, person in people.items() if person.roles & wanted)
