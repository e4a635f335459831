"""[P15] People are told who, what, why and where; never content; once; and until it has left."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.web.review_world import ROUNDED, offered
from tre.custody.outputs import Decision, FileVote
from tre.custody.reasons import Reason, ReasonCode
from tre.dispatch.post import Hook, Letter, MailServer, NotSent
from tre.records.outbox import Outbox
from tre.worker.telling import Channels, Telling

SECRET = b"only we two know"
ADDRESSES = {name: f"{name}@example.org" for name in ("ada", "ben", "cleo", "dan", "gus")}


@dataclass
class Post:
    """A mail server and a web server on this host, and what each was given."""

    mail_port: int = 0
    hook_port: int = 0
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    hook_answers: int = 204
    mail_answers: bytes = b"250 taken"


async def speak(post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """SMTP, as far as one letter takes."""
    writer.write(b"220 here\r\n")
    to = ""
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"RCPT":
            to = line.decode().partition("<")[2].partition(">")[0]
        if word == b"DATA":
            writer.write(b"354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            if post.mail_answers.startswith(b"250"):
                post.mails.append((to, content))
            writer.write(post.mail_answers + b"\r\n")
        else:
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
        await writer.drain()
        if word == b"QUIT":
            break
    writer.close()


@pytest.fixture
def post() -> Iterator[Post]:
    made, loop = Post(), asyncio.new_event_loop()

    class Hooked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if made.hook_answers < 300:
                made.calls.append((self.headers["x-tre-signature"], body))
            self.send_response(made.hook_answers)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    web = HTTPServer(("127.0.0.1", 0), Hooked)
    made.hook_port = web.server_port
    server = loop.run_until_complete(
        asyncio.start_server(lambda reader, writer: speak(made, reader, writer), "127.0.0.1", 0)
    )
    made.mail_port = server.sockets[0].getsockname()[1]
    threads = [threading.Thread(target=web.serve_forever), threading.Thread(target=loop.run_forever)]
    for thread in threads:
        thread.start()
    yield made
    web.shutdown()
    web.server_close()
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    for thread in threads:
        thread.join()
    loop.close()


def telling(desk, post: Post) -> Telling:
    common = desk.common
    channels = Channels(
        pages="https://tre.example",
        mail=MailServer("127.0.0.1", post.mail_port, "tre@example.org", start_tls=False),
        addresses=ADDRESSES,
        hook=Hook(f"http://127.0.0.1:{post.hook_port}/tre", SECRET),
    )
    return Telling(common.service, common.read_models, Outbox(common.service.ledger), channels)


def words(content: bytes) -> str:
    return str(message_from_bytes(content, policy=policy.default).get_content())


def test_each_is_told_once_what_concerns_them_and_no_more(desk, post: Post) -> None:
    told = telling(desk, post)
    told.round(desk.now())
    desk.approved("study-1", title="A title that stays inside")
    told.round(desk.now())
    told.round(desk.now())
    assert sorted(to for to, _ in post.mails) == ["ada@example.org", "ben@example.org"]
    for _, content in post.mails:
        said = words(content)
        assert "https://tre.example/studies/study-1" in said
        assert "A title" not in said


def test_a_release_is_told_to_members_and_a_recall_to_those_who_must_act(desk, post: Post) -> None:
    request = offered(desk, {"output/one.csv": ROUNDED})
    told = telling(desk, post)
    told.round(desk.now())
    post.mails.clear()
    case = desk.common.service.request(request)
    yes = tuple(FileVote(each.path, each.digest, Decision.APPROVE) for each in case.offered)
    for person in ("cleo", "dan"):
        desk.common.service.vote(desk.by(person), request, yes)
    desk.common.service.sign_off(desk.by("dan"), request)
    told.round(desk.now())
    assert post.mails == [], "a vote is nobody's news"
    desk.let_out(desk.common.service.release, request)
    desk.common.service.recall(desk.by("cleo"), request)
    told.round(desk.now())
    said = {(to, words(content).splitlines()[0]) for to, content in post.mails}
    assert ("ada@example.org", "A job's files were released.") in said
    recalled = {to for to, what in said if what.startswith("A release was recalled")}
    assert {"ada@example.org", "gus@example.org"} <= recalled
    assert not any(
        "output/one.csv" in words(content) or "cleo" in words(content) for _, content in post.mails
    )


def test_a_checker_has_one_digest_a_day(desk, post: Post) -> None:
    offered(desk, {"output/one.csv": ROUNDED})
    told = telling(desk, post)
    for _ in range(3):
        told.round(desk.now())
    told.round(desk.now() + timedelta(days=1))
    digests = [to for to, content in post.mails if "wait for output checkers" in words(content)]
    assert digests.count("cleo@example.org") == 2
    assert digests.count("dan@example.org") == 2


def test_the_hook_is_signed_and_holds_no_more(desk, post: Post) -> None:
    told = telling(desk, post)
    told.round(desk.now())
    desk.applied("study-1")
    told.round(desk.now())
    ((signature, body),) = post.calls
    assert signature == "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    assert set(json.loads(body)) == {"id", "to", "subject", "lines"}


@pytest.mark.parametrize("broken", ["mail", "hook"])
def test_what_did_not_leave_is_tried_again_later_and_not_at_once(desk, post: Post, broken: str) -> None:
    told = telling(desk, post)
    told.round(desk.now())
    desk.applied("study-1")
    if broken == "mail":
        post.mail_answers = b"451 later"
    else:
        post.hook_answers = 500
    assert told.round(desk.now())["waiting"] == 1
    post.mail_answers, post.hook_answers = b"250 taken", 204
    assert told.round(desk.now())["waiting"] == 1
    assert told.round(desk.now() + timedelta(hours=1)) == {"sent": 1}


def test_a_suspension_for_a_breach_reaches_the_guardian_and_another_does_not(desk, post: Post) -> None:
    desk.approved("study-1")
    told = telling(desk, post)
    told.round(desk.now())
    desk.common.service.suspend(desk.by("ben"), "study-1", Reason(ReasonCode.CONDITIONS_BROKEN))
    told.round(desk.now())
    assert "gus@example.org" not in {to for to, _ in post.mails}
    desk.common.service.reinstate(desk.by("ben"), "study-1", Reason(ReasonCode.RESOLVED))
    desk.common.service.suspend(desk.by("ada"), "study-1", Reason(ReasonCode.SUSPECTED_BREACH))
    told.round(desk.now())
    said = [words(content) for to, content in post.mails if to == "gus@example.org"]
    assert len(said) == 1
    assert "Why: suspected breach." in said[0]


def test_nobody_there_is_said_and_not_raised_past_the_edge() -> None:
    letter = Letter("1.ada", "tre: x", ("x",))
    with pytest.raises(NotSent):
        MailServer("127.0.0.1", 1, "tre@example.org", start_tls=False).send(letter, "ada@example.org")
    with pytest.raises(NotSent):
        Hook("http://127.0.0.1:1/", SECRET).send(letter, "ada")
