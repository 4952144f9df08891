"""The rules bundle as values: what may be admitted where, and who may ask.

Two layers, each compiled elsewhere, signed, versioned and immutable: the centre's (events,
products, sites, zones, gates, sessions) and the node's (terminals, staff). All times are UTC
milliseconds since 1970; day bounds are given, so no time zone is needed here. Names are kept in
both languages.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from paifang.core import limits
from paifang.core.pricing import Channel, Offered, Price, Shop, Slot, Wanted

DAY_MS = 24 * 60 * 60 * 1000


class Reentry(StrEnum):
    """Whether somebody who left may come in again without a further use."""

    none = "none"
    after_exit = "after_exit"


class Identity(StrEnum):
    """What must be shown beside the ticket at entry."""

    none = "none"
    document = "document"
    face = "face"


class Direction(StrEnum):
    """Which way a passage goes."""

    entry = "entry"
    exit = "exit"


class Role(StrEnum):
    """What a member of staff may do."""

    manager = "manager"
    cashier = "cashier"
    steward = "steward"
    supervisor = "supervisor"
    finance = "finance"
    auditor = "auditor"
    regulator = "regulator"


class TerminalRole(StrEnum):
    """What a terminal is for."""

    gate = "gate"
    badge = "badge"
    box_office = "box_office"
    exchange = "exchange"
    kiosk = "kiosk"
    monitor = "monitor"


@dataclass(frozen=True, slots=True)
class EntitlementRule:
    """What one entitlement of a product gives: one zone, when, and how often.

    Limits count people; 0 means no limit. For a group of n people each limit holds n times.
    `days_max` limits the different days ("2 of 5 days"), `valid_days` the days from the first use.
    """

    zone: str
    gates: tuple[str, ...] = ()
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    session_bound: bool = False
    uses_max: int = 1
    day_uses_max: int = 0
    gate_uses_max: int = 0
    days_max: int = 0
    valid_days: int = 0
    reentry: Reentry = Reentry.none
    anti_passback: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """A kind of ticket. `number` is its short name in codes and in the ledger.

    `signed_codes`: its codes prove themselves, so that a venue that is cut off knows a ticket it
    was never told of. `rotating_codes`: they change every 15 seconds, so that a picture of one
    opens nothing. `prices` are in the organiser's order, the first that fits holds; without any it
    is not for sale. `order_max` is how many may be in one order of the shop.
    """

    number: int
    id: str
    event: int
    name: str
    name_zh: str = ""
    entitlements: tuple[EntitlementRule, ...] = ()
    exchange_required: bool = False
    identity: Identity = Identity.none
    supervised: bool = False
    signed_codes: bool = False
    rotating_codes: bool = False
    prices: tuple[Price, ...] = ()
    order_max: int = 10

    @property
    def session_bound(self) -> bool:
        """Whether a ticket is for one session."""
        return any(rule.session_bound for rule in self.entitlements)


@dataclass(frozen=True, slots=True)
class Event:
    """An event, or a scenic area's standing offer. Its codes are hashed with a key of its own.

    `starts_ms` is 0 for one that has always been on.
    """

    number: int
    id: str
    slug: str
    name: str
    name_zh: str = ""
    organiser: str = ""
    starts_ms: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """A time slot: entry from `opens_ms` to `closes_ms`; `cap` people in all, 0 without limit."""

    number: int
    id: str
    event: int
    name: str
    opens_ms: int
    closes_ms: int
    name_zh: str = ""
    cap: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """A span of a site's days whose tickets form one segment and can be leased together."""

    key: str
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Site:
    """A place with its days: `day_starts_ms` ascending, the last one closing the last day."""

    slug: str
    name: str
    name_zh: str = ""
    time_zone: str = "UTC"
    day_starts_ms: tuple[int, ...] = ()
    periods: tuple[Period, ...] = ()

    def day_at(self, now_ms: int) -> int:
        """Return the start of the site's day that holds `now_ms`, in UTC milliseconds."""
        starts = self.day_starts_ms
        place = bisect_right(starts, now_ms)
        if 0 < place < len(starts):
            return starts[place - 1]
        # Outside the compiled calendar a day is still needed; UTC days are wrong by hours only.
        return now_ms - now_ms % DAY_MS

    def days_between(self, first_ms: int, now_ms: int) -> int:
        """Return how many day bounds lie between two instants: 0 on the same day."""
        starts = self.day_starts_ms
        first, now = bisect_right(starts, first_ms), bisect_right(starts, now_ms)
        if 0 < first <= now < len(starts):
            return now - first
        return max(0, now_ms // DAY_MS - first_ms // DAY_MS)

    def period_of(self, from_ms: int, until_ms: int) -> str:
        """Return the key of the period that holds the whole validity, "" for the standing one."""
        if from_ms and until_ms:
            for period in self.periods:
                if period.from_ms <= from_ms and until_ms <= period.until_ms:
                    return period.key
        return ""


@dataclass(frozen=True, slots=True)
class Zone:
    """An area people are counted in; `cap` is how many may be inside at once, 0 without limit."""

    slug: str
    site: str
    name: str
    name_zh: str = ""
    cap: int = 0
    alarm_percent: int = 90


@dataclass(frozen=True, slots=True)
class Gate:
    """A way into (and out of) a zone."""

    slug: str
    zone: str
    name: str
    name_zh: str = ""
    directions: tuple[Direction, ...] = (Direction.entry, Direction.exit)
    events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CentreRules:
    """The centre's layer of the bundle. `issuing_keys` sign codes: Ed25519, public, in hex."""

    version: int = 0
    events: dict[int, Event] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    sessions: dict[int, Session] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    issuing_keys: tuple[str, ...] = ()

    def shop_of(self, event: int, wanted: Iterable[Wanted], channel: Channel, now_ms: int) -> Shop:
        """Return what an event sells of what somebody wants now (UTC ms), by their numbers."""
        offers, slots = {}, {}
        for line in wanted:
            product, session = self.products.get(line.product), self.sessions.get(line.session)
            if product is not None and product.event == event and product.prices:
                offers[line.product] = Offered(
                    product.prices, product.session_bound, product.order_max
                )
            if session is not None and session.event == event:
                slots[line.session] = Slot(session.opens_ms, session.closes_ms)
        return Shop(offers, slots, channel, now_ms)


@dataclass(frozen=True, slots=True)
class Token:
    """A terminal's bearer token, by its SHA-256 in hex; ends at `not_after_ms`, 0 = never."""

    sha256: str
    not_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Terminal:
    """A machine that may ask: its role, the gates it may stand at, its tokens, whether revoked.

    `public_key` is that of a paired terminal: a point of P-256, uncompressed, in hex (SEC 1,
    2.3.3).
    """

    id: str
    name: str
    role: TerminalRole
    gates: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()
    revoked: bool = False
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff with a sign-on PIN, kept as scrypt hash with its salt, both in hex.

    `cards` are the keyed hashes, in hex, of the numbers of the cards they sign on with.
    """

    username: str
    name: str
    role: Role
    pin_salt: str = ""
    pin_hash: str = ""
    active: bool = True
    cards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node that may talk to this one, by its Ed25519 public key in hex.

    `exchange_key` is its X25519 key in hex, by which secrets are sealed for it alone.
    """

    id: str
    name: str
    public_key: str
    exchange_key: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class NodeRules:
    """The node's own layer of the bundle."""

    version: int = 0
    node: str = ""
    terminals: dict[str, Terminal] = field(default_factory=dict)
    staff: dict[str, Staff] = field(default_factory=dict)
    peers: dict[str, Peer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """Both layers as they stood when a batch was decided."""

    centre: CentreRules = field(default_factory=CentreRules)
    node: NodeRules = field(default_factory=NodeRules)

    def site_of_gate(self, gate: Gate) -> Site:
        """Return the site a gate stands on. Raises KeyError if the bundle is broken."""
        return self.centre.sites[self.centre.zones[gate.zone].site]

    def place_of(
        self, rule: EntitlementRule, session: int, from_ms: int, until_ms: int
    ) -> tuple[str, str]:
        """Return site and period of the segment an entitlement of a ticket belongs to.

        What is not wholly within one period belongs to the site's standing segment ("").

        Args:
            rule: The entitlement.
            session: Number of the ticket's session, 0 = none.
            from_ms: Start of the ticket's own validity, UTC milliseconds, 0 = open.
            until_ms: Its end.

        Raises:
            KeyError: The bundle lacks the entitlement's zone or site.
        """
        starts, ends = [rule.valid_from_ms, from_ms], [rule.valid_until_ms, until_ms]
        slot = self.centre.sessions.get(session) if rule.session_bound else None
        if slot is not None:
            starts.append(slot.opens_ms)
            ends.append(slot.closes_ms)
        site = self.centre.sites[self.centre.zones[rule.zone].site]
        earliest = min((end for end in ends if end), default=0)
        return site.slug, site.period_of(max(starts), earliest)

    def events_at(self, gate: Gate) -> tuple[int, ...]:
        """Return the numbers of the events whose tickets a gate may know, bounded."""
        return gate.events[: limits.EVENTS_PER_GATE_MAX]
