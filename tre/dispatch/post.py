"""The last step of a notice: an e-mail by SMTP, and a signed call to a site's own address. Refuses to follow where an answer points.

What is sent is handed in as plain words; nothing here can reach a case, a file or a person's account.
"""

import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

SECONDS = 10
CREATED = range(200, 300)


class NotSent(Exception):
    """It did not leave; it may be tried again."""


@dataclass(frozen=True)
class Letter:
    """What is sent: an id that stays the same, a subject, and a few lines."""

    id: str
    subject: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in; ``start_tls`` is off only for a server on this host."""

    host: str
    port: int
    sender: str
    start_tls: bool = True

    def send(self, letter: Letter, address: str) -> None:
        """Hand one e-mail in.

        Raises:
            NotSent: the server did not take it.
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, address, letter.subject
        mail["Message-ID"] = f"<{letter.id}@{self.sender.rpartition('@')[2]}>"
        mail.set_content("\n".join(letter.lines) + "\n")
        try:
            with smtplib.SMTP(self.host, self.port, timeout=SECONDS) as server:
                if self.start_tls:
                    server.starttls(context=ssl.create_default_context())
                server.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(type(error).__name__) from error


@dataclass(frozen=True)
class Hook:
    """A site's own address that is told of everything; each call is signed with a secret that both know."""

    address: str
    secret: bytes

    def send(self, letter: Letter, person: str) -> None:
        """Tell it.

        Raises:
            NotSent: it did not answer that it took it.
        """
        body = json.dumps({"id": letter.id, "to": person, "subject": letter.subject, "lines": letter.lines})
        seal = hmac.new(self.secret, body.encode(), hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-tre-signature": f"sha256={seal}"}
        place = urlsplit(self.address)
        made = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        connection = made(place.hostname or "", place.port, timeout=SECONDS)
        try:
            connection.request("POST", place.path or "/", body=body.encode(), headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise NotSent(type(error).__name__) from error
        finally:
            connection.close()
        if status not in CREATED:
            raise NotSent(str(status))
