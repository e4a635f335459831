"""The outside face's API for what is one's own: unfinished applications, the inbox; and for reporting a breach [P15].

Refuses to show somebody's draft to anybody else, and nobody who reports a breach.
"""

from dataclasses import asdict
from typing import Any

import msgspec

from tre.custody.commands import Step
from tre.web.api import Answer, Body, Short, Text, asks, does
from tre.web.asking import Ask
from tre.web.errors import not_there
from tre.web.outside.api_jobs import CodeBody, code_in
from tre.web.outside.application_form import as_body, from_body, of_proposal
from tre.web.outside.doors import Outside
from tre.web.outside.drafts import begin_draft, kept_draft, save_fields
from tre.web.outside.inbox import notices_for, remember_read
from tre.web.outside.incidents import REPORTERS, stop
from tre.web.outside.tries import AUTHORS, begun, own
from tre.web.who import OWN_ACCOUNT, SIGNED_IN, takers


class DraftBody(Body, frozen=True, kw_only=True):
    """The fields of the form, each with its values in order; ``about`` the study that it revises, if any."""

    fields: dict[Short, list[Text]] = msgspec.field(default_factory=dict)
    about: Short = ""


class FieldsBody(Body, frozen=True, kw_only=True):
    """The fields of the form, each with its values in order."""

    fields: dict[Short, list[Text]]


class BreachBody(Body, frozen=True, kw_only=True):
    """Which study or job it is about, and what was seen, without a value from the data."""

    about: Short
    note: Text = ""


@asks("/drafts", takers(Step.APPLY))
def api_drafts(ask: Ask) -> Answer:
    """One's own unfinished applications, the one saved last first."""
    return _drafts(ask)


@does("/drafts", takers(Step.APPLY, Step.REVISE))
def api_new_draft(ask: Ask, outside: Outside, data: DraftBody) -> Answer:
    """Begin an application; or, with ``about``, a revision of one, from what it says now."""
    fields = data.fields
    if data.about:
        study = outside.common.service.study(data.about)
        if not study.proposals or ask.person.id not in study.members:
            raise not_there("study")
        fields = fields or of_proposal(study.proposal)
    return _draft(ask, begin_draft(ask, outside, data.about, fields))


@asks("/drafts/{draft:str}", takers(Step.APPLY))
def api_draft(ask: Ask, draft: str) -> Answer:
    """An unfinished application of one's own."""
    return _draft(ask, draft)


@does("/drafts/{draft:str}", takers(Step.APPLY, Step.REVISE))
def api_save_draft(ask: Ask, draft: str, data: FieldsBody) -> Answer:
    """Save it. It is handed in as any application is: POST /studies, or /studies/{study}/revise."""
    save_fields(ask, draft, kept_draft(ask, draft)["about"], as_body(data.fields))
    return _draft(ask, draft)


@does("/drafts/{draft:str}/drop", takers(Step.APPLY))
def api_drop_draft(ask: Ask, draft: str) -> Answer:
    """Let go of it."""
    kept_draft(ask, draft)
    ask.common.accounts.drop_draft(draft, ask.person.id)
    return _drafts(ask)


@asks("/tries", AUTHORS)
def api_tries(ask: Ask, outside: Outside) -> Answer:
    """One's own tries on synthetic data, the newest first."""
    rows = [
        {"id": each.id, "at": each.at, "state": each.state}
        for each in outside.tries.of(ask.person.id, ask.now)
    ]
    return {"rows": rows, "total": len(rows)}


@does("/tries", AUTHORS)
def api_new_try(ask: Ask, outside: Outside, data: CodeBody) -> Answer:
    """Try a study on synthetic data; nothing of it is on the ledger, and nothing of it can be released."""
    return asdict(own(ask, outside, begun(ask, outside, code_in(ask, data).code, data.backend)))


@asks("/tries/{name:str}", AUTHORS)
def api_try(ask: Ask, outside: Outside, name: str) -> Answer:
    """One try: every log and every line of an error, what the checks say of each file, and each cell that they mark."""
    return asdict(own(ask, outside, name))


@asks("/inbox", SIGNED_IN)
def api_inbox(ask: Ask, outside: Outside) -> Answer:
    """What happened to one's own studies and jobs, the newest first: a link to each, and no content."""
    rows = [asdict(each) for each in notices_for(ask, outside)]
    return {"rows": rows, "unread": sum(each["fresh"] for each in rows)}


@does("/inbox/read", SIGNED_IN)
def api_read(ask: Ask, outside: Outside) -> Answer:
    """Remember that everything up to now was read."""
    remember_read(ask, outside)
    return {"rows": [asdict(each) for each in notices_for(ask, outside)], "unread": 0}


@does("/incidents", REPORTERS, scope="read")
def api_report(ask: Ask, data: BreachBody) -> Answer:
    """Report a suspected breach: what left is recalled, its study stopped, the evidence frozen. Any token may [P15]."""
    done = stop(ask, data.about, data.note)
    return {"about": data.about, "stopped": True, "incident": done.incident}


@does("/me/tokens/{token:str}/revoke", OWN_ACCOUNT, scope="read")
def api_revoke(ask: Ask, token: str) -> Answer:
    """End one of one's own tokens, this one included."""
    if not ask.common.accounts.revoke(ask.person.id, token):
        raise not_there("token")
    return {"revoked": token}


def _drafts(ask: Ask) -> Answer:
    kept = ask.common.accounts.drafts(ask.person.id)
    rows = [{name: each[name] for name in ("id", "about", "saved")} for each in kept]
    return {"rows": rows, "total": len(rows)}


def _draft(ask: Ask, draft: str) -> dict[str, Any]:
    kept = kept_draft(ask, draft)
    return {
        "id": kept["id"],
        "about": kept["about"],
        "saved": kept["saved"],
        "fields": from_body(kept["body"]),
    }


ROUTES = (
    api_tries, api_new_try, api_try, api_drafts, api_new_draft, api_draft, api_save_draft, api_drop_draft, api_inbox, api_read, api_report, api_revoke,
)  # fmt: skip
