"""What can be watched: an event at one of its sites. Which one to begin with."""

from typing import NamedTuple

from paifang.core.rules import Event, Rules, Site
from paifang.store import models
from paifang.store.models.offers import as_ms


class Place(NamedTuple):
    """An event at a site, both as they are in force at the gates."""

    event: Event
    site: Site

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{self.event.slug}:{self.site.slug}"


def places(rules: Rules, now_ms: int) -> list[Place]:
    """Return what can be watched: what is on now first, then what is to come, then what is over."""
    found = []
    events = models.Event.objects.values_list("number", "starts_at", "ends_at", "sites__slug")
    for number, starts_at, ends_at, slug in events:
        told, site = rules.centre.events.get(number), rules.centre.sites.get(slug)
        if told is None or site is None:
            continue
        starts_ms, ends_ms = as_ms(starts_at), as_ms(ends_at)
        over = bool(ends_ms) and ends_ms <= now_ms
        turn = 2 if over else int(starts_ms > now_ms)
        found.append((turn, number, Place(told, site)))
    # What is over: the newest first.
    found.sort(key=lambda one: (one[0], -one[1] if one[0] == 2 else one[1], one[2].site.slug))
    return [place for _, _, place in found]


def place_named(among: list[Place], key: str) -> Place | None:
    """Return the place an address names, the first one if it names none that is there."""
    named = next((place for place in among if place.key == key), None)
    return named or (among[0] if among else None)
