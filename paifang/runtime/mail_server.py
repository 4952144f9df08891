"""The mail server as one URL: `smtp://user:password@host:port?tls=none|starttls|tls`."""

from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}
TIMEOUT_S: Final = 20


class MailServer(NamedTuple):
    """Where letters are handed over, and how: `tls` is none, starttls or tls."""

    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    tls: str = "none"

    def as_django(self) -> dict[str, Any]:
        """Return Django's settings for it."""
        return {
            "EMAIL_HOST": self.host,
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": self.user,
            "EMAIL_HOST_PASSWORD": self.password,
            "EMAIL_USE_TLS": self.tls == "starttls",
            "EMAIL_USE_SSL": self.tls == "tls",
            "EMAIL_TIMEOUT": TIMEOUT_S,
        }


def mail_server(url: str) -> MailServer:
    """Return the mail server of a URL; without one none.

    STARTTLS is asked for unless the URL says otherwise: a password in clear is worse than no mail.

    Raises:
        ValueError: The URL makes no sense; it is not repeated, for the password in it.
    """
    if not url:
        return MailServer()
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    tls = query.pop("tls", "starttls")
    if parts.scheme != "smtp" or not parts.hostname or tls not in PORTS or query:
        raise ValueError("not a mail server's URL")
    return MailServer(
        parts.hostname,
        parts.port or PORTS[tls],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls,
    )
