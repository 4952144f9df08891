"""How a row of the set-up is kept, changed and taken away, whatever it is.

A change is made in one transaction with its line in the audit. The version a form was opened with
must be the one that stands, else nothing is changed and the other's change is shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import transaction

from paifang.services.desk import audit
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.set_up.faults import AskFirst, ChangedMeanwhile, Note, Refused
from paifang.store.models import AuditEntry, Event, Numbering, Product, Session
from paifang.store.models.base import Named

Row = TypeVar("Row", bound=Named)
Values = Mapping[str, Any]
"""What a form gives, by the name of the field."""

NAMES: Final = frozenset({"name", "name_zh"})
"""What may be changed at any time without a word: what things are called."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A change somebody wants: the values, the version they saw, and why if they were asked."""

    values: Values
    version: int
    why: str = ""


def kind_of(row: Named) -> str:
    """Return the stable word of a row's kind, as the audit has it."""
    return str(row._meta.model_name)


def label_of(row: Named) -> str:
    """Return what a row is called in the audit: its slug, else its number, else its id."""
    return str(getattr(row, "slug", "") or getattr(row, "number", "") or row.pk.hex)


def added(row: Row, values: Values, by: Actor) -> Row:
    """Keep a new row. Raises ValidationError by field. To be called within a transaction."""
    many = _take(row, values)
    row.full_clean()
    row.save(force_insert=True)
    for name, chosen in many.items():
        _manager(row, name).set(chosen)
    _note(row, "added", by, subject=str(row))
    return row


def opened(row: Row, version: int) -> Row:
    """Return a row as it stands, locked. Raises ChangedMeanwhile or Refused(gone)."""
    now = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if now is None:
        raise Refused("gone")
    if now.version != version:
        raise ChangedMeanwhile(now, last_changed_by(now))
    return now


def changed(row: Row, wish: Wish, by: Actor, notes: Callable[[set[str]], list[Note]]) -> set[str]:
    """Change an opened row; return which fields changed.

    Args:
        row: As `opened` returned it.
        wish: What is wanted.
        by: Who wants it.
        notes: Told the fields that change, says what must be known first.

    Raises:
        ValidationError: A value is not acceptable, by field.
        AskFirst: There is something to know, and no reason was given.
    """
    before = {name: _value(row, name) for name in wish.values}
    many = _take(row, wish.values)
    row.full_clean()
    after = {name: many[name] if name in many else _value(row, name) for name in before}
    told = {name for name in before if _key(before[name]) != _key(after[name])}
    if not told:
        return told
    ask_first(notes(told), wish.why)
    for name, chosen in many.items():
        _manager(row, name).set(chosen)
    said = "; ".join(
        f"{name} {_said(before[name])} -> {_said(after[name])}" for name in sorted(told)
    )
    kept(row, by, said, wish.why)
    return told


def ask_first(notes: list[Note], why: str) -> None:
    """Go on if there is nothing to know, or it is known and a reason given. Raises AskFirst."""
    if notes and not why.strip():
        raise AskFirst(notes)


def kept(row: Named, by: Actor, said: str, why: str = "") -> None:
    """Save a changed row under its next version, and write down what changed."""
    row.version += 1
    row.save()
    _note(row, "changed", by, subject=said, why=why)


def removed(row: Named, uses: list[str], by: Actor) -> None:
    """Take a row away that nothing refers to. Raises Refused(in_use) with what does."""
    if uses:
        raise Refused("in_use", *uses)
    _note(row, "removed", by, subject=str(row))
    row.delete()


def last_changed_by(row: Named) -> str:
    """Return who changed a row last, "" if nobody is known."""
    entry = (
        AuditEntry.objects.filter(
            what=f"{kind_of(row)}_changed", subject__startswith=f"{label_of(row)}:"
        )
        .order_by("-at", "-id")
        .first()
    )
    return "" if entry is None else entry.who


def next_number(model: type[Event | Session | Product], count: int = 1) -> int:
    """Return the first of `count` numbers that were never given. Within a transaction."""
    with transaction.atomic():
        Numbering.objects.get_or_create(kind=model._meta.model_name)
        row = Numbering.objects.select_for_update().get(kind=model._meta.model_name)
        newest = model._default_manager.order_by("-number").values_list("number", flat=True).first()
        first = max(row.last, newest or 0) + 1
        row.last = first + count - 1
        row.save()
    return first


def require_set_up(by: Actor) -> None:
    """Go on only for those who may change the set-up."""
    by.require(Act.set_up)


def _take(row: Named, values: Values) -> dict[str, list[Any]]:
    """Set the plain fields; return what is chosen of the many-to-many ones."""
    many = {}
    for name, value in values.items():
        if row._meta.get_field(name).many_to_many:
            many[name] = list(value)
        else:
            setattr(row, name, value)
    return many


def _value(row: Named, name: str) -> Any:
    if row._meta.get_field(name).many_to_many:
        return list(_manager(row, name).all())
    return getattr(row, name)


def _manager(row: Named, name: str) -> Any:
    return getattr(row, name)


def _key(value: Any) -> Any:
    return {one.pk for one in value} if isinstance(value, list) else value


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(sorted(label_of(one) for one in value)) + "]"
    if isinstance(value, Named):
        return label_of(value)
    return '""' if value == "" else str(value)


def _note(row: Named, what: str, by: Actor, *, subject: str, why: str = "") -> None:
    audit.record(
        f"{kind_of(row)}_{what}",
        who=by.name,
        subject=f"{label_of(row)}: {subject}",
        why=why,
        where=by.where,
    )
