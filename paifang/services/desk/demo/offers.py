"""What the demonstration sells: a product of every kind the gates know."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from paifang.core.rules import Identity, Reentry
from paifang.services.desk.demo.places import DAY, Fair, Scenery
from paifang.store.models import EntitlementRule, Event, Price, Product, Session, Zone

PLAIN: Final = ("Adult ticket", "Student ticket", "Trade visitor")
"""The fair's plain products: one entry by the north or south gate."""

CURRENCY: Final = "CNY"
TAX_BP: Final = 600
"""The tax of 6 % on admission to places of culture and sport in China."""

SLOT_HOURS: Final = 2
SLOT_DAYS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """One entitlement of a product; the fields are those of the table."""

    zone: Zone
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    session_bound: bool = False
    uses_max: int = 1
    day_uses_max: int = 0
    days_max: int = 0
    valid_days: int = 0
    reentry: str = Reentry.none.value
    anti_passback: bool = False


class _Shelf:
    """Makes the products of one event, numbered through."""

    def __init__(self, event: Event, first_number: int) -> None:
        self._event = event
        self._number = first_number

    def add(
        self,
        name: str,
        name_zh: str,
        gives: Sequence[Gives],
        *,
        people: int = 1,
        exchange_required: bool = False,
        identity: Identity = Identity.none,
        supervised: bool = False,
        price: int = 0,
    ) -> None:
        product = Product.objects.create(
            event=self._event,
            number=self._number,
            name=name,
            name_zh=name_zh,
            people=people,
            exchange_required=exchange_required,
            identity=identity.value,
            supervised=supervised,
        )
        self._number += 1
        if price:
            Price.objects.create(
                product=product, position=0, amount_minor=price, currency=CURRENCY, tax_bp=TAX_BP
            )
        for position, entitlement in enumerate(gives):
            fields = {**asdict(entitlement), "zone": entitlement.zone}
            EntitlementRule.objects.create(product=product, position=position, **fields)


def make_fair_offers(fair: Fair) -> None:
    """Make the fair's products; each opens the north and south gates, some open more."""
    begin, end = fair.span
    once = Gives(zone=fair.halls, valid_from=begin, valid_until=end)
    daily = Gives(
        zone=fair.halls,
        valid_from=begin,
        valid_until=end,
        uses_max=0,
        day_uses_max=1,
        reentry=Reentry.after_exit.value,
    )
    tasting = Gives(zone=fair.tasting, valid_from=begin, valid_until=end)
    forum = Gives(zone=fair.forum, session_bound=True)
    work = Gives(zone=fair.halls, uses_max=0, reentry=Reentry.after_exit.value, anti_passback=True)
    shelf = _Shelf(fair.event, 1)
    words = zip(PLAIN, ("成人票", "学生票", "专业观众票"), (8000, 4000, 12_000), strict=True)
    for name, name_zh, price in words:
        shelf.add(name, name_zh, [once], price=price)
    shelf.add("Pass for all days", "全程通票", [daily], price=18_000)
    shelf.add("Fair and tasting", "展馆品茗联票", [once, tasting], price=10_000)
    shelf.add("Fair and forum", "展馆论坛票", [daily, forum])
    shelf.add("Group of 20", "团体票（20人）", [once], people=20)
    five = Gives(zone=fair.halls, valid_from=begin, valid_until=end, uses_max=5)
    shelf.add("Five entries", "五次票", [five])
    shelf.add(
        "Invitation (exchange at the desk)", "邀请函（现场换票）", [once], exchange_required=True
    )
    shelf.add("Named ticket", "实名票", [once], identity=Identity.document)
    shelf.add("Exhibitor", "参展商证", [work])
    shelf.add("Guest of honour", "贵宾票", [once, tasting], supervised=True)
    _sessions(fair.event, begin + DAY, 1, "Forum", "论坛", cap=300)


def make_scenery_offers(scenery: Scenery) -> None:
    """Make the scenic area's products."""
    once = [Gives(zone=zone) for zone in (scenery.mountain, scenery.cave, scenery.lake)]
    pair = [
        Gives(zone=zone, valid_days=2) for zone in (scenery.mountain, scenery.cave, scenery.lake)
    ]
    year = Gives(
        zone=scenery.mountain,
        valid_from=scenery.today,
        valid_until=scenery.today + 365 * DAY,
        uses_max=0,
        day_uses_max=1,
        reentry=Reentry.after_exit.value,
    )
    some_days = Gives(zone=scenery.mountain, uses_max=0, day_uses_max=1, days_max=2, valid_days=5)
    work = Gives(
        zone=scenery.mountain, uses_max=0, reentry=Reentry.after_exit.value, anti_passback=True
    )
    shelf = _Shelf(scenery.event, 101)
    shelf.add("Mountain, adult", "云山成人票", once[:1], price=15_000)
    shelf.add("Mountain, cave and lake", "云山·隐龙洞·镜湖联票", pair)
    boat = [Gives(zone=scenery.lake, session_bound=True)]
    shelf.add("Boat at a set time", "游船时段票", boat, price=6000)
    shelf.add("Annual pass", "年卡", [year], identity=Identity.document)
    shelf.add("2 of 5 days", "五日内任选两日票", [some_days])
    shelf.add("Tour group of 20", "旅行团票（20人）", once[:1], people=20)
    shelf.add("Agency voucher", "旅行社换票凭证", once[:1], exchange_required=True)
    shelf.add("Staff card", "员工卡", [work])
    _sessions(scenery.event, scenery.today, 101, "Boat", "游船", cap=60)


def _sessions(
    event: Event, begin: datetime, number: int, name: str, name_zh: str, *, cap: int
) -> None:
    """Make time slots around the clock, so that one is on whenever somebody looks."""
    local = event.sites.all()[0].zone_info
    for n in range(SLOT_DAYS * 24 // SLOT_HOURS):
        opens = begin + timedelta(hours=n * SLOT_HOURS)
        at = f"{opens.astimezone(local):%m-%d %H:%M}"
        Session.objects.create(
            event=event,
            number=number + n,
            name=f"{name} {at}",
            name_zh=f"{name_zh} {at}",
            opens_at=opens,
            closes_at=opens + timedelta(hours=SLOT_HOURS),
            cap=cap,
        )
