"""Handing letters over to the mail server, word by word, so that none is sent twice unasked.

Until the server wants the letter itself nothing has happened, and it is tried again later. If it
falls silent after it had the letter, nobody knows: the job says so, and a person decides.
"""

import hashlib
import smtplib
from typing import Final, cast

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import MIMEMixin

from paifang.services.desk.jobs import JobFault, JobRetry, JobUnknown
from paifang.services.desk.tickets.letter import Letter

_ACCEPTED: Final = frozenset({250, 251})
_PERMANENT: Final = 500


def can_send() -> bool:
    """Whether letters can be sent at all: mail server, sender and public address are set."""
    return bool(settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL and settings.PUBLIC_URL)


def message_of(letter: Letter, to: str, key: str) -> EmailMultiAlternatives:
    """Return a letter as a message; the same `key` gives it the same id."""
    message = EmailMultiAlternatives(letter.subject, letter.text, None, [to])
    message.attach_alternative(letter.html, "text/html")
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    # The same letter has the same id: a mailbox that got it twice can tell.
    name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    message.extra_headers = {"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"}
    return message


def hand_over(message: EmailMultiAlternatives) -> None:
    """Give a message to the mail server.

    Raises:
        JobFault: It is refused for good.
        JobRetry: The server is away, busy, or does not know us.
        JobUnknown: The server had the letter and said nothing.
    """
    backend = get_connection()
    assert isinstance(backend, EmailBackend), "letters leave by SMTP"
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as error:
        raise JobRetry("not_let_in") from error
    except (OSError, smtplib.SMTPException) as error:
        raise JobRetry("server_away") from error
    assert backend.connection is not None, "it was opened"
    try:
        _converse(backend.connection, message)
    finally:
        backend.close()


def _converse(server: smtplib.SMTP, message: EmailMultiAlternatives) -> None:
    """Give the letter to the server, word by word: until DATA nothing has happened yet."""
    try:
        server.ehlo_or_helo_if_needed()
        _require(server.mail(settings.DEFAULT_FROM_EMAIL)[0], "sender_refused")
        _require(server.rcpt(message.to[0])[0], "address_refused")
    except (OSError, smtplib.SMTPException) as error:
        raise JobRetry("server_away") from error
    letter = cast("MIMEMixin", message.message())
    body = letter.as_bytes(linesep="\r\n")
    try:
        answered = server.data(body)[0]
    except smtplib.SMTPDataError as error:
        # It did not want to begin.
        raise _refused(error.smtp_code, "letter_refused") from error
    except (OSError, smtplib.SMTPException) as error:
        raise JobUnknown("no_answer") from error
    _require(answered, "letter_refused")


def _require(answered: int, code: str) -> None:
    if answered not in _ACCEPTED:
        raise _refused(answered, code)


def _refused(answered: int, code: str) -> Exception:
    return JobFault(code) if answered >= _PERMANENT else JobRetry("server_busy")
