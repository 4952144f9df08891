"""The staff as their manager sees them."""

from typing import NamedTuple

from django.db.models import Count, QuerySet

from paifang.core.rules import Role
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import User


class Member(NamedTuple):
    """One member of staff of the list."""

    user: User
    role: Role
    cards: int

    @property
    def has_pin(self) -> bool:
        """Whether they can sign acts at a gate by a PIN."""
        return bool(self.user.pin_hash)


def members(by: Actor) -> list[Member]:
    """Return everybody: those who may sign in by name, then those let go. Raises NotPermitted."""
    by.require(Act.see_staff)
    return [_member(user) for user in _users().order_by("-is_active", "name", "username")]


def member(username: str, by: Actor) -> Member | None:
    """Return one member of staff, None if there is none of this name. Raises NotPermitted."""
    by.require(Act.see_staff)
    user = _users().filter(username=username.lower()).first()
    return None if user is None else _member(user)


def _users() -> QuerySet[User]:
    return User.objects.annotate(cards_count=Count("cards"))


def _member(user: User) -> Member:
    return Member(user, Role(user.role), getattr(user, "cards_count", 0))
