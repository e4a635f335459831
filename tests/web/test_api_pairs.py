"""Everything that a page does, the API does, for the same people; a page that nobody has given a counterpart fails here."""

from scripts.draw_api import IN_THE_API, NOT_IN_THE_API, pages
from scripts.draw_authorisation import faces
from tre.web.app import routes_of

DECLARED = {(method, path): who for method, path, who in routes_of(faces())}
NO_VERB_LEFT_OUT = {"/login", "/logout", "/welcome/{code:str}", "/account/tokens"}
"""The only forms without a counterpart: they are about who somebody is, which a token has said already."""


def test_every_page_has_its_counterpart_or_a_reason_and_no_pair_is_of_a_page_that_is_gone() -> None:
    assert {*IN_THE_API, *NOT_IN_THE_API} == {*pages()}
    assert not set(IN_THE_API) & set(NOT_IN_THE_API)


def test_no_form_is_without_a_counterpart_but_those_for_signing_in() -> None:
    assert {path for method, path in NOT_IN_THE_API if method == "POST"} == NO_VERB_LEFT_OUT


def test_every_counterpart_is_there_and_every_route_of_the_api_is_some_pages() -> None:
    named = {(method, f"/api{path}") for same in IN_THE_API.values() for method, path in same}
    there = {route for route in DECLARED if route[1].startswith("/api")}
    assert named == there


def test_the_same_people_may_ask_for_a_page_and_for_its_counterpart() -> None:
    for page, same in IN_THE_API.items():
        mine, theirs = DECLARED[page], DECLARED[same[0][0], f"/api{same[0][1]}"]
        assert (mine.roles, mine.fresh, mine.untrained) == (theirs.roles, theirs.fresh, theirs.untrained), (
            page
        )
