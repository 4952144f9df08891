"""What a report says, as tables in the visitor's language: for the page, files and paper."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.utils.translation import gettext

from paifang.core.reasons import N_, WORDS
from paifang.core.rules import Rules
from paifang.services.desk.paper.report import ReportPaper, ReportTable
from paifang.services.desk.reports import Arrivals, Count, Report, Span
from paifang.services.desk.sheets import Cell
from paifang.web.desk.today_words import named, number

PERCENT: Final = 100


class Line(NamedTuple):
    """One row of a table; `filled` is how long its bar is, 0 to 100."""

    cells: tuple[str, ...]
    values: tuple[Cell, ...]
    filled: int


class Section(NamedTuple):
    """One table of a report: its stable name, title, what to know of it, columns and rows.

    The first column names the row, the others hold numbers unless `texts` says so.
    """

    name: str
    title: str
    hint: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    texts: bool = False


_FIRST: Final = {
    "arrivals": N_("Ticket type"),
    "sessions": N_("Session"),
    "groups": N_("Ticket type"),
    "companies": N_("Company"),
    "phones": N_("Region"),
}
_OF_ALL: Final = N_("Of all tickets so far, whatever days are chosen above.")


def sections(told: Report, rules: Rules) -> list[Section]:
    """Return the tables of a report that have something to tell, in their order."""
    gates = {gate.slug: named(gate) for gate in rules.centre.gates.values()}
    products = {str(one.number): named(one) for one in rules.centre.products.values()}
    sessions = {str(one.number): named(one) for one in rules.centre.sessions.values()}
    hint = gettext(_OF_ALL)
    made = [
        _times(told),
        _flow("gates", gettext("By gate"), gettext("Gate"), told.gates, gates),
        _flow(
            "products", gettext("By ticket type"), gettext("Ticket type"), told.products, products
        ),
        _reasons(told),
        _arrived(
            "arrivals", gettext("Who came, and who did not"), hint, told.by_product, products.get
        ),
        _arrived("sessions", gettext("By session"), hint, told.by_session, sessions.get),
        _arrived("groups", gettext("Groups"), hint, told.groups, products.get),
        _arrived("companies", gettext("By company"), hint, told.companies, str),
        _arrived("phones", gettext("By phone number’s region"), hint, told.phones, str),
        _hand_made(told, gates),
    ]
    return [one for one in made if one.lines]


def when(told: Report, at_ms: int) -> datetime:
    """Return an instant as the site's clocks show it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(told.zone)


def span_word(told: Report, span: Span, *, day_too: bool) -> str:
    """Return what an hour or a day is called."""
    local = when(told, span.from_ms)
    if not told.by_hours:
        return f"{local:%Y-%m-%d}"
    return f"{local:%m-%d %H:%M}" if day_too else f"{local:%H:%M}"


def _times(told: Report) -> Section:
    day_too = told.asked.first != told.asked.last
    names = [span_word(told, span, day_too=day_too) for span in told.spans]
    # When clocks are put back an hour comes twice; then the offset tells them apart.
    twice = {name for name in names if names.count(name) > 1} if told.by_hours else set()
    lines = []
    top = max((span.entries for span in told.spans), default=0)
    for name, span in zip(names, told.spans, strict=True):
        shown = f"{name} ({when(told, span.from_ms):%z})" if name in twice else name
        lines.append(_line(shown, span[1:], span.entries, top))
    if not any(any(span[1:]) for span in told.spans):
        lines = []
    title = gettext("By hour") if told.by_hours else gettext("By day")
    first = gettext("From") if told.by_hours else gettext("Day")
    return Section("times", title, "", (first, *_ways()), tuple(lines))


def _ways() -> tuple[str, ...]:
    return (gettext("Entries"), gettext("Exits"), gettext("Refused"))


def _flow(
    name: str, title: str, first: str, counts: Sequence[Count], words: dict[str, str]
) -> Section:
    top = max((one.entries for one in counts), default=0)
    lines = tuple(
        _line(words.get(one.key, one.key), one[1:], one.entries, top)
        for one in counts
        if any(one[1:])
    )
    return Section(name, title, "", (first, *_ways()), lines)


def _reasons(told: Report) -> Section:
    top = max((count for _, count in told.reasons), default=0)
    lines = tuple(
        _line(gettext(WORDS[reason].word), (count,), count, top) for reason, count in told.reasons
    )
    header = (gettext("Reason"), gettext("Refused"))
    return Section("reasons", gettext("Refused, by reason"), "", header, lines)


def _arrived(
    name: str,
    title: str,
    hint: str,
    rows: Iterable[Arrivals],
    word_of: Callable[[str], str | None],
) -> Section:
    lines = tuple(
        _line(
            word_of(one.key) or one.key,
            (one.tickets, one.people, one.came_tickets, one.came_people, one.missing),
            one.came_people,
            one.people,
        )
        for one in rows
    )
    header = (
        gettext(_FIRST[name]),
        *(gettext("Tickets"), gettext("People"), gettext("Tickets used")),
        *(gettext("People who came"), gettext("Not come")),
    )
    return Section(name, title, hint, header, lines)


def _hand_made(told: Report, gates: dict[str, str]) -> Section:
    lines = []
    for one in told.hand_made or ():
        at = when(told, one.at_ms)
        gate = gates.get(one.gate, one.gate)
        cells = (f"{at:%Y-%m-%d %H:%M}", gate, one.staff, one.reason_text)
        lines.append(Line(cells, (at, *cells[1:]), 0))
    header = (gettext("At"), gettext("Gate"), gettext("By"), gettext("Reason"))
    title = gettext("Admitted by a supervisor")
    return Section("overrides", title, "", header, tuple(lines), texts=True)


def _line(name: str, counts: Sequence[int], part: int, top: int) -> Line:
    return Line(
        (name, *(number(count) for count in counts)),
        (name, *counts),
        min(PERCENT, part * PERCENT // top) if top else 0,
    )


def figures(told: Report) -> list[tuple[str, str, str]]:
    """Return the figures above the tables: word, value, and what it is measured by."""
    people = sum(one.people for one in told.by_product)
    came = sum(one.came_people for one in told.by_product)
    exits = gettext("%(n)s exits") % {"n": number(told.exits)}
    conflicts = gettext("%(n)s late records in conflict") % {"n": number(told.conflicts)}
    undone = gettext("%(n)s entries undone") % {"n": number(told.annulled)}
    arrived = gettext("%(came)s of %(people)s people came") % {
        "came": number(came),
        "people": number(people),
    }
    return [
        (gettext("Entries"), number(told.entries), exits),
        (gettext("Refused"), number(told.refused), conflicts),
        (gettext("By a supervisor"), number(told.overrides), undone),
        (gettext("Not come so far"), number(people - came), arrived),
    ]


def report_paper(told: Report, rules: Rules, now_ms: int) -> ReportPaper:
    """Return what stands on the paper of a report."""
    place, asked = told.asked.place, told.asked
    days = f"{asked.first}" if asked.first == asked.last else f"{asked.first} – {asked.last}"
    at = f"{when(told, now_ms):%Y-%m-%d %H:%M}"
    return ReportPaper(
        name=f"{place.event.slug} {asked.first} {asked.last}",
        title=named(place.event),
        subtitle=" · ".join([named(place.site), days, *_narrowed(told, rules)]),
        foot=gettext("Report, printed %(at)s") % {"at": at},
        figures=figures(told),
        tables=[
            ReportTable(
                section.title,
                section.hint,
                section.header,
                [(line.cells, line.filled) for line in section.lines],
                section.texts,
            )
            for section in sections(told, rules)
        ],
    )


def _narrowed(told: Report, rules: Rules) -> list[str]:
    """Return the names of what a report was narrowed to."""
    asked, centre = told.asked, rules.centre
    chosen = (
        centre.products.get(asked.product),
        centre.gates.get(asked.gate),
        centre.sessions.get(asked.session),
    )
    return [named(one) for one in chosen if one is not None]
