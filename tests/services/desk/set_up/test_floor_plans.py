"""Floor plans: known by their content, bounded, written anew, and placed upon."""

import io
from pathlib import Path

import pytest
from PIL import Image

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.floor_plans import (
    Place,
    keep_plan,
    place_on_plan,
    plan_file,
    plan_size,
    remove_plan,
)
from paifang.store.models import Lane
from tests.desk_makers import Venue, make_venue

EVE = Actor("eve", Role.manager)
SECRET = "photographer-was-here"


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    return make_venue()


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200), turned: int = 1) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGBA" if kind == "PNG" else "RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif[0x0112] = turned
    image.save(file, kind, exif=exif)
    return file.getvalue()


def keep(venue: Venue, body: bytes) -> Path:
    keep_plan(venue.site, io.BytesIO(body), len(body), EVE)
    venue.site.refresh_from_db()
    path = plan_file(venue.site)
    assert path is not None
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_written_anew_and_its_particulars_are_gone(venue: Venue, kind: str) -> None:
    body = picture(kind)
    assert SECRET.encode() in body
    path = keep(venue, body)
    assert SECRET.encode() not in path.read_bytes()
    assert plan_size(venue.site) == (300, 200)
    with Image.open(path) as kept:
        assert (kept.format, kept.size) == ("WEBP", (300, 200))


def test_a_turned_photograph_stands_upright_and_a_huge_one_is_made_smaller(venue: Venue) -> None:
    keep(venue, picture("JPEG", turned=6))
    assert plan_size(venue.site) == (200, 300)
    keep(venue, picture("JPEG", size=(4800, 2400)))
    assert plan_size(venue.site) == (limits.FLOOR_PLAN_SIDE_PIXELS_MAX, 1200)


def test_a_new_picture_takes_the_place_of_the_old_and_one_taken_away_is_gone(venue: Venue) -> None:
    first = keep(venue, picture())
    second = keep(venue, picture())
    assert not first.exists()
    assert second.name != first.name
    remove_plan(venue.site, EVE)
    venue.site.refresh_from_db()
    assert (plan_file(venue.site), list(second.parent.iterdir())) == (None, [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"GIF89a" + bytes(40), "file_no_picture"),
        (b"%PDF-1.7 not a picture", "file_no_picture"),
        (b"<svg onload='alert(1)'></svg>", "file_no_picture"),
        (picture()[:200], "file_no_picture"),
        (b"", "file_no_picture"),
        (picture(size=(8000, 6000)), "file_too_many_pixels"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_and_the_old_one_stays(
    venue: Venue, body: bytes, code: str
) -> None:
    before = keep(venue, picture())
    with pytest.raises(Refused, match=code):
        keep(venue, body)
    assert plan_file(venue.site) == before
    assert list(before.parent.iterdir()) == [before]


def test_a_file_beyond_the_limit_is_not_even_opened(venue: Venue) -> None:
    with pytest.raises(Refused, match="file_too_large"):
        keep_plan(venue.site, io.BytesIO(), limits.FLOOR_PLAN_BYTES_MAX + 1, EVE)
    with pytest.raises(NotPermitted):
        keep_plan(venue.site, io.BytesIO(picture()), 1, Actor("bob", Role.supervisor))


def test_gates_and_lanes_get_their_places_and_those_of_other_sites_do_not(venue: Venue) -> None:
    other = make_venue("lake", 2)
    lane = Lane.objects.create(gate=venue.gate, name="Lane 1")
    places = {venue.gate.pk: Place(250, 900), lane.pk: Place(10, 20), other.gate.pk: Place(1, 1)}
    place_on_plan(venue.site, places, EVE)
    for row in (venue.gate, lane, other.gate):
        row.refresh_from_db()
    assert (venue.gate.plan_x, venue.gate.plan_y) == (250, 900)
    assert (lane.plan_x, lane.plan_y) == (10, 20)
    assert other.gate.plan_x is None
    place_on_plan(venue.site, {venue.gate.pk: Place(None, 3)}, EVE)
    venue.gate.refresh_from_db()
    assert (venue.gate.plan_x, venue.gate.plan_y) == (None, None)
