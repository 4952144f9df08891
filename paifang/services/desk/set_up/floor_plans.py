"""Floor plans: a picture of a site, on which its gates and lanes have their places.

What is uploaded is never kept as it came: it is decoded by what it is, not by its name, turned
upright, bounded, and written anew, so that nothing of the camera or the drawing program stays.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.set_up.faults import Refused
from paifang.store.models import Gate, Lane, Site
from paifang.store.models.places import PER_MILLE

FOLDER: Final = Path("files") / "floor-plans"
CONTENT_TYPE: Final = "image/webp"
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_QUALITY: Final = 88
_NAME_BYTES: Final = 12


class Place(NamedTuple):
    """Where something stands, in thousandths of the picture's width and height; None nowhere."""

    x: int | None
    y: int | None


def keep_plan(site: Site, picture: IO[bytes], size: int, by: Actor) -> str:
    """Keep a picture as the site's plan and return the name of its file.

    Args:
        site: Whose.
        picture: What was uploaded.
        size: How many bytes it has.
        by: Who uploads it.

    Raises:
        Refused: `file_too_large`, `file_no_picture` or `file_too_many_pixels`; the old plan stays.
    """
    by.require(Act.set_up)
    if size > limits.FLOOR_PLAN_BYTES_MAX:
        raise Refused("file_too_large", name="picture")
    image = _decoded(picture)
    name = f"{secrets.token_hex(_NAME_BYTES)}-{image.width}x{image.height}.webp"
    _write(image, _folder() / name)
    with transaction.atomic():
        now = Site.objects.select_for_update().get(pk=site.pk)
        before, now.floor_plan = now.floor_plan, name
        now.save(update_fields=["floor_plan"])
        audit.record("floor_plan_kept", who=by.name, subject=site.slug, where=by.where)
    _forget(before)
    return name


def remove_plan(site: Site, by: Actor) -> None:
    """Take a site's plan away; the places of gates are kept for the next one."""
    by.require(Act.set_up)
    with transaction.atomic():
        now = Site.objects.select_for_update().get(pk=site.pk)
        before, now.floor_plan = now.floor_plan, ""
        now.save(update_fields=["floor_plan"])
        audit.record("floor_plan_removed", who=by.name, subject=site.slug, where=by.where)
    _forget(before)


def place_on_plan(site: Site, places: Mapping[UUID, Place], by: Actor) -> None:
    """Give gates and lanes of a site their places; ids of others are passed over."""
    by.require(Act.set_up)
    with transaction.atomic():
        found: list[Gate | Lane] = [
            *Gate.objects.select_for_update().filter(zone__site=site, pk__in=places),
            *Lane.objects.select_for_update().filter(gate__zone__site=site, pk__in=places),
        ]
        moved = 0
        for row in found:
            place = places[row.pk]
            x, y = (None, None) if None in place else place
            if (row.plan_x, row.plan_y) == (x, y):
                continue
            row.plan_x, row.plan_y = x, y
            row.full_clean()
            row.save(update_fields=["plan_x", "plan_y"])
            moved += 1
        if moved:
            told = f"{site.slug}: {moved} placed"
            audit.record("floor_plan_places", who=by.name, subject=told, where=by.where)


def plan_file(site: Site) -> Path | None:
    """Return where a site's picture is, None if there is none."""
    if not site.floor_plan:
        return None
    path = _folder() / Path(site.floor_plan).name
    return path if path.is_file() else None


def plan_size(site: Site) -> tuple[int, int]:
    """Return width and height of a site's picture, as its name tells; a square without one."""
    size = site.floor_plan.rpartition("-")[2].removesuffix(".webp")
    width, _, height = size.partition("x")
    if width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return int(width), int(height)
    return PER_MILLE, PER_MILLE


def _decoded(picture: IO[bytes]) -> Image.Image:
    """Return a picture by its content, upright and bounded. Raises Refused."""
    try:
        with Image.open(picture, formats=_FORMATS) as opened:
            if opened.width * opened.height > limits.FLOOR_PLAN_PIXELS_MAX:
                raise Refused("file_too_many_pixels", name="picture")
            upright = ImageOps.exif_transpose(opened)
            flat = Image.new("RGB", upright.size, "white")
            with_alpha = upright.convert("RGBA")
            flat.paste(with_alpha, mask=with_alpha.getchannel("A"))
    except Image.DecompressionBombError as error:
        raise Refused("file_too_many_pixels", name="picture") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Refused("file_no_picture", name="picture") from error
    flat.thumbnail((limits.FLOOR_PLAN_SIDE_PIXELS_MAX, limits.FLOOR_PLAN_SIDE_PIXELS_MAX))
    return flat


def _folder() -> Path:
    folder = context().data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(image: Image.Image, path: Path) -> None:
    """Write a picture durably: a half-written one never has its name."""
    passing = path.with_suffix(".part")
    with passing.open("wb") as file:
        image.save(file, "WEBP", quality=_QUALITY)
        file.flush()
        os.fsync(file.fileno())
    passing.replace(path)


def _forget(name: str) -> None:
    if name:
        (_folder() / Path(name).name).unlink(missing_ok=True)
