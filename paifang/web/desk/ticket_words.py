"""What the pages of tickets say, in words."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext

from paifang.core.codes import group_serial
from paifang.core.reasons import N_, WORDS, Basis, Reason, Verdict
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.services.desk.search_terms import tail_of_phone
from paifang.services.desk.tickets.condition import Condition, condition_of, zone_of
from paifang.services.desk.tickets.filters import Used
from paifang.services.desk.tickets.story import Chapter
from paifang.store.models import ProjectedTicket
from paifang.web.desk.paper_words import LAYOUT_WORDS

CONDITION_WORDS: Final = {
    Condition.valid: N_("Valid"),
    Condition.not_yet: N_("Not valid yet"),
    Condition.voucher: N_("To be exchanged"),
    Condition.used: N_("Used"),
    Condition.expired: N_("Expired"),
    Condition.blocked: N_("Blocked"),
    Condition.unpaid: N_("Unpaid"),
    Condition.void: N_("Void"),
    Condition.refunded: N_("Refunded"),
}
CONDITION_SIGNS: Final = {
    Condition.valid: "tick",
    Condition.not_yet: "broken",
    Condition.voucher: "broken",
    Condition.used: "again",
    Condition.expired: "triangle",
    Condition.blocked: "triangle",
    Condition.unpaid: "triangle",
    Condition.void: "cross",
    Condition.refunded: "cross",
}
STATUS_WORDS: Final = {
    Status.valid: N_("Valid"),
    Status.unpaid: N_("Unpaid"),
    Status.blocked: N_("Blocked"),
    Status.void: N_("Void"),
    Status.refunded: N_("Refunded"),
}
USED_WORDS: Final = {Used.yes: N_("Used"), Used.no: N_("Not used")}
_CREDENTIALS: Final = {
    "code": N_("Code"),
    "serial": N_("Serial"),
    "document": N_("Document"),
    "card": N_("Card"),
    "account": N_("Account"),
}
_KINDS: Final = {
    "issue": N_("Issued"),
    "amend": N_("Particulars changed"),
    "bind": N_("Credential added"),
    "load": N_("Came from the centre"),
    "replace": N_("Credential replaced, the old one has ended"),
    "status": N_("Status changed"),
    "exchange": N_("Exchanged"),
    "passage": N_("Report of the lane"),
    "annul": N_("Entry undone"),
    "erase": N_("Personal data erased"),
    "printed": N_("Printed on paper"),
}
_DECIDED: Final = {
    ("entry", Verdict.admit): N_("Entry"),
    ("exit", Verdict.admit): N_("Exit"),
    ("entry", Verdict.attention): N_("Entry held back"),
    ("exit", Verdict.attention): N_("Exit held back"),
    ("entry", Verdict.refuse): N_("Entry refused"),
    ("exit", Verdict.refuse): N_("Exit refused"),
}
_PASSAGES: Final = {
    "open": N_("Opened"),
    "passed": N_("Passed"),
    "not_shown": N_("Not shown"),
    "no_passage": N_("Nobody passed"),
}
_SIGNS: Final = {Verdict.admit: "tick", Verdict.attention: "triangle", Verdict.refuse: "cross"}
_HIDDEN: Final = "•••"


class Named(Protocol):
    """Something of the configuration, with a name in both languages."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def name_zh(self) -> str:
        """Its Chinese name, "" if it is alike."""


class RowShown(NamedTuple):
    """A ticket of the list in words."""

    row: ProjectedTicket
    hex: str
    holder: str
    company: str
    uses: str
    url: str
    product: str
    session: str
    condition: Condition
    word: str
    sign: str
    serial: str
    at: str


class ChapterShown(NamedTuple):
    """A fact of a story in words; `more` are its particulars, one line each."""

    at: str
    word: str
    sign: str
    where: str
    by: str
    more: list[str]
    node: str
    state: str


def named(thing: Named | None) -> str:
    """Return the name of something of the configuration in the visitor's language, "" of None."""
    if thing is None:
        return ""
    if get_language() == "zh-hans" and thing.name_zh:
        return thing.name_zh
    return thing.name


def at(moment_ms: int, zone: ZoneInfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return an instant as the site's clock shows it, "" of 0."""
    if not moment_ms:
        return ""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(zone).strftime(form)


def row_shown(rules: Rules, row: ProjectedTicket, serial: str, now_ms: int) -> RowShown:
    """Return a ticket of the list in words."""
    condition = condition_of(rules, row, now_ms)
    return RowShown(
        row,
        row.ticket.hex,
        row.holder,
        row.company,
        str(row.uses) if row.uses else "",
        # Of thirty rows, looking the address up by its name would cost more than the rest.
        f"{_list_address()}{row.ticket}/",
        named(rules.centre.products.get(row.product)),
        named(rules.centre.sessions.get(row.session)),
        condition,
        gettext(CONDITION_WORDS[condition]),
        CONDITION_SIGNS[condition],
        group_serial(serial),
        at(row.created_at_ms, zone_of(rules, row)),
    )


@lru_cache(maxsize=1)
def _list_address() -> str:
    return reverse("tickets")


def chapter_shown(chapter: Chapter, zone: ZoneInfo) -> ChapterShown:
    """Return a fact of a story in words."""
    told = _decision_words(chapter) if chapter.decision else _fact_words(chapter)
    word, sign, more = told
    if chapter.reason_text:
        more.append(gettext("Reason: %(reason)s") % {"reason": chapter.reason_text})
    places = [named(chapter.gate) or chapter.gate_slug, chapter.terminal]
    return ChapterShown(
        at(chapter.at_ms, zone, "%Y-%m-%d %H:%M:%S"),
        word,
        sign,
        " · ".join(place for place in places if place),
        chapter.by,
        more,
        "" if chapter.here else chapter.node[:8],
        chapter.decision or chapter.kind,
    )


def _decision_words(chapter: Chapter) -> tuple[str, str, list[str]]:
    verdict = Verdict(chapter.decision)
    more = []
    if verdict is not Verdict.admit or chapter.detail != Reason.ok.value:
        more.append(gettext(WORDS[Reason(chapter.detail)].word))
    if chapter.people > 1:
        words = ngettext("%(n)s person", "%(n)s people", chapter.people)
        more.append(words % {"n": chapter.people})
    if chapter.basis == Basis.override.value:
        more.append(gettext("Admitted by a supervisor"))
    if chapter.basis == Basis.provisional.value:
        more.append(gettext("Recorded without connection"))
    if chapter.conflict:
        more.append(gettext("Conflict %(id)s") % {"id": chapter.conflict})
    if chapter.annulled:
        more.append(gettext("Undone"))
    return gettext(_DECIDED[chapter.kind, verdict]), _SIGNS[verdict], more


def _fact_words(chapter: Chapter) -> tuple[str, str, list[str]]:
    kind, detail = chapter.kind, chapter.detail
    if kind in {"status", "issue"} and detail in Status.__members__:
        more = [gettext(STATUS_WORDS[Status[detail]])]
    elif kind in {"bind", "replace"}:
        more = [gettext(_CREDENTIALS[detail])] if detail in _CREDENTIALS else [detail]
    elif kind == "passage":
        more = [gettext(_PASSAGES[detail])]
    elif kind == "printed" and detail in LAYOUT_WORDS:
        more = [gettext(LAYOUT_WORDS[detail].name)]
    elif kind == "exchange" and detail != Reason.ok.value:
        more = [gettext(WORDS[Reason(detail)].word)]
    else:
        more = []
    return gettext(_KINDS[kind]), "keys", more


def contact_shown(row: ProjectedTicket, *, in_full: bool) -> tuple[str, str]:
    """Return e-mail and phone, or as much of them as those who may not see them are shown."""
    if in_full:
        return row.email, row.phone
    email, phone = "", ""
    if row.email:
        email = f"{row.email[:1]}{_HIDDEN}@{row.email.rpartition('@')[2]}"
    if row.phone:
        phone = f"{_HIDDEN}{tail_of_phone(row.phone)}"
    return email, phone
