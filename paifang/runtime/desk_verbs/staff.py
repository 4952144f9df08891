"""Members of staff, from the command line."""

import secrets
from typing import Final

from paifang.core.rules import Role
from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.services.desk import staff
from paifang.services.desk.permissions import COMMAND_LINE
from paifang.store.models import User

PASSWORD_BYTES: Final = 12
PIN_DIGITS: Final = 6


def _words(fault: staff.StaffError, username: str) -> CommandError:
    words = {
        "username_malformed": _("“{name}” is no user name: use a-z, 0-9 and @ . + _ -"),
        "username_taken": _("There is a user “{name}” already."),
        "username_unknown": _("There is no user “{name}”."),
        "name_missing": _("Say what “{name}” is called."),
        "password_weak": _("This password is too short or too easily guessed."),
        "pin_malformed": _("A PIN has 4 to 12 digits."),
        "card_malformed": _("This is no card's number: 8 to 32 hexadecimal digits."),
        "card_taken": _("Somebody else signs on with this card."),
        "cards_too_many": _("“{name}” has as many cards as anybody may have."),
    }
    return CommandError(words[fault.code].format(name=username))


def new_password() -> str:
    """Return a password nobody can guess, for printing once."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def add(
    username: str, *, name: str, role: Role, password: str, with_pin: bool, language: str
) -> str:
    """Make a member of staff; return the PIN, "" without one. Raises CommandError."""
    pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}" if with_pin else ""
    try:
        staff.add_staff(
            username,
            staff.Account(name, role, language),
            password=password,
            pin=pin,
            # The one who sets up must be able to enter what no page can enter yet.
            superuser=role is Role.manager,
            by=COMMAND_LINE,
        )
    except staff.StaffError as fault:
        raise _words(fault, username) from None
    return pin


def set_password(username: str, password: str) -> None:
    """Give somebody a new password. Raises CommandError."""
    try:
        staff.set_password(username, password, by=COMMAND_LINE)
    except staff.StaffError as fault:
        raise _words(fault, username) from None


def add_card(username: str, card: str) -> None:
    """Let somebody sign on with a card. Raises CommandError."""
    try:
        staff.add_card(username, card, by=COMMAND_LINE)
    except staff.StaffError as fault:
        raise _words(fault, username) from None


def remove_cards(username: str) -> int:
    """Take all cards from somebody; return how many there were. Raises CommandError."""
    try:
        return staff.remove_cards(username, by=COMMAND_LINE)
    except staff.StaffError as fault:
        raise _words(fault, username) from None


def listed() -> list[dict[str, str | bool | int]]:
    """Return all members of staff."""
    return [
        {
            "username": user.username,
            "name": user.name,
            "role": user.role,
            "pin": bool(user.pin_hash),
            "cards": user.cards.count(),
            "active": user.is_active,
        }
        for user in User.objects.order_by("username")
    ]


def add_manager(username: str, *, password: str, language: str) -> str:
    """Make the first manager and return the PIN. Raises CommandError."""
    return add(
        username,
        name=username,
        role=Role.manager,
        password=password,
        with_pin=True,
        language=language,
    )
