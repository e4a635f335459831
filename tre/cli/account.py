"""`tre account`: who may sign in to the pages, and whose account an identity is [P13] [P16].

Refuses whoever is not a maintainer, and a maintainer who links their own account.
"""

from typing import Annotated

import typer

from tre.cli import show
from tre.cli.session import Session, require_role, session
from tre.custody.errors import Refusal
from tre.custody.people import Role
from tre.records.accounts import Link
from tre.records.accounts.passwords import digest_of

account = typer.Typer(help="Who may sign in to the pages.", no_args_is_help=True)

INVITATION_BYTES = 24
INVITATION_DAYS = 3
DAY_SECONDS = 24 * 3600


@account.command()
def invite(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help="An account from people.toml.")],
    *,
    address: Annotated[str, typer.Option(help="Where people reach the pages.")] = "http://127.0.0.1:8000",
) -> None:
    """Let somebody set a password and a second factor, by a link that counts once. For maintainers; any they had end."""
    s = session(ctx)
    if Role.MAINTAINER not in s.person.roles:
        raise typer.BadParameter("A maintainer invites people.")
    invited = s.house.site.person(person)
    secret = s.wiring.chance(INVITATION_BYTES).hex()
    expires = int(s.wiring.clock().timestamp()) + INVITATION_DAYS * DAY_SECONDS
    s.house.accounts.invite(digest_of(secret), invited.id, expires=expires)
    s.answer(
        {"person": invited.id, "link": f"{address}/welcome/{secret}", "days": INVITATION_DAYS}, show.facts
    )


@account.command("link")
def link(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help="An account from people.toml.")],
    subject: Annotated[str, typer.Argument(help="The subject, exactly as the provider names it.")],
) -> None:
    """Say whose account an identity of the site's provider is. For maintainers, and not for their own [P13] [P16]."""
    s = session(ctx)
    issuer, linked = _issuer(s), s.house.site.person(person)
    if linked.id == s.person.id:
        raise Refusal("own-account", "Nobody links their own account.", "Ask another maintainer.", "P16")
    now = s.wiring.clock()
    made = Link(issuer, subject, linked.id, s.person.id, int(now.timestamp()))
    if not s.house.accounts.elsewhere.link(made):
        raise Refusal(
            "already-linked",
            "That identity is an account's already.",
            "See `tre account links`; unlink it first.",
            "P13",
        )
    facts = {"account": linked.id, "issuer": issuer, "subject": digest_of(subject)}
    s.house.daybook.note("identity-linked", actor=s.person.id, at=now, facts=facts)
    s.answer({"person": linked.id, "issuer": issuer, "subject": subject}, show.facts)


@account.command("unlink")
def unlink(
    ctx: typer.Context, subject: Annotated[str, typer.Argument(help="The subject that was linked.")]
) -> None:
    """Let an identity of the site's provider be nobody here any more. For maintainers [P13]."""
    s = session(ctx)
    issuer = _issuer(s)
    if not s.house.accounts.elsewhere.unlink(issuer, subject):
        raise Refusal("not-linked", "That identity is no account's.", "See `tre account links`.", "P13")
    facts = {"issuer": issuer, "subject": digest_of(subject)}
    s.house.daybook.note("identity-unlinked", actor=s.person.id, at=s.wiring.clock(), facts=facts)
    s.answer({"issuer": issuer, "subject": subject, "linked": False}, show.facts)


@account.command("links")
def links(ctx: typer.Context) -> None:
    """Which identities are which accounts, and who said so. For maintainers."""
    s = session(ctx)
    _issuer(s)
    found = [vars(each) for each in s.house.accounts.elsewhere.links()]
    s.answer(found, lambda console, value: show.rows(console, value, nothing="Nothing is linked."))


def _issuer(s: Session) -> str:
    """The issuer of the site's provider, for a maintainer."""
    require_role(s, Role.MAINTAINER, "A maintainer links accounts.")
    if not s.house.site.sign_in:
        raise Refusal(
            "no-provider",
            "This site has no identity provider.",
            "Name one in site.toml, in [sign_in].",
            "P13",
        )
    return str(s.house.site.sign_in["issuer"])
