"""What the pages of venue hosts and leases say, in the visitor's language and the site's time."""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from paifang.core.leases import RIGHTS, Right, WishKind, WishState
from paifang.core.reasons import N_, WORDS, Reason
from paifang.core.rules import Period, Site
from paifang.services.desk.venues import (
    HostRow,
    HostState,
    LeaseRow,
    Offer,
    Phase,
    WishRow,
)
from paifang.web.desk.line_words import LinkShown, link_shown
from paifang.web.desk.terminal_words import ago, clock_off
from paifang.web.desk.ticket_words import at, named

HOST_WORDS: Final = {
    HostState.working: N_("In touch"),
    HostState.silent: N_("Not heard of"),
    HostState.waiting: N_("Joined, not heard of yet"),
    HostState.doubled: N_("Two machines speak as this host"),
    HostState.revoked: N_("Withdrawn"),
}
HOST_SIGNS: Final = {
    HostState.working: "tick",
    HostState.silent: "broken",
    HostState.waiting: "broken",
    HostState.doubled: "triangle",
    HostState.revoked: "cross",
}
RIGHT_WORDS: Final = {
    Right.admit: N_("Admit"),
    Right.exchange: N_("Exchange vouchers"),
    Right.register: N_("Register people"),
    Right.sell: N_("Sell"),
}
PHASE_WORDS: Final = {
    Phase.preparing: N_("Its tickets are being packed"),
    Phase.fetching: N_("The venue fetches its tickets"),
    Phase.collecting: N_("The journals of gates are collected"),
    Phase.running: N_("The venue decides"),
    Phase.over: N_("Its time is over"),
    Phase.returned: N_("Given back"),
    Phase.broken: N_("Taken back without the host"),
    Phase.sealed: N_("Sealed, for an emergency"),
}
HOST_PHASE_WORDS: Final = PHASE_WORDS | {
    Phase.fetching: N_("Tickets are being fetched"),
    Phase.running: N_("This machine decides"),
    Phase.broken: N_("Taken back by the centre"),
}
PHASE_SIGNS: Final = {
    Phase.preparing: "moon",
    Phase.fetching: "moon",
    Phase.collecting: "moon",
    Phase.running: "tick",
    Phase.over: "triangle",
    Phase.returned: "back",
    Phase.broken: "cross",
    Phase.sealed: "moon",
}
_BARS: Final = {
    Phase.running: "working",
    Phase.preparing: "silent",
    Phase.fetching: "silent",
    Phase.collecting: "silent",
}
CENTRE_SAYS: Final = {
    Phase.preparing: N_(
        "Nobody is admitted there now: this centre decides no longer, the venue not before it has "
        "all tickets."
    ),
    Phase.fetching: N_(
        "Nobody is admitted there now: this centre decides no longer, the venue not before it has "
        "all tickets."
    ),
    Phase.running: N_(
        "The venue decides. Here these tickets cannot be admitted, exchanged, made void or "
        "blocked: the venue can be asked for it. Tickets sold from now on reach it with the line "
        "or by a file."
    ),
    Phase.over: N_(
        "The venue has stopped by itself, and this centre does not decide yet. Extend it, have it "
        "given back there, or break it."
    ),
    Phase.returned: N_("This centre decides again; it has everything of the venue."),
    Phase.broken: N_(
        "This centre decides again. Who got in there and was never told of can get in a second "
        "time."
    ),
    Phase.sealed: N_(
        "This host stands behind the one that decides. It takes over only if two persons there "
        "break the glass, because neither that host nor this centre can be reached."
    ),
}
HOST_SAYS: Final = {
    Phase.collecting: N_(
        "The host before this one was given up. What it decided and could not tell is in its "
        "gates: this machine opens by itself once every gate has told it. Until then gates say "
        "“not ready”."
    ),
    Phase.fetching: N_("Nothing is decided here before all tickets are in. Gates say “not ready”."),
    Phase.running: N_(
        "Scans, exits, undo, overrides, blocking and voiding are decided here, with the line or "
        "without it. Tickets the centre sells meanwhile come with the line or by a file."
    ),
    Phase.over: N_("Nothing is decided here any more. Have the centre extend it, or give it back."),
    Phase.returned: N_("Nothing is decided here. The centre decides once it has everything."),
    Phase.broken: N_("Nothing is decided here. What was not told in time is kept as history only."),
    Phase.sealed: N_(
        "This machine is the spare: it decides nothing. If the host is lost and the centre cannot "
        "be reached, two persons break the glass here, and it takes over."
    ),
}
WISH_WORDS: Final = {
    WishKind.void: N_("Make void"),
    WishKind.block: N_("Block"),
    WishKind.unblock: N_("Unblock"),
}
WISH_STATES: Final = {
    WishState.asked: N_("asked; the venue has not answered yet"),
    WishState.granted: N_("done"),
    WishState.refused: N_("refused"),
    WishState.told: N_("answered; it holds once the spare has heard of it"),
}
WISH_SIGNS: Final = {
    WishState.asked: "moon",
    WishState.granted: "tick",
    WishState.refused: "cross",
    WishState.told: "moon",
}
ERROR_WORDS: Final = {
    "name_missing": N_("Give the host a name, such as hall-3."),
    "name_taken": N_("There is a venue host of this name already."),
    "node_unknown": N_("There is no such venue host any more. Reload the page."),
    "number_wrong": N_("One of the numbers is too small or too big. Look at what stands below."),
    "too_many": N_("There are as many venue hosts as one centre may have."),
    "host_missing": N_("Choose the venue host that shall decide."),
    "host_revoked": N_("This host is withdrawn. Let it join again first."),
    "site_held": N_("This site is leased already. That lease ends first."),
    "rights_missing": N_("A lease gives at least the right to admit."),
    "spare_same": N_("The spare must be another machine than the host that decides."),
    "spare_rights": N_(
        "With a spare a venue can admit and nothing else: vouchers exchanged there would be "
        "unknown to the spare. Take the other rights away, or the spare."
    ),
    "periods_missing": N_("Choose at least one period."),
    "two_sites": N_("Choose periods of one site: each site gets a lease of its own."),
    "period_unknown": N_("One of the periods does not exist any more. Reload the page."),
    "ends_wrong": N_("Give the end as a day and a time."),
    "ends_past": N_("The end must lie ahead."),
    "ends_far": N_("A lease ends within 400 days."),
    "not_later": N_("A lease can only go on until later than it does now."),
    "lease_unknown": N_("There is no such lease."),
    "lease_ended": N_("This lease has ended already."),
    "frozen": N_("This centre was restored. First every venue host must report."),
    "spare_given_up": N_("This host is the one that is given up. Choose another one."),
    "lease_broken_only": N_(
        "The lease is broken, and could not be given to the other host. Give it as a new lease now."
    ),
    "not_collecting": N_("This lease waits for no gate any more. Reload the page."),
    "gate_unknown": N_("One of the gates is not known here any more. Reload the page."),
    "refused": N_("It was refused. Look at how things stand now and try again."),
    "reason_missing": N_("Say why, in a few words."),
    "second_same": N_("That is you. A second person must stand behind it."),
    "second_wrong": N_("Name and password do not belong together. Check both and try again."),
    "second_may_not": N_("This person may not give leases. Ask somebody who may."),
    "too_many_codes": N_("There were too many wrong tries from here. Try again in ten minutes."),
    "later": N_("Nothing is lost, but it could not be recorded now. Send it again."),
    "untold": N_("Kept here, but the gates could not be told yet. Send it once more."),
}
_NO_REASON: Final = "not_possible"


class HostShown(NamedTuple):
    """A venue host with its words; `bar` is what the mark at its edge looks like."""

    row: HostRow
    state: str
    sign: str
    bar: str
    heard: str
    oldest: str
    clock: str
    asked: str
    asked_query: str
    link: LinkShown | None


class LeaseShown(NamedTuple):
    """A lease with its words; times as the site's clocks show them."""

    row: LeaseRow
    state: str
    sign: str
    bar: str
    site: str
    periods: tuple[str, ...]
    until: str
    zone: str
    given: str
    says: str
    may: str
    may_not: str
    spare: str


class PeriodShown(NamedTuple):
    """A period to choose: the form's value, its key, and its dates by the site's clocks."""

    value: str
    key: str
    dates: str


class OfferShown(NamedTuple):
    """A site to choose from."""

    site: str
    zone: str
    held_by: str
    periods: tuple[PeriodShown, ...]


class WishShown(NamedTuple):
    """A wish with its words."""

    row: WishRow
    kind: str
    state: str
    sign: str
    asked: str
    answered: str


def host_shown(row: HostRow) -> HostShown:
    """Return a venue host's words in the visitor's language."""
    asked = row.asked
    query = "" if asked is None else "".join(f"&period={asked.site}/{key}" for key in asked.periods)
    return HostShown(
        row,
        gettext(HOST_WORDS[row.state]),
        HOST_SIGNS[row.state],
        {HostState.working: "working", HostState.revoked: "revoked"}.get(row.state, "silent"),
        "" if row.heard_s < 0 else ago(row.heard_s),
        "" if row.oldest_s < 0 or not row.backlog else ago(row.oldest_s),
        clock_off(row.clock_ms) if row.clock_off else "",
        "" if asked is None else " ".join([asked.site, *asked.periods]),
        f"host={row.node}{query}",
        None if row.link is None else link_shown(row.link, row.link_s),
    )


def lease_shown(row: LeaseRow, *, at_host: bool) -> LeaseShown:
    """Return a lease's words, as its centre or as its host sees it."""
    zone, rights = ZoneInfo(row.site.time_zone), row.lease.rights.split()
    states, says = (HOST_PHASE_WORDS, HOST_SAYS) if at_host else (PHASE_WORDS, CENTRE_SAYS)
    return LeaseShown(
        row,
        gettext(states[row.phase]),
        PHASE_SIGNS[row.phase],
        _BARS.get(row.phase, "revoked" if not row.is_open else "silent"),
        named(row.site),
        tuple(f"{one.key} {dates(one, row.site)}".strip() for one in row.periods),
        at(row.lease.not_after_ms, zone),
        row.site.time_zone,
        at(row.lease.granted_ms, zone),
        gettext(says[row.phase]),
        " · ".join(gettext(RIGHT_WORDS[one]) for one in RIGHTS if one in rights),
        " · ".join(gettext(RIGHT_WORDS[one]) for one in RIGHTS if one not in rights),
        # At the host its spare has no name: only the centre knows who joined.
        gettext("there is one") if at_host and row.spare else row.spare,
    )


def dates(period: Period, site: Site) -> str:
    """Return from when to when a period goes, by the site's clocks; "" if it is not known."""
    if not period.until_ms:
        return ""
    zone = ZoneInfo(site.time_zone)
    return f"{at(period.from_ms, zone)} – {at(period.until_ms, zone)}"


def offer_shown(offer: Offer) -> OfferShown:
    """Return a site to choose from in words."""
    site = offer.site
    return OfferShown(
        named(site),
        site.time_zone,
        offer.held_by,
        tuple(
            PeriodShown(f"{site.slug}/{one.key}", one.key, dates(one, site))
            for one in offer.periods
        ),
    )


def wish_shown(row: WishRow) -> WishShown:
    """Return in words what a venue host was asked, and what it answered."""
    state = gettext(WISH_STATES[row.state])
    if row.state is WishState.refused:
        state = f"{state}: {_reason(row.wish.reason)}"
    zone = ZoneInfo("UTC")
    return WishShown(
        row,
        gettext(WISH_WORDS[WishKind(row.wish.kind)]),
        state,
        WISH_SIGNS[row.state],
        at(row.wish.asked_ms, zone),
        at(row.wish.answered_ms, zone),
    )


def _reason(code: str) -> str:
    if code == _NO_REASON or code not in list(Reason):
        return gettext("the ticket does not permit it as it stands")
    return gettext(WORDS[Reason(code)].word)


def trouble(code: str) -> str:
    """Return what was the matter, and what to do; "" for nothing."""
    return gettext(ERROR_WORDS[code]) if code else ""
