"""The letter that brings a link: in both languages, because nobody has asked the holder for one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

from django.utils import translation
from django.utils.translation import gettext

from paifang.core.rules import Rules
from paifang.services.desk.tickets.condition import validity_of, zone_of
from paifang.store.models import ProjectedTicket

LANGUAGES: Final = ("zh-hans", "en")


class Letter(NamedTuple):
    """A letter: plain text, and the same as HTML without anything to be fetched."""

    subject: str
    text: str
    html: str


def letter_of(rules: Rules, row: ProjectedTicket, address: str) -> Letter:
    """Return the letter for a ticket's holder with the address of its page."""
    return in_both([_part(rules, row, language) for language in LANGUAGES], address)


def in_both(parts: Sequence[tuple[str, list[str]]], address: str) -> Letter:
    """Return a letter of subject and lines per language, each followed by the address."""
    text = "\n\n".join([*("\n".join(lines) for _, lines in parts), address]) + "\n"
    link = f'<p><a href="{escape(address)}">{escape(address)}</a></p>'
    body = link.join(
        "".join(f"<p>{escape(line)}</p>" for line in lines if line) for _, lines in parts
    )
    # One subject for both: mailboxes show little of it.
    subject = " / ".join(dict.fromkeys(subject for subject, _ in parts))
    html = (
        f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}{link}</body></html>'
    )
    return Letter(subject, text, html)


def _part(rules: Rules, row: ProjectedTicket, language: str) -> tuple[str, list[str]]:
    """Return subject and lines in one language."""
    is_chinese = language == "zh-hans"
    centre = rules.centre

    def named(thing: object) -> str:
        told = getattr(thing, "name_zh", "") if is_chinese else ""
        return str(told or getattr(thing, "name", ""))

    with translation.override(language):
        event = named(centre.events.get(row.event))
        lines = [
            gettext("Hello %(name)s,") % {"name": row.holder} if row.holder else gettext("Hello,"),
            "",
            gettext("here is your ticket for %(event)s:") % {"event": event},
            " · ".join(
                word
                for word in (
                    named(centre.products.get(row.product)),
                    named(centre.sessions.get(row.session)),
                    _when(rules, row),
                )
                if word
            ),
            gettext("Open the link below on your phone and show the code at the gate."),
            gettext("Whoever has the link has the ticket: do not pass it on."),
        ]
        return gettext("Your ticket for %(event)s") % {"event": event}, lines


def _when(rules: Rules, row: ProjectedTicket) -> str:
    zone, validity = zone_of(rules, row), validity_of(rules, row)
    told = [
        datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
        for moment in validity
        if moment
    ]
    return " – ".join(told)
