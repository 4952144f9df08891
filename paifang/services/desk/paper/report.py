"""A report as PDF: figures and tables on A4, in the fonts of the tickets."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from paifang.core.paper import printable
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.paper.fonts import PaperFonts, fonts_of
from paifang.services.desk.paper.rendering import drawn_by
from paifang.services.desk.permissions import Act, Actor

TEMPLATE: Final = "report.typ"


class ReportTable(NamedTuple):
    """One table: its rows as texts, each with how long its bar is, 0 to 100."""

    title: str
    hint: str
    header: Sequence[str]
    rows: Sequence[tuple[Sequence[str], int]]
    texts: bool


class ReportPaper(NamedTuple):
    """What stands on the paper, in the reader's language.

    `name` is of the event's slug and the days; `figures` are (word, value, note); `foot` says when.
    """

    name: str
    title: str
    subtitle: str
    foot: str
    figures: Sequence[tuple[str, str, str]]
    tables: Sequence[ReportTable]


def report_pdf(paper: ReportPaper, by: Actor) -> bytes:
    """Return a report as PDF, and write down who took it.

    Raises:
        NotPermitted: It is not theirs to see.
        DrawingFailed: The page could not be drawn.
        FontsMissing: The fonts are not built.
    """
    by.require(Act.see_reports)
    drawn = drawn_by(TEMPLATE, _drawing(paper, fonts_of(context().data)), fonts_of(context().data))
    audit.record("export", who=by.name, subject=f"report {paper.name} pdf", where=by.where)
    return drawn


def _drawing(paper: ReportPaper, fonts: PaperFonts) -> str:
    """Return what the template reads."""

    def shown(text: str) -> str:
        return fonts.shown(printable(text))

    drawing = {
        "fonts": list(fonts.families),
        "title": shown(paper.title),
        "subtitle": shown(paper.subtitle),
        "foot": shown(paper.foot),
        "figures": [[shown(text) for text in figure] for figure in paper.figures],
        "sections": [
            {
                "title": shown(table.title),
                "hint": shown(table.hint),
                "header": [shown(name) for name in table.header],
                "rows": [
                    {"cells": [shown(cell) for cell in cells], "filled": filled}
                    for cells, filled in table.rows
                ],
                "texts": table.texts,
            }
            for table in paper.tables
        ],
    }
    return json.dumps(drawing, ensure_ascii=False)
