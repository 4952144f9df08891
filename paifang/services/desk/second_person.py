"""A second person who stands behind an act, by name and password typed where the first one is."""

from django.http import HttpRequest

from paifang.core.rules import Role
from paifang.services.desk.one_time_codes import Tries
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.sign_in import SignInError, check_sign_in


class SecondPersonError(Exception):
    """Nobody else stands behind it. `code` is second_same, second_wrong or second_may_not."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def second_person(
    request: HttpRequest, username: str, password: str, *, act: Act, by: Actor
) -> Actor:
    """Return the other active person who has this name and password and may do an act.

    Args:
        request: Handed to Django's back ends.
        username: As typed.
        password: As typed.
        act: What both must be allowed to do.
        by: The first person, from whose address it is typed.

    Raises:
        SecondPersonError: It is nobody, the first person again, or somebody who may not.
        Problem: too_many_codes, from this address.
    """
    tries = Tries(f"second {act.value}", by.where)
    tries.require_left()
    if username.strip().lower() == by.name:
        raise SecondPersonError("second_same")
    try:
        user = check_sign_in(request, username, password, by.where)
    except SignInError:
        tries.failed()
        raise SecondPersonError("second_wrong") from None
    second = Actor(user.username, Role(user.role), by.where)
    if not second.may(act):
        raise SecondPersonError("second_may_not")
    return second
