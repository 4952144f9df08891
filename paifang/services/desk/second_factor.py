"""Second factors of staff: who has one, and how a manager takes it after a phone was lost."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from paifang.services.desk import audit
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.staff import StaffError, known, require_rank
from paifang.store.models import User


def has_second_factor(user: User) -> bool:
    """Whether signing in asks for more than the password."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def reset_second_factor(username: str, *, why: str, by: Actor) -> None:
    """Take somebody's second factor and recovery codes; the password alone is asked for then.

    Raises:
        NotPermitted: `by` may not.
        StaffError: There is nobody of this name, no reason, or only who may repair can do this.
    """
    by.require(Act.manage_staff)
    if not why:
        raise StaffError("reason_missing")
    with transaction.atomic():
        user = known(username)
        require_rank(user, by)
        Authenticator.objects.filter(user=user).delete()
        audit.record(
            "second_factor_reset", who=by.name, subject=user.username, why=why, where=by.where
        )
