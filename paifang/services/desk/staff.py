"""Members of staff: made, given a PIN, let go. Each change reaches the gates at once."""

import re
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.live.cards import card_number
from paifang.services.live.pins import hash_pin, new_pin_salt
from paifang.store.models import StaffCard, User
from paifang.store.models.people import USERNAME_CHARS_MAX

PIN_DIGITS_MIN: Final = 4
PIN_DIGITS_MAX: Final = 12
_PIN: Final = re.compile(rf"[0-9]{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}")
_USERNAME: Final = re.compile(rf"[a-z0-9@.+_-]{{1,{USERNAME_CHARS_MAX}}}")


class StaffError(Exception):
    """Staff could not be changed as asked.

    `code` is username_malformed, username_taken, username_unknown, password_weak, pin_malformed,
    card_malformed, card_taken or cards_too_many.
    """

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


def add_staff(
    username: str,
    *,
    name: str,
    role: Role,
    password: str,
    pin: str = "",
    superuser: bool = False,
    language: str = "",
    actor: str = "",
) -> User:
    """Make a member of staff who can sign in, and with a PIN can sign acts at a gate.

    Raises:
        StaffError: Something about the account is not acceptable; nothing was changed.
        LedgerFault: The account was made, but the gates could not be told yet.
    """
    user = make_staff(
        username,
        name=name,
        role=role,
        password=password,
        pin=pin,
        superuser=superuser,
        language=language,
    )
    audit.record("staff_added", who=actor, subject=f"{user.username} {role.value}")
    publish(actor)
    return user


def make_staff(
    username: str,
    *,
    name: str,
    role: Role,
    password: str,
    pin: str = "",
    superuser: bool = False,
    language: str = "",
) -> User:
    """Make the account alone, for callers that publish once for many. Raises StaffError."""
    username = username.lower()
    if not _USERNAME.fullmatch(username):
        raise StaffError("username_malformed")
    if User.objects.filter(username=username).exists():
        raise StaffError("username_taken")
    user = User(
        username=username, name=name, role=role.value, is_superuser=superuser, language=language
    )
    _set_password(user, password)
    if pin:
        _set_pin(user, pin)
    user.save(force_insert=True)
    return user


def set_password(username: str, password: str, actor: str = "") -> None:
    """Give somebody a new password, which ends every session they have. Raises StaffError."""
    with transaction.atomic():
        user = _known(username)
        _set_password(user, password)
        user.save(update_fields=["password"])
        audit.record("password_set", who=actor, subject=user.username)


def set_pin(username: str, pin: str, actor: str = "") -> None:
    """Give somebody a new PIN. Raises StaffError and LedgerFault."""
    with transaction.atomic():
        user = _known(username)
        _set_pin(user, pin)
        user.save(update_fields=["pin_salt", "pin_hash"])
        audit.record("pin_set", who=actor, subject=user.username)
    publish(actor)


def add_card(username: str, card: str, actor: str = "") -> None:
    """Let somebody sign on with a card as well; only a keyed hash of its number is kept.

    Raises:
        StaffError: It is no card's number, somebody's already, or there are too many.
        LedgerFault: It is kept, but the gates could not be told yet.
    """
    try:
        hashed = context().keys.card_hash(card_number(card))
    except ValueError as fault:
        raise StaffError("card_malformed") from fault
    with transaction.atomic():
        user = _known(username)
        if StaffCard.objects.filter(number_hash=hashed).exclude(user=user).exists():
            raise StaffError("card_taken")
        if user.cards.count() >= limits.CARDS_PER_STAFF_MAX:
            raise StaffError("cards_too_many")
        StaffCard.objects.get_or_create(user=user, number_hash=hashed)
        audit.record("card_added", who=actor, subject=user.username)
    publish(actor)


def remove_cards(username: str, actor: str = "") -> int:
    """Take all cards from somebody, as after one was lost; return how many there were.

    Raises:
        StaffError: There is nobody of this name.
        LedgerFault: It is done here, but the gates could not be told yet.
    """
    with transaction.atomic():
        user = _known(username)
        count, _ = user.cards.all().delete()
        audit.record("cards_removed", who=actor, subject=user.username)
    publish(actor)
    return count


def set_active(username: str, *, active: bool, actor: str = "") -> None:
    """Let somebody go, or take them back. Raises StaffError and LedgerFault."""
    with transaction.atomic():
        user = _known(username)
        user.is_active = active
        user.save(update_fields=["is_active"])
        audit.record("staff_active" if active else "staff_ended", who=actor, subject=user.username)
    publish(actor)


def _known(username: str) -> User:
    user = User.objects.select_for_update().filter(username=username.lower()).first()
    if user is None:
        raise StaffError("username_unknown")
    return user


def _set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise StaffError("password_weak") from fault
    user.set_password(password)


def _set_pin(user: User, pin: str) -> None:
    if not _PIN.fullmatch(pin):
        raise StaffError("pin_malformed")
    user.pin_salt = new_pin_salt()
    user.pin_hash = hash_pin(pin, user.pin_salt)
