"""What is said of a line between a venue host and its centre, in the visitor's language."""

from typing import Final, NamedTuple

from django.utils.translation import gettext

from paifang.core.link import UNKNOWN, Figures, LinkState, LinkTold
from paifang.core.reasons import N_
from paifang.services.desk.venues import LineIs, LineRow
from paifang.web.desk.terminal_words import ago

LINE_WORDS: Final = {
    "unreachable": N_("The centre does not answer. Look at this machine’s network."),
    "timeout": N_("The centre does not answer in time: the line is too slow or broken."),
    "certificate": N_("The centre’s certificate is not trusted here any more. Join once more."),
    "answer_wrong": N_("What answers at the centre’s address is no centre."),
    "snapshot_altered": N_("The tickets did not come as they were sent. They are fetched anew."),
    "disk": N_("The disk could not take it. Make room."),
    "no_line": N_("This machine joined by files, so files are carried."),
    "node_revoked": N_("The centre withdrew this machine. Join once more with a new code."),
    "diverged": N_(
        "This machine was set back to an older state. Leave it alone and call for help."
    ),
}
_KB: Final = 1024
_MB: Final = 1024 * 1024
STATE_WORDS: Final = {
    LineIs.up: N_("The line is up"),
    LineIs.poor: N_("The line is too poor, so nothing goes over it; the gates go on"),
    LineIs.down: N_("The line is down; the gates go on"),
    LineIs.proving: N_("The line is back; it is used once it has been good for a moment"),
}
STATE_SIGNS: Final = {
    LineIs.up: "tick",
    LineIs.poor: "triangle",
    LineIs.down: "broken",
    LineIs.proving: "moon",
}
LINK_WORDS: Final = {
    LinkState.open: N_("its line is good"),
    LinkState.poor: N_("its line is too poor, nothing goes over it"),
    LinkState.down: N_("its line was down, it is looked at whether it is good"),
}


class LinkShown(NamedTuple):
    """How a host finds its line; `figures` with their age, "" where nothing was measured."""

    state: str
    is_suspended: bool
    figures: str


class LineShown(NamedTuple):
    """The line to the centre with its words; `fetched` is how much of the tickets is here."""

    row: LineRow
    state: str
    sign: str
    bar: str
    error: str
    success: str
    oldest: str
    carried: str
    fetched: str
    figures: str
    needs: str


def link_shown(link: LinkTold, ago_s: int) -> LinkShown:
    """Return in words how a host finds its line."""
    suspended = link.state is not LinkState.open
    return LinkShown(gettext(LINK_WORDS[link.state]), suspended, figures_shown(link.figures, ago_s))


def figures_shown(figures: Figures, ago_s: int) -> str:
    """Return what was measured of a line and when; "" if nothing was."""
    if ago_s < 0:
        return ""
    parts = []
    if figures.loss_percent != UNKNOWN:
        parts.append(gettext("%(n)s %% lost") % {"n": figures.loss_percent})
    if figures.latency_ms != UNKNOWN:
        parts.append(gettext("%(n)s ms there and back") % {"n": figures.latency_ms})
    if figures.kbit != UNKNOWN:
        parts.append(gettext("%(n)s kbit/s") % {"n": figures.kbit})
    return gettext("Measured %(when)s: %(figures)s") % {
        "when": ago(ago_s),
        "figures": ", ".join(parts),
    }


def needs_shown(row: LineRow) -> str:
    """Return from when on the line is suspended; "" if never for being poor."""
    limits = row.limits
    parts = []
    if limits.loss_percent:
        parts.append(gettext("more than %(n)s %% is lost") % {"n": limits.loss_percent})
    if limits.latency_ms:
        parts.append(gettext("there and back takes over %(n)s ms") % {"n": limits.latency_ms})
    if limits.kbit:
        parts.append(gettext("less than %(n)s kbit/s gets through") % {"n": limits.kbit})
    if not parts:
        return gettext("It is used however poor it is.")
    return gettext("Suspended if %(limits)s.") % {"limits": gettext(" or ").join(parts)}


def line_shown(row: LineRow) -> LineShown:
    """Return in words how the line to the centre is."""
    line = row.line
    is_up = row.state is LineIs.up
    state, sign = gettext(STATE_WORDS[row.state]), STATE_SIGNS[row.state]
    if not row.centre.url:
        state, sign = gettext("No line: files are carried"), "back"
    error = ""
    if row.state is LineIs.down and line.error:
        error = gettext(LINE_WORDS[line.error]) if line.error in LINE_WORDS else line.error
    fetched = ""
    if line.fetching:
        fetched = gettext("%(here)s of %(all)s fetched") % {
            "here": size(line.fetched),
            "all": size(line.fetching),
        }
    return LineShown(
        row,
        state,
        sign,
        "working" if is_up else "silent",
        error,
        "" if row.success_s < 0 else ago(row.success_s),
        "" if row.oldest_s < 0 or not line.backlog else ago(row.oldest_s),
        "" if row.carried_s < 0 else ago(row.carried_s),
        fetched,
        figures_shown(line.watch.figures, row.measured_s),
        needs_shown(row) if row.centre.url else "",
    )


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / _MB:.1f} MB" if count >= _MB else f"{-(-count // _KB)} kB"
