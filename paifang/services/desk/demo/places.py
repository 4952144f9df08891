"""Places of the demonstration: who organises, which sites, zones and gates there are."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from paifang.services.desk.calendar import day_start_ms
from paifang.store.models import Event, Gate, Organiser, Period, Site, Zone

DAY = timedelta(days=1)


class Span(NamedTuple):
    """From when to when."""

    starts_at: datetime
    ends_at: datetime


class Fair(NamedTuple):
    """The tea fair's places. `halls` are entered by the gates north and south."""

    event: Event
    span: Span
    halls: Zone
    tasting: Zone
    forum: Zone


class Scenery(NamedTuple):
    """The scenic area's places: one zone per attraction, each on a site of its own."""

    event: Event
    today: datetime
    mountain: Zone
    cave: Zone
    lake: Zone


def make_fair(now: datetime, guests: int) -> Fair:
    """Make the tea fair: on since yesterday for ninety days, with room for all its guests.

    Long enough that a demonstration kept for a season still opens its gates.
    """
    organiser = Organiser.objects.create(
        slug="tea-fairs", name="Spring Leaf Fairs", name_zh="春叶会展"
    )
    site = Site.objects.create(
        organiser=organiser, slug="expo-centre", name="Lakeside Expo Centre", name_zh="湖畔会展中心"
    )
    first = day_start(site, now) - DAY
    span = Span(first, first + 90 * DAY)
    Period.objects.create(site=site, key="tea-expo", starts_at=span.starts_at, ends_at=span.ends_at)
    event = Event.objects.create(
        organiser=organiser,
        number=1,
        slug="tea-expo",
        name="International Tea Expo",
        name_zh="国际茶叶博览会",
        starts_at=span.starts_at,
        ends_at=span.ends_at,
    )
    event.sites.set([site])
    halls = Zone.objects.create(
        site=site,
        slug="halls",
        name="Exhibition halls",
        name_zh="展馆",
        cap=max(2_000, 2 * guests),
    )
    tasting = Zone.objects.create(
        site=site, slug="tasting", name="Tasting pavilion", name_zh="品茗馆", cap=120
    )
    forum = Zone.objects.create(
        site=site, slug="forum", name="Forum hall", name_zh="论坛厅", cap=300
    )
    _gate(halls, "north", "North gate", "北门")
    _gate(halls, "south", "South gate", "南门")
    _gate(tasting, "pavilion", "Pavilion door", "品茗馆入口")
    _gate(forum, "forum-door", "Forum door", "论坛厅入口")
    return Fair(event, span, halls, tasting, forum)


def make_scenery(now: datetime) -> Scenery:
    """Make the scenic area: a mountain, a cave and a lake, open all year."""
    organiser = Organiser.objects.create(
        slug="cloud-mountain", name="Cloud Mountain Scenic Area", name_zh="云山风景区"
    )
    event = Event.objects.create(
        organiser=organiser,
        number=2,
        slug="cloud-mountain",
        name="Cloud Mountain Scenic Area",
        name_zh="云山风景区",
    )
    attractions = (
        ("mountain", "Cloud Mountain", "云山", 8_000, "Mountain gate", "山门"),
        ("cave", "Hidden Dragon Cave", "隐龙洞", 200, "Cave entrance", "洞口"),
        ("lake", "Mirror Lake Boats", "镜湖游船", 60, "Landing stage", "码头"),
    )
    zones = []
    for slug, name, name_zh, cap, gate, gate_zh in attractions:
        site = Site.objects.create(organiser=organiser, slug=slug, name=name, name_zh=name_zh)
        event.sites.add(site)
        zone = Zone.objects.create(site=site, slug=slug, name=name, name_zh=name_zh, cap=cap)
        _gate(zone, f"{slug}-gate", gate, gate_zh)
        zones.append(zone)
    mountain, cave, lake = zones
    return Scenery(event, day_start(mountain.site, now), mountain, cave, lake)


def day_start(site: Site, now: datetime) -> datetime:
    """Return when the site's day that holds `now` began."""
    day = (now.astimezone(site.zone_info) - timedelta(hours=site.day_start_hour)).date()
    return datetime.fromtimestamp(
        day_start_ms(site.zone_info, site.day_start_hour, day) / 1000, UTC
    )


def _gate(zone: Zone, slug: str, name: str, name_zh: str) -> None:
    Gate.objects.create(zone=zone, slug=slug, name=name, name_zh=name_zh)
