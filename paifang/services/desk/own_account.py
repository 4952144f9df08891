"""What everybody does with their own account: password, sessions."""

from typing import NamedTuple

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest

from paifang.services.desk import audit
from paifang.services.desk.permissions import Actor
from paifang.services.desk.sign_in import check_sign_in
from paifang.services.desk.staff import known, put_password
from paifang.store.models import User


class OwnSession(NamedTuple):
    """One place where somebody is signed in."""

    row: UserSession
    is_here: bool


def change_password(request: HttpRequest, old: str, new: str, *, by: Actor) -> User:
    """Give oneself a new password; all other sessions end.

    Raises:
        SignInError: The old password is wrong, or too many were.
        StaffError: The new one is too weak.
    """
    check_sign_in(request, by.name, old, by.where)
    with transaction.atomic():
        user = known(by.name)
        put_password(user, new)
        user.save(update_fields=["password"])
        audit.record("password_changed", who=by.name, subject=by.name, where=by.where)
    return user


def own_sessions(user: User, key: str | None) -> list[OwnSession]:
    """Return where somebody is signed in, newest first; `key` is the session that asks."""
    rows = UserSession.objects.purge_and_list(user)
    rows.sort(key=lambda row: row.created_at, reverse=True)
    return [OwnSession(row, row.session_key == key) for row in rows]


def end_session(user: User, session: int, *, by: Actor) -> bool:
    """End one of one's own sessions; False if it is none of one's own."""
    row = UserSession.objects.filter(pk=session, user=user).first()
    if row is None:
        return False
    row.end()
    audit.record("session_ended", who=by.name, subject=by.name, where=by.where)
    return True
