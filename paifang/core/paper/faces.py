"""The faces of the layouts: which part of a ticket stands where, from its upper left corner.

A QR code keeps four squares of white around it and a Code 128 ten bars at its sides, as their
standards ask (ISO/IEC 18004, 9.1; ISO/IEC 15417, 4.5).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from paifang.core.codes import group_serial
from paifang.core.paper.drawing import Bar, Code, Element, Symbol, Text, Weight
from paifang.core.paper.tickets import PaperTicket, Words
from paifang.core.paper.writing import lines_of

HAIR: Final = 0.2
Box = tuple[float, float, float, float]


def small_face(ticket: PaperTicket, words: Sequence[Words]) -> Iterator[Element]:
    """Yield the 95 × 66 mm ticket of a sheet."""
    yield from _pair(ticket.event, (5, 4.5, 52, 8.6), size=10, lead=0.58)
    yield Bar(5, 14, 52, HAIR)
    yield _text(ticket.holder, (5, 15.5, 52, 13), size=22, floor=12, weight=Weight.bold)
    yield _text(ticket.company, (5, 28.8, 52, 5.6), size=8.5, floor=6.5)
    yield Bar(5, 35.5, 52, HAIR)
    yield from _pair(ticket.product, (5, 37.3, 52, 8.4), size=10.5, lead=0.57)
    yield from _pair(ticket.when, (5, 46.8, 52, 3.8), size=8.5, lead=1)
    yield Code(62.5, 5.3, 27, 27, Symbol.qr, ticket.code)
    yield from _people(ticket, words, (62.5, 38.3, 27, 10))
    yield Code(9, 53, 44, 8.5, Symbol.code128, ticket.serial)
    yield _words(words, "serial", (58, 52.4, 32, 3.4), size=6.5)
    yield _serial(ticket, (58, 56.4, 32, 5), size=11)


def card_face(ticket: PaperTicket, words: Sequence[Words]) -> Iterator[Element]:
    """Yield the A6 ticket, 105 × 148 mm."""
    yield from _pair(ticket.event, (8, 7, 89, 15), size=16, lead=0.6)
    yield Bar(8, 23.5, 89, 0.5)
    yield _text(ticket.holder, (8, 26, 89, 17), size=30, floor=15, weight=Weight.bold)
    yield _text(ticket.company, (8, 43.6, 89, 6.8), size=11, floor=8)
    yield Code(8, 58.4, 40, 40, Symbol.qr, ticket.code)
    yield from _pair(ticket.product, (56.5, 57.4, 40.5, 15), size=15, lead=0.62)
    yield from _stacked(ticket.when, (56.5, 74, 40.5, 11.5), size=10)
    yield from _people(ticket, words, (56.5, 88.4, 40.5, 10))
    yield Bar(8, 106.6, 89, HAIR)
    yield from _pair(ticket.where, (8, 108.6, 89, 8.6), size=10.5, lead=0.58)
    yield Code(20.5, 119.5, 64, 12.5, Symbol.code128, ticket.serial)
    yield _words(words, "serial", (8, 134, 26, 5.4), size=8, vertical="horizon")
    yield _serial(ticket, (34, 134, 63, 5.4), size=14, align="right")


def roll_face(ticket: PaperTicket, words: Sequence[Words]) -> Iterator[Element]:
    """Yield the ticket of an 80 mm roll: 72 mm can be printed, and nothing is grey."""
    yield from _pair(ticket.event, (4, 5, 72, 13), size=14, lead=0.6, grey=False)
    yield Bar(4, 19.5, 72, 0.6)
    yield _text(ticket.holder, (4, 21.6, 72, 15), size=26, floor=14, weight=Weight.bold)
    yield _text(ticket.company, (4, 37, 72, 7), size=10, floor=7.5)
    yield from _pair(ticket.product, (4, 45.5, 72, 12), size=15, lead=0.6, grey=False)
    yield from _pair(ticket.when, (4, 58, 72, 5), size=10, lead=1, grey=False)
    yield Code(18, 71.6, 44, 44, Symbol.qr, ticket.code)
    yield from _people(ticket, words, (4, 124, 72, 9))
    yield Code(12, 136, 56, 12, Symbol.code128, ticket.serial)
    yield _serial(ticket, (4, 149, 72, 5.5), size=13, align="center")


def wrist_face(ticket: PaperTicket, words: Sequence[Words]) -> Iterator[Element]:
    """Yield the wristband, 254 × 25 mm as it is read; its ends are left to the clasp."""
    yield Code(44, 4, 17, 17, Symbol.qr, ticket.code)
    yield _text(ticket.holder, (66, 3, 62, 11.5), size=24, floor=12, weight=Weight.bold)
    yield from _pair(ticket.product, (66, 15.2, 62, 6.6), size=11, lead=0.6, grey=False)
    yield Bar(131.5, 4, 0.3, 17)
    yield from _pair(ticket.event, (135, 3.4, 44, 9.6), size=10, lead=0.58, grey=False)
    yield from _pair(ticket.when, (135, 13.6, 44, 4), size=8, lead=1, grey=False)
    yield from _people(ticket, words, (135, 17.8, 44, 4.4))
    yield Code(184, 4, 42, 11, Symbol.code128, ticket.serial)
    yield _serial(ticket, (184, 16.6, 42, 5), size=11, align="center")


def home_face(ticket: PaperTicket, words: Sequence[Words]) -> Iterator[Element]:
    """Yield the A4 page people print at home, folded twice; the ticket stands on its upper half."""
    yield from _pair(ticket.event, (18, 16, 174, 20), size=24, lead=0.6)
    yield Bar(18, 38, 174, 0.6)
    yield _text(ticket.holder, (18, 43, 104, 20), size=34, floor=17, weight=Weight.bold)
    yield _text(ticket.company, (18, 63.5, 104, 8.5), size=12, floor=9)
    yield Bar(18, 74.5, 104, HAIR)
    yield from _pair(ticket.product, (18, 76.5, 104, 14.5), size=18, lead=0.6)
    yield from _stacked(ticket.when, (18, 93, 104, 11), size=12)
    yield from _pair(ticket.where, (18, 105.5, 104, 10), size=11, lead=0.62)
    yield from _people(ticket, words, (18, 117.5, 104, 15))
    yield Code(135, 50, 56, 56, Symbol.qr, ticket.code)
    yield Code(135, 118, 56, 13, Symbol.code128, ticket.serial)
    yield _serial(ticket, (133, 132.5, 60, 6), size=14, align="center")
    yield Bar(0, 148.5, 210, HAIR, dashed=True, grey=True)
    top = 160.0
    for one in words:
        yield _text(one.heading, (18, top, 174, 7), size=14, floor=10, weight=Weight.bold)
        top += 9
        for number, sentence in enumerate(one.how, 1):
            yield _text(f"{number}", (18, top, 7, 5.6), size=11, floor=8, weight=Weight.bold)
            yield _text(sentence, (26, top, 166, 5.6), size=11, floor=8)
            top += 7.5
        top += 7


def _text(
    text: str,
    box: Box,
    *,
    size: float,
    floor: float,
    weight: Weight = Weight.regular,
    vertical: str = "horizon",
    grey: bool = False,
) -> Text:
    return Text(*box, lines_of(text), size, floor, weight=weight, vertical=vertical, grey=grey)


def _pair(
    texts: tuple[str, ...], box: Box, *, size: float, lead: float, grey: bool = True
) -> Iterator[Text]:
    """Yield a text in the leading language, and beneath it, smaller, the same in the other."""
    x, y, width, height = box
    if lead == 1 or len(texts) == 1:
        weight = Weight.regular if lead == 1 else Weight.bold
        one = " ".join(texts) if lead == 1 else texts[0]
        yield _text(one, box, size=size, floor=size * 0.62, weight=weight, vertical="top")
        return
    first = height * lead
    if texts:
        yield _text(
            texts[0],
            (x, y, width, first),
            size=size,
            floor=size * 0.62,
            weight=Weight.bold,
            vertical="top",
        )
        yield _text(
            texts[1],
            (x, y + first, width, height - first),
            size=size * 0.72,
            floor=size * 0.5,
            vertical="top",
            grey=grey,
        )


def _stacked(texts: tuple[str, ...], box: Box, *, size: float) -> Iterator[Text]:
    """Yield texts one under another, each on as many lines as it takes."""
    x, y, width, height = box
    each = height / max(len(texts), 1)
    for place, text in enumerate(texts):
        here = (x, y + place * each, width, each)
        yield _text(text, here, size=size, floor=size * 0.85, vertical="top")


def _people(ticket: PaperTicket, words: Sequence[Words], box: Box) -> Iterator[Element]:
    """Yield for how many a group's ticket is, white on a dark bar: whoever counts looks for it."""
    if ticket.people < 2:
        return
    yield Bar(*box)
    x, y, width, height = box
    told = " · ".join(dict.fromkeys(one.people.format(count=ticket.people) for one in words))
    yield Text(
        x + 1.5,
        y,
        width - 3,
        height,
        lines_of(told),
        min(20, height * 1.7),
        7,
        weight=Weight.bold,
        align="center",
        vertical="horizon",
        light=True,
    )


def _words(
    words: Sequence[Words], which: str, box: Box, *, size: float, vertical: str = "bottom"
) -> Text:
    told = " ".join(dict.fromkeys(getattr(one, which) for one in words))
    return Text(*box, ((told,),), size, size * 0.8, vertical=vertical, grey=True)


def _serial(ticket: PaperTicket, box: Box, *, size: float, align: str = "left") -> Text:
    grouped = group_serial(ticket.serial)
    return Text(
        *box,
        ((grouped,),),
        size,
        size * 0.7,
        weight=Weight.bold,
        align=align,
        vertical="horizon",
        code=True,
    )
