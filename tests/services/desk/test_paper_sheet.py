"""A thousand tickets on one print: every code is read back by two readers, every name has its ink.

The pages are drawn by Poppler, which had no part in making them. QR codes are read by zxing-cpp and
by OpenCV, bar codes by zxing-cpp and by zbar.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import zxingcpp
from pyzbar import pyzbar  # type: ignore[import-untyped]

from paifang.core import limits
from paifang.core.paper import LAYOUTS, Code, PaperTicket, Symbol, Text, Words, clusters, pages_of
from paifang.core.rules import Role
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import projector
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.paper import files, printing
from paifang.services.desk.paper.choosing import Chosen, overview
from paifang.services.desk.paper.fonts import SUBSTITUTE, PaperFonts, fonts_of
from paifang.services.desk.paper.rendering import pdf_of
from paifang.services.desk.permissions import Actor
from paifang.store.models import PaperTicketPrinted
from tests.desk_fixtures import desk_at, sqlite_place
from tests.desk_makers import issue, make_venue
from tests.fixtures.awkward_names import AWKWARD_NAMES, plausible_rows
from tests.paper_pictures import Picture, pictures_of

TICKETS = 1_000
DPI = 150
PX = DPI / 25.4
SHEET = LAYOUTS["a4-sheet"]
ONE = PaperTicket((), (), "x", "", (), (), 1, "A" * 16, "0" * 14)
"""Where things stand does not depend on what a ticket says."""
NAME = next(one for one in SHEET.face(ONE, ()) if isinstance(one, Text) and one.size == 22)
QR = next(one for one in SHEET.face(ONE, ()) if isinstance(one, Code) and one.symbol is Symbol.qr)
BARS = next(
    one for one in SHEET.face(ONE, ()) if isinstance(one, Code) and one.symbol is not Symbol.qr
)


class Guest(NamedTuple):
    """Who stands at a place of the print, with code and serial as they were issued."""

    holder: str
    code: str
    serial: str


class Printed(NamedTuple):
    """The print: its guests in order, the pictures of its pages, and the fonts."""

    guests: list[Guest]
    pages: list[Picture]
    fonts: PaperFonts
    missing: set[str]

    def cut(self, place: int, box: tuple[float, float, float, float]) -> Picture:
        """Return a part of the ticket at a place; the box is in millimetres from its corner."""
        row, column = divmod(place % SHEET.per_page, SHEET.columns)
        x = (SHEET.width - SHEET.columns * SHEET.ticket_width) / 2 + column * SHEET.ticket_width
        y = (SHEET.height - SHEET.rows * SHEET.ticket_height) / 2 + row * SHEET.ticket_height
        left, top, width, height = box
        page = self.pages[place // SHEET.per_page]
        return page[
            math.ceil((y + top) * PX) : math.floor((y + top + height) * PX),
            math.ceil((x + left) * PX) : math.floor((x + left + width) * PX),
        ]


def people() -> list[Attendee]:
    """The awkward names among plausible ones."""
    awkward = dict.fromkeys(one.kept for one in AWKWARD_NAMES if one.kept)
    plain = [cells[1] for cells, one in plausible_rows(2 * TICKETS) if one is None]
    names = [*awkward, *plain][:TICKETS]
    return [
        Attendee(name=name, company="东湖 & Söhne", reference=f"{n}")
        for n, name in enumerate(names)
    ]


@pytest.fixture(scope="module")
def printed(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """Print a thousand tickets as the desk does, by a job, and look at the paper."""
    folder = tmp_path_factory.mktemp("paper")
    with sqlite_place(migrated_file, folder) as place, desk_at(place) as desk:
        yield print_all(desk, folder)


def print_all(desk: DeskContext, folder: Path) -> Printed:
    venue = make_venue()
    issued = {one.command.ticket: one for one in issue(desk, venue, people())}
    projector.project_all()
    rules, fonts = desk.ledger.rules(), fonts_of(desk.data)
    told = overview(rules, Chosen(1), fonts)
    assert told.tickets == TICKETS <= limits.PAPER_FILE_TICKETS
    asked = printing.Asked(Chosen(1), "a4-sheet", "zh-en", substitute=True)
    made = printing.print_tickets(rules, asked, by=Actor("mei", Role.cashier))
    assert run_next(HANDLERS)
    guests = [
        Guest(one.command.holder, one.code, one.serial)
        for row in PaperTicketPrinted.objects.filter(print=made, done=True).order_by("place")
        for one in [issued[row.ticket.bytes]]
    ]
    pdf = files.path_of(desk.data, made.pk, 1).read_bytes()
    return Printed(guests, drawn(pdf, folder), fonts, {one.text for _, one in told.missing})


def drawn(pdf: bytes, folder: Path) -> list[Picture]:
    return pictures_of(pdf, folder, DPI)


def box_with_quiet_zone() -> tuple[float, float, float, float]:
    quiet = QR.width / 21 * 4
    return QR.x - quiet, QR.y - quiet, QR.width + 2 * quiet, QR.height + 2 * quiet


def read_by_zxing(picture: Picture) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(
        picture,
        formats=zxingcpp.BarcodeFormats(
            [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128]
        ),
        try_invert=False,
        try_rotate=False,
        try_downscale=False,
    )


def read_by_opencv(picture: Picture) -> str:
    """Read the one QR code of a picture; its finder wants some codes at another size or turned.

    Codes are drawn at random, and of ten thousand it misses a few however sharp they are.
    """
    for turned in range(4):
        held = np.ascontiguousarray(np.rot90(picture, turned))
        for scale in (1.0, 2.0, 1.5, 0.75, 3.0, 1.25):
            sized = cv2.resize(held, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for reader in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
                text = reader.detectAndDecode(sized)[0]
                if text:
                    return str(text)
    return ""


def boxes_in(picture: Picture) -> int:
    """Count signs for a missing glyph: an upright frame with nothing in it, or crossed out."""
    ink = (picture < 128).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    found = 0
    for x, y, width, height, _ in stats[1:count]:
        if width < 5 or height < 8 or not 1.1 < height / width < 2.2:
            continue
        part = ink[y : y + height, x : x + width]
        rim = max(1, round(width * 0.25))
        sides = (part[0], part[-1], part[:, 0], part[:, -1])
        inner = part[rim:-rim, rim:-rim]
        if all(side.mean() > 0.9 for side in sides) and (not inner.any() or is_crossed(part)):
            found += 1
    return found


def is_crossed(part: Picture) -> bool:
    """Whether both diagonals of a picture are drawn, and little else is inside its frame."""
    height, width = part.shape
    rows = np.arange(height)
    across = np.clip(np.round(rows * (width - 1) / (height - 1)).astype(int), 0, width - 1)
    both = part[rows, across].mean() > 0.8 and part[rows, width - 1 - across].mean() > 0.8
    return bool(both and part.mean() < 0.5)


def test_every_printed_code_is_read_by_two_readers(printed: Printed) -> None:
    assert len(printed.guests) == TICKETS
    assert len(printed.pages) == TICKETS // SHEET.per_page
    qr = pyzbar.ZBarSymbol

    def read(place: int) -> list[str]:
        picture = printed.cut(place, (0, 0, SHEET.ticket_width, SHEET.ticket_height))
        by_zxing = {one.format: one.text for one in read_by_zxing(picture)}
        bars = printed.cut(place, (BARS.x - 4, BARS.y - 0.5, BARS.width + 8, BARS.height + 1))
        by_zbar = [one.data.decode() for one in pyzbar.decode(bars, symbols=[qr.CODE128])]
        return [
            by_zxing.get(zxingcpp.BarcodeFormat.QRCode, ""),
            by_zxing.get(zxingcpp.BarcodeFormat.Code128, ""),
            read_by_opencv(printed.cut(place, box_with_quiet_zone())),
            *(by_zbar or [""]),
        ]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(read, range(TICKETS)))
    wrong = [
        (place, guest, one)
        for place, (guest, one) in enumerate(zip(printed.guests, found, strict=True))
        if one != [guest.code, guest.serial, guest.code, guest.serial]
    ]
    assert not wrong


def test_the_white_around_every_qr_code_is_white(printed: Printed) -> None:
    left, top, width, height = box_with_quiet_zone()
    sides = (
        (left, top, QR.x - left - 0.2, height),
        (QR.x + QR.width + 0.2, top, left + width - QR.x - QR.width - 0.4, height),
        (left, top, width, QR.y - top - 0.2),
        (left, QR.y + QR.height + 0.2, width, top + height - QR.y - QR.height - 0.2),
    )
    dirty = [
        printed.guests[place].holder
        for place in range(TICKETS)
        for side in sides
        if printed.cut(place, side).min() < 250
    ]
    assert not dirty, "a name reaches into a code"


def test_every_name_has_its_ink_and_nothing_is_an_empty_box(printed: Printed) -> None:
    name = (NAME.x - 0.5, NAME.y - 0.8, NAME.width + 1, NAME.height + 1.6)
    bare, boxed = [], []
    for place, guest in enumerate(printed.guests):
        picture = printed.cut(place, name)
        if (picture < 128).sum() < 12 * min(len(clusters(guest.holder)), 20):
            bare.append(guest.holder)
        if boxes_in(picture):
            boxed.append(guest.holder)
    assert not bare
    assert not boxed


def test_every_character_of_a_chinese_name_is_there(printed: Printed) -> None:
    """Names of two to four ideographs stand on one line: each has ink of its own."""
    looked_at = 0
    for place, guest in enumerate(printed.guests):
        if not (2 <= len(guest.holder) <= 4 and all("一" <= char <= "龥" for char in guest.holder)):
            continue
        looked_at += 1
        picture = printed.cut(place, (NAME.x, NAME.y, NAME.width, NAME.height))
        each = NAME.size * 25.4 / 72 * PX
        for number in range(len(guest.holder)):
            cell = picture[:, round(number * each) : round((number + 1) * each)]
            assert (cell < 128).sum() > 0.04 * each * each, guest.holder
        assert picture[:, round(len(guest.holder) * each) + 1 :].min() > 250, guest.holder
    assert looked_at > TICKETS / 2


def test_just_the_names_no_font_has_were_named_before(printed: Printed) -> None:
    assert "张\U00031350" in printed.missing
    named = {text for guest in printed.guests if (text := guest.holder) in printed.missing}
    assert named == printed.missing
    for guest in printed.guests:
        shown = printed.fonts.shown(guest.holder)
        assert (SUBSTITUTE in shown) == (guest.holder in printed.missing)


def test_an_empty_box_would_be_seen(printed: Printed, tmp_path: Path) -> None:
    """The look for boxes finds the ones a font draws when nothing is put in their place."""

    class Blind(PaperFonts):
        def shown(self, text: str) -> str:
            return text

    fonts = Blind(tmp_path / "none")
    tickets = [ONE._replace(holder=name) for name in ("王\U00031350", "\u0d85\u0db8")]
    pages = list(pages_of(SHEET, tickets, (Words("", "", "", ()),)))
    pictures = drawn(pdf_of(SHEET, pages, fonts), tmp_path)
    shown = printed._replace(pages=pictures)
    name = (NAME.x - 0.5, NAME.y - 0.8, NAME.width + 1, NAME.height + 1.6)
    assert [boxes_in(shown.cut(place, name)) for place in range(2)] == [1, 2], (
        "a crossed box, and two empty ones"
    )
