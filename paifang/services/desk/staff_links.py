"""One-time links by which people choose their own password: invited, or after they forgot it.

A link's secret follows from its id by the node's key, so that the manager's page can show it again
while it is good; the store keeps a keyed hash alone.
"""

import time
from uuid import UUID

from django.db import transaction

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.staff import (
    Account,
    clean_name,
    known,
    make_staff,
    put_password,
    require_rank,
)
from paifang.store.models import StaffLink, User


class LinkError(Exception):
    """A link leads nowhere. `code` is unknown, late, used or withdrawn."""

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


def invite(account: Account, *, by: Actor) -> StaffLink:
    """Make a link by which somebody becomes staff in a role, good for a week.

    Raises:
        NotPermitted: `by` may not.
        StaffError: The name is missing.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        made = StaffLink(
            name=clean_name(account.name),
            role=account.role.value,
            language=account.language,
            until_ms=now_ms() + limits.INVITATION_S * 1000,
            created_by=by.name,
        )
        _keep(made)
        _written("staff_invited", f"{made.pk} {account.role.value}", by)
    return made


def password_link(username: str, *, by: Actor) -> StaffLink:
    """Make a link by which somebody chooses a new password; the one before it is withdrawn.

    Raises:
        NotPermitted: `by` may not.
        StaffError: There is nobody of this name, or only who may repair can do this.
    """
    by.require(Act.manage_staff)
    at_ms = now_ms()
    with transaction.atomic():
        user = known(username)
        require_rank(user, by)
        StaffLink.objects.filter(user=user, used_at_ms=0).update(withdrawn_at_ms=at_ms)
        made = StaffLink(
            user=user, until_ms=at_ms + limits.PASSWORD_LINK_S * 1000, created_by=by.name
        )
        _keep(made)
        _written("password_link", user.username, by)
    return made


def withdraw(link: UUID, *, by: Actor) -> None:
    """Make a link lead nowhere. Raises NotPermitted and LinkError."""
    by.require(Act.manage_staff)
    with transaction.atomic():
        found = StaffLink.objects.select_for_update().filter(pk=link).first()
        _require_good(found)
        StaffLink.objects.filter(pk=link).update(withdrawn_at_ms=now_ms())
        _written("staff_link_withdrawn", str(link), by)


def invitations(by: Actor) -> list[StaffLink]:
    """Return the invitations that are good now, newest first. Raises NotPermitted."""
    by.require(Act.manage_staff)
    return list(
        StaffLink.objects.filter(user=None, used_at_ms=0, withdrawn_at_ms=0, until_ms__gt=now_ms())
    )


def shown_link(link: UUID, by: Actor) -> tuple[StaffLink, str] | None:
    """Return a link that is good with its secret, for the manager; else None."""
    by.require(Act.manage_staff)
    found = StaffLink.objects.select_related("user").filter(pk=link).first()
    try:
        return (_require_good(found), context().keys.link_secret(link.bytes))
    except LinkError:
        return None


def opened(secret: str) -> StaffLink:
    """Return the link somebody holds. Raises LinkError."""
    hashed = context().keys.link_hash(secret)
    return _require_good(
        StaffLink.objects.select_related("user").filter(secret_hash=hashed).first()
    )


def accept(secret: str, username: str, password: str, *, pin: str = "", where: str = "") -> User:
    """Become staff by an invitation, with a user name, password and PIN of one's own.

    Raises:
        LinkError: It leads nowhere (any more).
        StaffError: Something about the account is not acceptable; the link is still good.
        LedgerFault: The account is made, but the gates could not be told yet.
    """
    with transaction.atomic():
        link = _used(secret)
        if link.user is not None:
            raise LinkError("unknown")
        user = make_staff(
            username,
            name=link.name,
            role=Role(link.role),
            password=password,
            pin=pin,
            language=link.language,
        )
        link.user = user
        link.save(update_fields=["user", "used_at_ms"])
        told = f"{link.pk} {user.username} {link.role}"
        audit.record("invitation_accepted", who=user.username, subject=told, where=where)
    publish(user.username)
    return user


def choose_password(secret: str, password: str, *, where: str = "") -> User:
    """Choose a new password by a link; every session of the account ends.

    Raises:
        LinkError: It leads nowhere (any more).
        StaffError: The password is too weak; the link is still good.
    """
    with transaction.atomic():
        link = _used(secret)
        if link.user is None or not link.user.is_active:
            raise LinkError("unknown")
        user = known(link.user.username)
        put_password(user, password)
        user.save(update_fields=["password"])
        link.save(update_fields=["used_at_ms"])
        audit.record("password_chosen", who=user.username, subject=user.username, where=where)
    return user


def _used(secret: str) -> StaffLink:
    """Return a good link marked as used, not kept yet; nobody else uses it meanwhile."""
    hashed = context().keys.link_hash(secret)
    link = _require_good(
        StaffLink.objects.select_for_update(of=("self",)).filter(secret_hash=hashed).first()
    )
    link.used_at_ms = now_ms()
    return link


def _require_good(link: StaffLink | None) -> StaffLink:
    if link is None:
        raise LinkError("unknown")
    if link.used_at_ms:
        raise LinkError("used")
    if link.withdrawn_at_ms:
        raise LinkError("withdrawn")
    if link.until_ms <= now_ms():
        raise LinkError("late")
    return link


def _keep(link: StaffLink) -> None:
    keys = context().keys
    link.secret_hash = keys.link_hash(keys.link_secret(link.pk.bytes))
    link.save(force_insert=True)


def _written(what: str, subject: str, by: Actor) -> None:
    audit.record(what, who=by.name, subject=subject, where=by.where)


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000
