"""[P13] Signing in: password and code together, each code once, a few attempts, short sessions, forms of ours alone."""

from datetime import timedelta

import pyotp
import pytest

from tests.web.conftest import PASSWORD, SECRET
from tre.custody.errors import Refusal
from tre.records.accounts.passwords import digest_of
from tre.web.app import Face, build
from tre.web.asking import safe_path
from tre.web.routes import shows

HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")


def code(desk) -> str:
    return pyotp.TOTP(SECRET).at(desk.now())


def attempt(desk, account: str = "ada", password: str = PASSWORD, shown: str = "", **more: str):
    values = {"account": account, "password": password, "code": shown or code(desk), "next": "/", **more}
    return desk.post("", "/login", values)


def test_password_and_code_together_open_the_door(desk) -> None:
    desk.enrol("ada")
    answer = attempt(desk, next="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tre-session"))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert desk.get("", "/account").status_code == 200


@pytest.mark.parametrize(
    ("account", "password", "shown"),
    [
        ("ada", "wrong horse battery staple", ""),
        ("ada", PASSWORD, "000000"),
        ("nobody", PASSWORD, ""),
        ("ben", PASSWORD, ""),
    ],
)
def test_one_without_the_other_does_not_and_says_the_same(
    desk, account: str, password: str, shown: str
) -> None:
    desk.enrol("ada")
    answer = attempt(desk, account, password, shown)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text


def test_a_code_counts_once(desk) -> None:
    desk.enrol("ada")
    shown = code(desk)
    assert attempt(desk, shown=shown).status_code == 303
    assert attempt(desk, shown=shown).status_code == 401


def test_a_recovery_code_counts_once(desk) -> None:
    desk.enrol("ada")
    kept = desk.common.accounts.credentials("ada")
    desk.common.accounts.enrol(kept, (digest_of("a1b2c3"),), 0)
    assert attempt(desk, shown="A1B2 C3").status_code == 303
    assert attempt(desk, shown="a1b2c3").status_code == 401


def test_after_a_few_failures_even_the_right_password_waits(desk) -> None:
    desk.enrol("ada")
    for _ in range(5):
        attempt(desk, password="wrong horse battery staple")  # noqa: S106 - that is the point
    assert attempt(desk).status_code == 429
    desk.ahead += timedelta(minutes=16)
    assert attempt(desk).status_code == 303


@pytest.mark.parametrize(("waits", "status"), [(timedelta(minutes=29), 200), (timedelta(minutes=31), 303)])
def test_a_session_that_is_not_used_ends(desk, waits: timedelta, status: int) -> None:
    desk.client("ada")
    desk.ahead += waits
    assert desk.get("ada", "/account").status_code == status


def test_a_session_ends_after_eight_hours_however_busy(desk) -> None:
    desk.client("ada")
    for _ in range(17):
        desk.ahead += timedelta(minutes=29)
        answer = desk.get("ada", "/account")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(desk) -> None:
    client = desk.client("ada")
    kept = client.cookies["tre-session"]
    assert desk.post("ada", "/logout").status_code == 303
    client.cookies.set("tre-session", kept)
    assert desk.get("ada", "/account").status_code == 303


def test_somebody_who_is_no_longer_here_is_nobody(desk) -> None:
    desk.client("ada")
    people = dict(desk.common.site.people)
    del people["ada"]
    object.__setattr__(desk.common.site, "people", people)
    assert desk.get("ada", "/account").status_code == 303


def test_a_form_from_elsewhere_is_refused(desk) -> None:
    client = desk.client("ada")
    assert client.post("/logout").status_code == 403
    assert client.post("/logout", data={"_csrf_token": "0" * 128}).status_code == 403
    assert desk.get("ada", "/account").status_code == 200


def test_the_api_takes_no_cookie_and_the_pages_take_no_token(desk) -> None:
    answer = desk.post("ada", "/account/tokens", {"name": "laptop", "scope": "read", "days": "30"})
    secret = answer.text.partition('class="secret">')[2].partition("<")[0]
    assert secret.startswith("tre_")
    assert secret not in desk.get("ada", "/account").text
    headers = {"authorization": f"Bearer {secret}"}
    assert desk.client().get("/account", headers=headers).status_code == 303
    assert desk.client().get("/account", headers=headers).headers["location"].startswith("/login")


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/static/look.css", "/review", "/register"])
def test_every_answer_carries_the_headers(desk, path: str) -> None:
    answer = desk.get("", path)
    assert {name for name in HEADERS if name in answer.headers} == {*HEADERS}
    assert "'unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nb", ""]
)
def test_nobody_is_sent_elsewhere_after_signing_in(path: str) -> None:
    assert safe_path(path) == "/"


def test_an_invitation_sets_a_password_and_a_second_factor_once(desk) -> None:
    desk.common.accounts.invite(digest_of("come"), "ada", expires=int(desk.now().timestamp()) + 60)
    page = desk.get("", "/welcome/come").text
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    values = {"secret": secret, "password": PASSWORD, "code": pyotp.TOTP(secret).at(desk.now())}
    assert desk.post("", "/welcome/come", values | {"password": "short"}).status_code == 422
    assert desk.post("", "/welcome/come", values | {"code": "000000"}).status_code == 422
    assert "Keep these codes" in desk.post("", "/welcome/come", values).text
    assert desk.get("", "/welcome/come").status_code == 404
    desk.ahead += timedelta(seconds=31)
    assert attempt(desk, shown=pyotp.TOTP(secret).at(desk.now())).status_code == 303


def test_no_secret_is_kept_as_it_is(desk) -> None:
    client = desk.client("ada")
    desk.enrol("ben")
    made = desk.post("ada", "/account/tokens", {"name": "laptop", "scope": "read"}).text
    token = made.partition('class="secret">')[2].partition("<")[0]
    kept = b"".join(path.read_bytes() for path in desk.site.glob("accounts.db*"))
    for secret in (PASSWORD, SECRET, token, client.cookies["tre-session"]):
        assert secret.encode() not in kept


def test_a_route_that_does_not_say_who_may_ask_stops_the_app_from_starting(desk) -> None:
    @shows("/open", "everybody")  # type: ignore[arg-type]
    def page() -> str:
        return ""

    with pytest.raises(Refusal, match="route-undeclared"):
        build(desk.common, [Face("broken", [page])])


def test_over_https_the_cookies_are_of_this_host_alone(desk, desk_at) -> None:
    secure = desk_at(desk.site, type(desk.settings)(address="https://testserver.local", requests_a_minute=0))
    secure.enrol("ada")
    answer = attempt(secure)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "__Host-tre=" in c)
    assert "Secure" in cookie
    assert "strict-transport-security" in answer.headers
