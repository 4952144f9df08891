"""The first run: an installation without staff gets its first organiser and manager in a browser.

Who holds the link proves to have seen what the server says on its own machine. It is good only
while there is nobody who could sign in, and so exactly once.
"""

import hmac
from typing import Final, NamedTuple

from django.db import connection, transaction

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.staff import make_staff
from paifang.store.models import Organiser, User

PATH: Final = "/first-run/"
_ADVISORY_LOCK: Final = 7_243_190_003
_SLUG: Final = "organiser"


class FirstRunError(Exception):
    """Not set up. `code` is closed (somebody can sign in already), code_wrong or name_missing."""

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


class FirstManager(NamedTuple):
    """What the first manager says of themselves."""

    username: str
    name: str
    password: str
    pin: str = ""
    language: str = ""


def is_open() -> bool:
    """Whether nobody can sign in yet."""
    return not User.objects.exists()


def link(base_url: str) -> str:
    """Return the address that sets up, "" once somebody can sign in."""
    return f"{base_url}{PATH}?code={context().keys.first_run_code()}" if is_open() else ""


def require(code: str) -> None:
    """Go on with the right code while it is good. Raises FirstRunError."""
    if not is_open():
        raise FirstRunError("closed")
    if not hmac.compare_digest(code.encode(), context().keys.first_run_code().encode()):
        raise FirstRunError("code_wrong")


def set_up(code: str, organiser: str, manager: FirstManager, *, where: str) -> User:
    """Make the first organiser and the first manager, who may also repair.

    Args:
        code: From the link.
        organiser: What the organiser is called.
        manager: Who sets up.
        where: The address it came from.

    Raises:
        FirstRunError: Somebody was faster, the code is wrong, or the organiser has no name.
        StaffError: Something about the account is not acceptable; nothing was made.
        LedgerFault: All is made, but the gates could not be told yet.
    """
    name = " ".join(organiser.split())[: limits.NAME_CHARS_MAX]
    with transaction.atomic():
        _alone()
        require(code)
        if not name:
            raise FirstRunError("name_missing")
        user = make_staff(
            manager.username,
            name=manager.name,
            role=Role.manager,
            password=manager.password,
            pin=manager.pin,
            superuser=True,
            language=manager.language,
        )
        if not Organiser.objects.exists():
            Organiser.objects.create(slug=_SLUG, name=name)
        audit.record("first_run", who=user.username, subject=user.username, where=where)
    publish(user.username)
    return user


def _alone() -> None:
    """Let one visitor at a time set up; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
