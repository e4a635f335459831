"""[P13] Signing in at an identity provider: the honest way works; every other answer is nobody's, and says so in words."""

import base64
import hmac
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.web.conftest import TOKEN
from tests.web.identity_provider import CLIENT, SECRET, OpenIdProvider, encoded, served
from tre.records.accounts import Link
from tre.web.oidc.settings import ProviderSettings

SIGN_IN = """
[sign_in]
issuer = "{issuer}"
client = "tre"
acr = ["two-factors"]
amr = ["mfa"]
"""


@pytest.fixture
def provider(desk) -> Iterator[OpenIdProvider]:
    with served(OpenIdProvider(desk.now)) as running:
        yield running


@pytest.fixture
def town(desk, desk_at, provider) -> Any:
    """A site whose people sign in at the provider; Ada's identity is linked."""
    return opened(desk, desk_at, provider)


def opened(desk, desk_at, provider, more: str = "") -> Any:
    rules = (desk.site / "site.toml").read_text()
    (desk.site / "site.toml").write_text(rules + SIGN_IN.format(issuer=provider.issuer) + more)
    (desk.site / "keys" / "sign-in.secret").write_text(SECRET)
    made = desk_at(desk.site)
    provider.clock = made.now
    made.common.accounts.elsewhere.link(Link(provider.issuer, "subject-of-ada", "ada", "eve", 1))
    return made


def at_provider(town, person: str = "", path: str = "/login/oidc?next=/account") -> str:
    """Go to the provider in a browser, and sign in there; the address that it sends the browser back to."""
    left = town.get(person, path)
    assert left.status_code == 303, left.text
    answer = httpx.get(left.headers["location"])
    assert answer.status_code == 302
    return answer.headers["location"].removeprefix(town.settings.address)


def signs_in(town) -> Any:
    return town.get("", at_provider(town))


def test_somebody_who_is_linked_signs_in_and_is_who_they_are(town) -> None:
    answer = signs_in(town)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "HttpOnly" in answer.headers.get_list("set-cookie")[0]
    page = town.get("", "/account")
    assert page.status_code == 200
    assert "ada" in page.text


def test_the_page_for_signing_in_offers_it_only_where_there_is_a_provider(desk, desk_at, provider) -> None:
    assert "/login/oidc" not in desk.get("", "/login").text
    assert desk.get("", "/login/oidc").status_code == 404
    town = opened(desk, desk_at, provider)
    assert "/login/oidc" in town.get("", "/login").text


def test_where_passwords_are_off_none_signs_in_or_proves_anything(desk, desk_at, provider) -> None:
    town = opened(desk, desk_at, provider, "passwords = false\n")
    assert 'name="password"' not in town.get("", "/login").text
    town.enrol("ada")
    assert signs_in(town).status_code == 303
    town.tokens[""] = TOKEN.search(town.get("", "/account").text)[1]
    assert town.post("", "/login", {"account": "ada"}).status_code == 404
    asked = town.post("", "/account/tokens", {"name": "laptop", "scope": "read", "_password": "x"})
    assert asked.status_code == 403
    assert "_password" not in asked.text


def test_what_is_sent_to_the_provider_holds_no_secret_and_binds_the_answer(town) -> None:
    place = httpx.URL(town.get("", "/login/oidc").headers["location"])
    asked = dict(place.params)
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["acr_values"] == "two-factors"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    kept = b"".join(path.read_bytes() for path in town.site.glob("accounts.db*"))
    for secret in (asked["state"], asked["nonce"], town.client().cookies["tre-begun"]):
        assert secret.encode() not in kept


def test_an_identity_that_nobody_linked_is_refused_with_what_to_do(town, provider) -> None:
    provider.subject = "<b>stranger</b>"
    answer = signs_in(town)
    assert answer.status_code == 403
    assert "Ask a maintainer to link it" in answer.text
    assert "&lt;b&gt;stranger" in answer.text
    assert town.get("", "/account").status_code == 303


def test_an_e_mail_address_is_nobody(town, provider) -> None:
    provider.subject = "attacker"
    provider.claims = lambda claims: claims | {
        "email": "ada@mail.example", "email_verified": True, "preferred_username": "ada", "name": "ada",
    }  # fmt: skip
    assert signs_in(town).status_code == 403


def test_an_account_that_was_taken_out_is_nobody_however_linked(town) -> None:
    people = dict(town.common.site.people)
    del people["ada"]
    object.__setattr__(town.common.site, "people", people)
    assert signs_in(town).status_code == 403


CLAIMS = {
    "of another sign-in": lambda claims: claims | {"nonce": "other"},
    "without a nonce": lambda claims: {k: v for k, v in claims.items() if k != "nonce"},
    "for another site": lambda claims: claims | {"aud": "another"},
    "for this site and another": lambda claims: claims | {"aud": ["tre", "another"]},
    "for a site whose name begins the same": lambda claims: claims | {"aud": "tre2"},
    "given to another site": lambda claims: claims | {"azp": "another"},
    "of another issuer": lambda claims: claims | {"iss": "https://other.example"},
    "of the issuer with a stroke more": lambda claims: claims | {"iss": claims["iss"] + "/"},
    "without an issuer": lambda claims: {k: v for k, v in claims.items() if k != "iss"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 61},
    "without an end": lambda claims: {k: v for k, v in claims.items() if k != "exp"},
    "that ends as a word": lambda claims: claims | {"exp": str(claims["exp"])},
    "made long ago": lambda claims: claims | {"iat": claims["iat"] - 601},
    "made in the future": lambda claims: claims | {"iat": claims["iat"] + 120},
    "that does not count yet": lambda claims: claims | {"nbf": claims["iat"] + 120},
    "of nobody": lambda claims: claims | {"sub": ""},
    "of a list of people": lambda claims: claims | {"sub": ["subject-of-ada"]},
    "without a second factor": lambda claims: claims | {"amr": ["pwd"]},
    "that says nothing of how": lambda claims: {k: v for k, v in claims.items() if k != "amr"},
    "with a factor that is no word": lambda claims: claims | {"amr": "mfa"},
    "with a weaker context": lambda claims: claims | {"amr": ["pwd"], "acr": "one-factor"},
}


@pytest.mark.parametrize("how", CLAIMS)
def test_a_token_is_refused_that_is(town, provider, how: str) -> None:
    provider.claims = CLAIMS[how]
    answer = signs_in(town)
    assert answer.status_code == 401
    assert "was not accepted" in answer.text
    assert town.get("", "/account").status_code == 303


@pytest.mark.parametrize(
    "how", [{"amr": ["hwk"], "acr": "two-factors"}, {"exp": -59}, {"iat": 59}, {"aud": ["tre"]}]
)
def test_a_token_counts_within_a_minute_of_skew_and_with_either_sign_of_two_factors(
    town, provider, how: Any
) -> None:
    provider.claims = lambda claims: (
        claims
        | {name: claims["iat"] + value if isinstance(value, int) else value for name, value in how.items()}
    )
    assert signs_in(town).status_code == 303


def unsigned(_: OpenIdProvider, claims: dict[str, Any]) -> str:
    return f"{encoded({'alg': 'none'})}.{encoded(claims)}."


def unsigned_by_a_key_that_is_known(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return f"{encoded({'alg': 'none', 'kid': provider.keys[0].kid})}.{encoded(claims)}."


def with_the_public_key_as_a_secret(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    signed = f"{encoded({'alg': 'HS256', 'kid': provider.keys[0].kid})}.{encoded(claims)}"
    made = hmac.digest(provider.keys[0].as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def with_the_client_secret(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    secret = OctKey.import_key(SECRET, {"kid": provider.keys[0].kid})
    return jwt.encode({"alg": "HS256", "kid": secret.kid}, claims, secret, algorithms=["HS256"])


def with_a_key_of_its_own_in_the_header(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    own = RSAKey.generate_key(2048, {"kid": provider.keys[0].kid})
    header = {"alg": "RS256", "kid": own.kid, "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own, algorithms=["RS256"])


def with_a_key_that_is_not_published(_: OpenIdProvider, claims: dict[str, Any]) -> str:
    own = RSAKey.generate_key(2048, {"kid": "own"})
    return jwt.encode({"alg": "RS256", "kid": "own"}, claims, own, algorithms=["RS256"])


def with_an_algorithm_that_the_site_does_not_name(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, algorithm="PS256")


def changed_after_signing(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{encoded(claims | {'auth_time': 1})}.{signature}"


def not_a_token(*_: Any) -> str:
    return "é.é.é"


@pytest.mark.parametrize(
    "token",
    [
        unsigned,
        unsigned_by_a_key_that_is_known,
        with_the_public_key_as_a_secret,
        with_the_client_secret,
        with_a_key_of_its_own_in_the_header,
        with_a_key_that_is_not_published,
        with_an_algorithm_that_the_site_does_not_name,
        changed_after_signing,
        not_a_token,
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_signature_is_refused_that_is(town, provider, token: Any) -> None:
    provider.token = token
    assert signs_in(town).status_code == 401
    assert town.get("", "/account").status_code == 303


def test_a_secret_among_the_published_keys_signs_nothing(town, provider) -> None:
    provider.keys.append(OctKey.import_key("s" * 32, {"kid": "shared"}))
    provider.token = lambda provider, claims: jwt.encode(
        {"alg": "HS256", "kid": "shared"}, claims, provider.keys[1], algorithms=["HS256"]
    )
    assert signs_in(town).status_code == 401


def test_keys_that_were_changed_are_read_again_at_once_and_the_old_ones_count_no_more(town, provider) -> None:
    assert signs_in(town).status_code == 303
    old = provider.keys[0]
    provider.rotate()
    assert signs_in(town).status_code == 303
    provider.published, provider.keys = provider.keys, [old]
    assert signs_in(town).status_code == 401
    assert provider.asked.count("/jwks") == 3


def test_another_kind_of_key_is_fine_where_the_site_names_its_algorithm(town, provider) -> None:
    provider.keys = [ECKey.generate_key("P-256", {"kid": "ec"})]
    provider.token = lambda provider, claims: provider.signed(claims, algorithm="ES256")
    assert signs_in(town).status_code == 303


# -- the answer that the browser brings back ---------------------------------------------------------------------


def test_an_answer_counts_once(town, provider) -> None:
    back = at_provider(town)
    assert town.get("", back).status_code == 303
    town.clients.clear()
    assert town.get("", back).status_code == 401
    assert provider.asked.count("/token") == 1


def test_an_answer_is_nothing_in_another_browser(town, provider) -> None:
    back = at_provider(town)
    town.clients.clear()
    town.get("", "/login/oidc")
    assert town.get("", back).status_code == 401
    assert "/token" not in provider.asked


def test_an_answer_comes_within_ten_minutes(town) -> None:
    back = at_provider(town)
    town.ahead += timedelta(minutes=11)
    assert town.get("", back).status_code == 401


def test_a_code_that_was_spent_is_worth_nothing(town, provider) -> None:
    first = at_provider(town)
    spent = httpx.URL(first).params["code"]
    assert town.get("", first).status_code == 303
    provider.answer = lambda answer: answer | {"code": spent}
    assert signs_in(town).status_code == 401
    assert provider.refused == ["/token"]


def test_somebody_elses_code_is_worth_nothing_in_this_browser(town, provider) -> None:
    """A code that an attacker got for a sign-in of their own does not sign a victim's browser in as them: PKCE."""
    theirs = httpx.URL(at_provider(town)).params["code"]
    town.clients.clear()
    provider.answer = lambda answer: answer | {"code": theirs}
    assert signs_in(town).status_code == 401
    assert provider.refused == ["/token"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda said: said | {"iss": "https://other.example"},
        lambda said: {k: v for k, v in said.items() if k != "iss"},
        lambda said: said | {"state": "other"},
        lambda said: {k: v for k, v in said.items() if k != "state"},
        lambda said: {k: v for k, v in said.items() if k != "code"},
        lambda said: said | {"error": "access_denied", "error_description": "<script>alert(1)</script>"},
    ],
)
def test_an_answer_that_is_mixed_up_is_refused_before_its_code_is_shown_to_anybody(
    town, provider, answer: Any
) -> None:
    provider.answer = answer
    refused = signs_in(town)
    assert refused.status_code == 401
    assert "<script>alert" not in refused.text
    assert "/token" not in provider.asked


@pytest.mark.parametrize(
    "facts",
    [
        lambda facts: facts | {"issuer": "https://other.example"},
        lambda facts: facts | {"token_endpoint": "http://login.example/token"},
        lambda facts: {k: v for k, v in facts.items() if k != "jwks_uri"},
        lambda _: [],
        lambda facts: facts | {"padding": "x" * 300_000},
    ],
)
def test_a_provider_that_is_not_who_it_should_be_sees_nobody(town, provider, facts: Any) -> None:
    provider.facts = facts
    assert town.get("", "/login/oidc").status_code in {401, 502}


def test_a_provider_that_does_not_answer_is_told_of_in_words(town, provider) -> None:
    provider.get = lambda *_: (500, {})
    answer = town.get("", "/login/oidc")
    assert answer.status_code == 502
    assert "Try again in a few minutes" in answer.text


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_afterwards(town, path: str) -> None:
    answer = town.get("", at_provider(town, path=f"/login/oidc?next={path}"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_after_many_failures_an_address_waits(town, provider) -> None:
    town.get("", "/login/oidc/answer")
    for _ in range(39):
        town.get("", "/login/oidc/answer?state=x&code=y")
    assert town.get("", at_provider(town)).status_code == 429
    assert "/token" not in provider.asked


# -- proving anew ------------------------------------------------------------------------------------------------


def test_a_proof_that_is_old_signs_in_and_decides_nothing_until_it_is_made_anew(town) -> None:
    assert signs_in(town).status_code == 303
    wanted = {"name": "laptop", "scope": "read", "days": "30"}
    asked = town.post("", "/account/tokens", wanted)
    assert asked.status_code == 403
    assert "/login/oidc?again=1" in asked.text
    assert "laptop" in asked.text
    assert "It is you" in town.get("", at_provider(town, path="/login/oidc?again=1")).text
    assert 'class="secret"' in town.post("", "/account/tokens", wanted).text


def test_a_new_proof_is_of_the_same_person_and_new(town, provider) -> None:
    signs_in(town)
    town.common.accounts.elsewhere.link(Link(provider.issuer, "subject-of-ben", "ben", "eve", 1))
    provider.subject = "subject-of-ben"
    assert town.get("", at_provider(town, path="/login/oidc?again=1")).status_code == 401
    provider.subject = "subject-of-ada"
    provider.claims = lambda claims: claims | {"auth_time": claims["iat"] - 120}
    assert town.get("", at_provider(town, path="/login/oidc?again=1")).status_code == 401
    provider.claims = lambda claims: {k: v for k, v in claims.items() if k != "auth_time"}
    assert town.get("", at_provider(town, path="/login/oidc?again=1")).status_code == 401


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "http://login.example"},
        {"issuer": "https://login.example", "amr": ()},
        {"issuer": "https://login.example", "algorithms": ("HS256",)},
        {"issuer": "https://login.example", "algorithms": ("none",)},
        {"issuer": "https://login.example?x=1"},
    ],
)
def test_a_site_cannot_ask_for_less(said: Any) -> None:
    with pytest.raises(ValueError, match=r"issuer|second factor|algorithms"):
        ProviderSettings(**{"client": CLIENT, **said})
