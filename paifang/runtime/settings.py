"""Every setting, declared once: typed, read from the environment, overridden by a command's option.

Few on purpose: what an organiser may change is a row in the store. The processes of one server are
given the same settings through their environment. docs/reference/settings.md tells of each;
tests/test_docs.py keeps the page and this module alike.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Self, TypeVar

from paifang.runtime.mail_server import mail_server
from paifang.runtime.words import _

Kind = TypeVar("Kind", bound=StrEnum)
PORT_MAX: Final = 65_535
HTTPS_OFFSET: Final = 443
"""HTTPS stands this far above plain HTTP unless it is said otherwise: 8000 and 8443."""


class SettingError(Exception):
    """A setting makes no sense; the message says which one and why, in the person's language."""


class Only(StrEnum):
    """Which of the two processes to run; both unless they are scaled apart."""

    both = ""
    live = "live"
    desk = "desk"


class Role(StrEnum):
    """What a server is for. All run the same program by the same rules.

    A `centre` answers venue hosts and joins nobody; a `venue` joins a centre and nobody joins it;
    `all` may do both.
    """

    all = "all"
    centre = "centre"
    venue = "venue"


class ServerKind(StrEnum):
    """The ASGI server under the live process; both serve the same application."""

    granian = "granian"
    uvicorn = "uvicorn"


class Address(NamedTuple):
    """Where a port is opened."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DEFAULT_BIND: Final = Address("127.0.0.1", 8000)


def parse_address(text: str, setting: str) -> Address:
    """Return `host:port` or `[v6]:port` as a value. Raises SettingError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise SettingError(
            _("{setting} must be HOST:PORT, such as 0.0.0.0:8000, not “{text}”.").format(
                setting=setting, text=text
            )
        )
    return Address(host, int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person may set.

    Attributes:
        data: The data directory.
        database: `postgresql://…` for store and ledger, "" for SQLite in the data directory.
        bind: Where plain HTTP is served.
        tls: `auto`, `off`, or certificate and key files as `CERT,KEY`.
        tls_bind: Where HTTPS is served; None: on every address, 443 above the plain port.
        mdns: Whether the venue's name is announced on the network.
        role: What this server is for.
        only: Which processes to run.
        server: The ASGI server of the live process.
        desk_threads: How many requests the desk works on at once.
        public_url: Where guests find this server, for links in letters; "" for none.
        smtp_url: The mail server, as `smtp://user:password@host:port?tls=starttls`; "" for none.
        mail_from: The sender's address.
        bench: Whether the null endpoint exists that benchmarks compare with.
    """

    data: Path
    database: str = ""
    bind: Address = DEFAULT_BIND
    tls: str = "auto"
    tls_bind: Address | None = None
    mdns: bool = True
    role: Role = Role.all
    only: Only = Only.both
    server: ServerKind = ServerKind.granian
    desk_threads: int = 4
    public_url: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    bench: bool = False

    @property
    def ledger_target(self) -> str | Path:
        """Where the ledger is, for `paifang.ledger.opening`."""
        return self.database or self.data / "ledger.db"

    @property
    def https(self) -> Address:
        """Where HTTPS is served if it is on."""
        if self.tls_bind is not None:
            return self.tls_bind
        # Phones come by HTTPS from the network even where plain HTTP stays on this machine.
        host = "::" if ":" in self.bind.host else "0.0.0.0"  # noqa: S104 - on purpose
        port = 443 if self.bind.port == 80 else self.bind.port + HTTPS_OFFSET
        return Address(host, port if port <= PORT_MAX else self.bind.port - HTTPS_OFFSET)

    @property
    def base_url(self) -> str:
        """Return the address to open on this machine."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
        host = anywhere.get(self.bind.host, self.bind.host)
        return f"http://{Address(host, self.bind.port)}"

    def to_environment(self) -> dict[str, str]:
        """Return the variables from which a process of this server reads the same settings."""
        return {
            "PAIFANG_DATA": str(self.data),
            "PAIFANG_DATABASE": self.database,
            "PAIFANG_BIND": str(self.bind),
            "PAIFANG_TLS": self.tls,
            "PAIFANG_TLS_BIND": str(self.tls_bind) if self.tls_bind else "",
            "PAIFANG_MDNS": "on" if self.mdns else "off",
            "PAIFANG_ROLE": self.role.value,
            "PAIFANG_ONLY": self.only.value,
            "PAIFANG_SERVER": self.server.value,
            "PAIFANG_DESK_THREADS": str(self.desk_threads),
            "PAIFANG_PUBLIC_URL": self.public_url,
            "PAIFANG_SMTP_URL": self.smtp_url,
            "PAIFANG_MAIL_FROM": self.mail_from,
            "PAIFANG_BENCH": "1" if self.bench else "",
        }

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **options: str | Path | None
    ) -> Self:
        """Return the settings; an option given on the command line goes before the environment.

        Args:
            environment: Variables; those of this process if None.
            options: `data`, `database`, `bind` and so on, as text; None: not given.

        Raises:
            SettingError: One makes no sense, or no data directory is named.
        """
        given = dict(os.environ if environment is None else environment)
        for name, value in options.items():
            if value:
                given[f"PAIFANG_{name.upper()}"] = str(value)
        data = given.get("PAIFANG_DATA", "")
        if not data:
            raise SettingError(
                _("Which data directory? Say --data DIR, or set {setting}.").format(
                    setting="PAIFANG_DATA"
                )
            )
        plain = cls(data=Path(data).absolute())
        tls_bind = given.get("PAIFANG_TLS_BIND", "")
        return replace(
            plain,
            database=_database(given.get("PAIFANG_DATABASE", "")),
            bind=parse_address(given.get("PAIFANG_BIND", "") or str(plain.bind), "--bind"),
            tls=_tls(given.get("PAIFANG_TLS", "") or plain.tls),
            tls_bind=parse_address(tls_bind, "--tls-bind") if tls_bind else None,
            mdns=_switch(given.get("PAIFANG_MDNS", "") or "on", "PAIFANG_MDNS"),
            role=_one_of(Role, given.get("PAIFANG_ROLE", "") or "all", "--role"),
            only=_one_of(Only, given.get("PAIFANG_ONLY", ""), "--only"),
            server=_one_of(
                ServerKind, given.get("PAIFANG_SERVER", "") or "granian", "PAIFANG_SERVER"
            ),
            desk_threads=_count(given.get("PAIFANG_DESK_THREADS", "") or "4", 1, 64),
            public_url=_public_url(given.get("PAIFANG_PUBLIC_URL", "")),
            smtp_url=_smtp_url(given.get("PAIFANG_SMTP_URL", "")),
            mail_from=_mail_from(given.get("PAIFANG_MAIL_FROM", "")),
            bench=given.get("PAIFANG_BENCH", "") == "1",
        )


def _database(url: str) -> str:
    if url and not url.startswith(("postgresql://", "postgres://")):
        # The URL itself is not repeated: it may hold a password.
        raise SettingError(
            _("--database must be a postgresql:// URL; leave it out for SQLite in the directory.")
        )
    return url


def _public_url(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        raise SettingError(
            _("{setting} must be an address such as https://tickets.example.org.").format(
                setting="PAIFANG_PUBLIC_URL"
            )
        )
    return url.rstrip("/")


def _smtp_url(url: str) -> str:
    try:
        mail_server(url)
    except ValueError:
        # The URL itself is not repeated: it may hold a password.
        raise SettingError(
            _("{setting} must be smtp://USER:PASSWORD@HOST:PORT?tls=starttls.").format(
                setting="PAIFANG_SMTP_URL"
            )
        ) from None
    return url


def _mail_from(address: str) -> str:
    if address and (address.count("@") != 1 or not address.isprintable()):
        raise SettingError(
            _("{setting} must be the sender's address, such as tickets@example.org.").format(
                setting="PAIFANG_MAIL_FROM"
            )
        )
    return address


def _tls(text: str) -> str:
    if text not in {"auto", "off"} and text.count(",") != 1:
        raise SettingError(
            _("--tls must be auto, off, or two files as CERT,KEY, not “{text}”.").format(text=text)
        )
    return text


def _one_of(kind: type[Kind], text: str, setting: str) -> Kind:
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(member.value for member in kind if member.value)
        raise SettingError(
            _("{setting} must be one of {words}, not “{text}”.").format(
                setting=setting, words=words, text=text
            )
        ) from None


def _switch(text: str, setting: str) -> bool:
    if text not in {"on", "off"}:
        raise SettingError(
            _("{setting} must be one of {words}, not “{text}”.").format(
                setting=setting, words="on, off", text=text
            )
        )
    return text == "on"


def _count(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(
            _("{setting} must be a number from {least} to {most}, not “{text}”.").format(
                setting="PAIFANG_DESK_THREADS", least=least, most=most, text=text
            )
        )
    return int(text)


def process_environment() -> dict[str, str]:
    """Return a copy of this process's environment, for one that it starts."""
    return dict(os.environ)


def passphrase_from_environment() -> str:
    """Return the passphrase of an exported certificate, "" if none is set."""
    return os.environ.get("PAIFANG_PASSPHRASE", "")


def adopt(settings: Settings) -> None:
    """Put settings into this process's environment, where Django's settings module reads them."""
    os.environ.update(settings.to_environment())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paifang.runtime.django_settings")
