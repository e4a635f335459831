"""The maintainers' watch: does what is due, tells whom it concerns, and sends what waits. One round is one look at the clock.

It runs beside the worker (`tre health watch`), or once from any timer (`--once`). Refuses to end because something it looked at
failed: that is what it is there to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tre.custody.notices import Notice
from tre.custody.people import Person
from tre.dispatch.schedule import Gate
from tre.health.alerts import LEVELS, WHERE, alert
from tre.health.chores import NONE, Chores, keep_house
from tre.health.found import Found, noted
from tre.health.schedule import Due, Schedule, Task, due
from tre.records.daybook import Daybook
from tre.records.errors import RecordsError
from tre.records.looks import KINDS, MOST_LOOKS, RAN, State, board_of, state
from tre.records.outbox import Outbox
from tre.service import By

Do = Callable[[By], Mapping[str, Any]]


@dataclass(frozen=True)
class Post:
    """What a watch stands at: the three looks it may take, the chores, the gate, the schedule, and how it tells."""

    schedule: Schedule
    doing: Mapping[Task, Do]
    gate: Callable[[datetime], Gate]
    daybook: Daybook
    outbox: Outbox
    people: Mapping[str, Person]
    send: Callable[[datetime], Mapping[str, int]]
    chores: Chores = NONE


@dataclass(frozen=True)
class Round:
    """What one round did: what ran, what waits and why, whom it told of what, and how the platform stands."""

    ran: tuple[str, ...]
    waiting: Mapping[str, str]
    told: tuple[str, ...]
    messages: Mapping[str, int]
    state: State
    ill: tuple[str, ...]
    next_at: datetime
    chores: tuple[str, ...] = ()
    """What was done of what keeps the house: deleting what was kept long enough, the backup."""


def round_of(post: Post, by: By) -> Round:
    """One round.

    Raises:
        RecordsError: what was done cannot be read; whoever watches has been told.
    """
    try:
        return _round(post, by)
    except RecordsError as broken:
        cry(post, by, broken)
        raise


def _round(post: Post, by: By) -> Round:
    gate = post.gate(by.now)
    kept = keep_house(post.chores, post.daybook, by, gate)
    todo = due(post.schedule, post.daybook.recent(*KINDS, most=MOST_LOOKS), by.now, gate)
    for task in todo.now:
        _do(post, task, by)
    told = alert(post.daybook, post.outbox, post.people, by.now, escalate=post.schedule.escalate)
    return replace(_said(post, by, todo, tuple(told)), chores=tuple(kept))


def cry(post: Post, by: By, broken: RecordsError) -> Mapping[str, int]:
    """Where the daybook itself cannot be read, nothing can be looked up: say so to everybody who watches, once a day."""
    wanted = frozenset(LEVELS[-1])
    for name in sorted(name for name, person in post.people.items() if person.roles & wanted):
        notice = Notice(name, f"The health checks cannot be read: {broken.code}.", "", WHERE)
        post.outbox.add(f"alert-{broken.code}-{by.now.date()}.{name}", notice, at=by.now.isoformat())
    return post.send(by.now)


def _said(post: Post, by: By, todo: Due, told: tuple[str, ...]) -> Round:
    gate, board = post.gate(by.now), board_of(post.daybook)
    closed = gate.everything is not None or gate.data is not None
    return Round(
        ran=tuple(task.value for task in todo.now),
        waiting={task.value: why for task, why in todo.waiting.items()},
        told=told,
        messages=post.send(by.now),
        state=state(board, paused=closed, now=by.now, stale=post.schedule.stale),
        ill=tuple(each.check for each in board.ill),
        next_at=todo.next_at,
    )


def _do(post: Post, task: Task, by: By) -> None:
    try:
        post.doing[task](by)
    except Exception as error:
        if task is not Task.JOBS:
            raise
        sentence = str(getattr(error, "sentence", "")) or type(error).__name__
        fix = str(getattr(error, "fix", "")) or "See what `tre health run` says."
        told = noted([Found("corridor", False, sentence, fix)])
        post.daybook.note(RAN, actor=by.person.id, at=by.now, facts=told)
