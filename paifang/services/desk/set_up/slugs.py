"""Short names for addresses and for the ledger, made of the name by themselves."""

import re
import secrets
import unicodedata
from typing import Final

from paifang.store.models import Event, Gate, Organiser, Site, Zone
from paifang.store.models.base import SLUG_CHARS_MAX

Slugged = Organiser | Site | Zone | Gate | Event

_ROOM_FOR_COUNT: Final = 8
_LETTERS_MIN: Final = 2
_TRIES: Final = 50


def folded(name: str) -> str:
    """Return a name in small ASCII letters, digits and hyphens, "" if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    slug = slug[: SLUG_CHARS_MAX - _ROOM_FOR_COUNT].strip("-")
    return slug if len(slug) >= _LETTERS_MIN else ""


def free_slug(model: type[Slugged], name: str) -> str:
    """Return a slug nobody has: of the name, else with a number behind it, else drawn."""
    first = folded(name)
    wanted = [first, *(f"{first}-{n}" for n in range(2, _TRIES))] if first else []
    taken = set(model._default_manager.filter(slug__in=wanted).values_list("slug", flat=True))
    for slug in wanted:
        if slug not in taken:
            return slug
    return f"{model._meta.model_name}-{secrets.token_hex(4)}"
