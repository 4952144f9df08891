"""Members of staff: made, given a PIN, let go. Each change reaches the gates at once."""

import re
from typing import Final, NamedTuple

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
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

    `code` is username_malformed, username_taken, username_unknown, name_missing, password_weak,
    pin_malformed, card_malformed, card_taken, cards_too_many, yourself, last_manager or
    superuser_only.
    """

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


class Account(NamedTuple):
    """What a manager says of a member of staff."""

    name: str
    role: Role
    language: str = ""


def add_staff(
    username: str,
    account: Account,
    *,
    password: str,
    pin: str = "",
    superuser: bool = False,
    by: Actor,
) -> User:
    """Make a member of staff who can sign in, and with a PIN can sign acts at a gate.

    Raises:
        NotPermitted: `by` may not.
        StaffError: Something about the account is not acceptable; nothing was changed.
        LedgerFault: The account was made, but the gates could not be told yet.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        user = make_staff(
            username,
            name=account.name,
            role=account.role,
            password=password,
            pin=pin,
            superuser=superuser,
            language=account.language,
        )
        _written("staff_added", f"{user.username} {account.role.value}", by)
    publish(by.name)
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
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise StaffError("username_malformed")
    if User.objects.filter(username=username).exists():
        raise StaffError("username_taken")
    user = User(
        username=username,
        name=clean_name(name),
        role=role.value,
        is_superuser=superuser,
        language=language,
    )
    put_password(user, password)
    if pin:
        put_pin(user, pin)
    user.save(force_insert=True)
    return user


def change_account(username: str, account: Account, *, by: Actor) -> User:
    """Give somebody another name, role or language; the role holds from their next request on.

    Raises:
        NotPermitted: `by` may not.
        StaffError: There is nobody of this name, or the change would lock managers out.
        LedgerFault: It is changed here, but the gates could not be told yet.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        user = known(username)
        before = Role(user.role)
        if account.role is not before:
            require_rank(user, by)
            if user.username == by.name:
                raise StaffError("yourself")
            _require_another_manager(user)
        user.name = clean_name(account.name)
        user.role, user.language = account.role.value, account.language
        user.save(update_fields=["name", "role", "language"])
        roles = account.role.value if account.role is before else f"{before} > {account.role}"
        _written("staff_changed", f"{user.username} {roles}", by)
    publish(by.name)
    return user


def set_password(username: str, password: str, *, by: Actor) -> None:
    """Give somebody a new password, which ends every session they have.

    Raises NotPermitted and StaffError.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        user = known(username)
        require_rank(user, by)
        put_password(user, password)
        user.save(update_fields=["password"])
        _written("password_set", user.username, by)


def set_pin(username: str, pin: str, *, by: Actor) -> None:
    """Give somebody a new PIN, or with an empty one take it. Staff may set their own.

    Raises NotPermitted, StaffError and LedgerFault.
    """
    if by.name != username.lower():
        by.require(Act.manage_staff)
    with transaction.atomic():
        user = known(username)
        if pin:
            put_pin(user, pin)
        else:
            user.pin_salt = user.pin_hash = ""
        user.save(update_fields=["pin_salt", "pin_hash"])
        _written("pin_set" if pin else "pin_removed", user.username, by)
    publish(by.name)


def add_card(username: str, card: str, *, by: Actor) -> None:
    """Let somebody sign on with a card as well; only a keyed hash of its number is kept.

    Raises:
        NotPermitted: `by` may not.
        StaffError: It is no card's number, somebody's already, or there are too many.
        LedgerFault: It is kept, but the gates could not be told yet.
    """
    by.require(Act.manage_staff)
    try:
        hashed = context().keys.card_hash(card_number(card))
    except ValueError as fault:
        raise StaffError("card_malformed") from fault
    with transaction.atomic():
        user = known(username)
        if StaffCard.objects.filter(number_hash=hashed).exclude(user=user).exists():
            raise StaffError("card_taken")
        if user.cards.count() >= limits.CARDS_PER_STAFF_MAX:
            raise StaffError("cards_too_many")
        StaffCard.objects.get_or_create(user=user, number_hash=hashed)
        _written("card_added", user.username, by)
    publish(by.name)


def remove_cards(username: str, *, by: Actor) -> int:
    """Take all cards from somebody, as after one was lost; return how many there were.

    Raises:
        NotPermitted: `by` may not.
        StaffError: There is nobody of this name.
        LedgerFault: It is done here, but the gates could not be told yet.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        user = known(username)
        count, _ = user.cards.all().delete()
        _written("cards_removed", user.username, by)
    publish(by.name)
    return count


def set_active(username: str, *, active: bool, by: Actor, why: str = "") -> None:
    """Let somebody go, or take them back; who is let go is out at the next request.

    Raises:
        NotPermitted: `by` may not.
        StaffError: There is nobody of this name, or nobody would be left to manage.
        LedgerFault: It is done here, but the gates could not be told yet.
    """
    by.require(Act.manage_staff)
    with transaction.atomic():
        user = known(username)
        require_rank(user, by)
        if not active:
            if user.username == by.name:
                raise StaffError("yourself")
            _require_another_manager(user)
        user.is_active = active
        user.save(update_fields=["is_active"])
        _written("staff_active" if active else "staff_ended", user.username, by, why)
    publish(by.name)


def put_password(user: User, password: str) -> None:
    """Set an account's password, without keeping the account. Raises StaffError."""
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise StaffError("password_weak") from fault
    user.set_password(password)


def put_pin(user: User, pin: str) -> None:
    """Set an account's PIN, without keeping the account. Raises StaffError."""
    if not _PIN.fullmatch(pin):
        raise StaffError("pin_malformed")
    user.pin_salt = new_pin_salt()
    user.pin_hash = hash_pin(pin, user.pin_salt)


def clean_name(name: str) -> str:
    """Return a person's name without spaces too many. Raises StaffError without one."""
    clean = " ".join(name.split())[: limits.NAME_CHARS_MAX]
    if not clean:
        raise StaffError("name_missing")
    return clean


def known(username: str) -> User:
    """Return an account, locked until the transaction ends. Raises StaffError."""
    user = User.objects.select_for_update().filter(username=username.lower()).first()
    if user is None:
        raise StaffError("username_unknown")
    return user


def require_rank(user: User, by: Actor) -> None:
    """Let only a superuser take over a superuser's account. Raises StaffError."""
    if by.role is None or not user.is_superuser:
        return
    if not User.objects.filter(username=by.name, is_superuser=True).exists():
        raise StaffError("superuser_only")


def _require_another_manager(user: User) -> None:
    """Refuse to lose the last one who can let others in. Raises StaffError."""
    managers = User.objects.filter(role=Role.manager.value, is_active=True)
    # Locked in one order: two managers who let each other go at the same moment wait in turn.
    others = [one for one in managers.select_for_update().order_by("pk") if one.pk != user.pk]
    if user.role == Role.manager.value and not others:
        raise StaffError("last_manager")


def _written(what: str, subject: str, by: Actor, why: str = "") -> None:
    audit.record(what, who=by.name, subject=subject, why=why, where=by.where)
