"""Prints all of a prepared ledger as a job does: `python -m bench.printing DATA EVENT LINES`.

Tells one line of JSON, and leaves in LINES what the bare side sets: the same texts in their places.
"""

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from paifang.runtime.bootstrap import desk_context
from paifang.runtime.settings import Settings

LAYOUT: Final = "a4-sheet"
LANGUAGES: Final = "zh-en"


def main(data: str, event: str, lines: str) -> None:
    """Ask for the print, run its job, tell what it took."""
    with desk_context(Settings.from_environment(data=data)) as context:
        # Django is set up by now; before, none of these could be imported.
        printing = import_module("paifang.services.desk.paper.printing")
        runner = import_module("paifang.services.desk.job_runner")
        handlers = import_module("paifang.runtime.job_handlers").HANDLERS
        actor = import_module("paifang.services.desk.permissions").Actor("bench")
        rules = context.ledger.rules()
        number = next(one.number for one in rules.centre.events.values() if one.slug == event)
        chosen = printing.Chosen(number)
        asked = printing.Asked(chosen, LAYOUT, LANGUAGES, substitute=True)
        if not Path(lines).exists():
            _leave_lines(printing, rules, asked, context.data, Path(lines))
        made = printing.print_tickets(rules, asked, by=actor)
        before, started = _cpu_s(), time.perf_counter()
        kinds = {printing.PRINT: handlers[printing.PRINT]}
        while runner.run_next(kinds):
            pass
        told = {"elapsed_s": time.perf_counter() - started, "cpu_s": _cpu_s() - before}
        made.refresh_from_db()
        if not made.is_ready:
            raise RuntimeError("the print is not ready")
        files = import_module("paifang.services.desk.paper.files")
        told["pdf_kb"] = files.path_of(context.data, made.pk, 1).stat().st_size / 1_000
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        told["drawing_mb"] = used.ru_maxrss / 1_000
    sys.stdout.write(json.dumps(told) + "\n")


def _leave_lines(printing: Any, rules: Any, asked: Any, data: Path, lines: Path) -> None:  # noqa: ANN401 - imported late
    """Write down every text of the print with its place and the size it is meant to have."""
    rendering = import_module("paifang.services.desk.paper.rendering")
    content = import_module("paifang.services.desk.paper.content")
    paper = import_module("paifang.core.paper")
    rows = list(printing.tickets_of(asked.chosen))
    layout, fonts = paper.LAYOUTS[asked.layout], printing.fonts_of(data)
    tickets = content.Writer(rules, asked.languages).tickets(rows)
    pages = list(paper.pages_of(layout, tickets, printing.words_of(asked.languages)))
    drawing = rendering.drawing_of(layout, pages, fonts)
    texts = [
        [
            {"x": one["x"], "y": one["y"], "size": text["size"], "s": text["lines"][0][0]["s"]}
            for one in (*(drawing["common"] if page["common"] else ()), *page["elements"])
            if one["k"] == "text"
            for text in [drawing["texts"][one["n"]]]
        ]
        for page in drawing["pages"]
    ]
    kept = {"fonts": [str(one) for one in fonts.folders], "families": fonts.families}
    lines.write_text(json.dumps({**kept, "pages": texts}, ensure_ascii=False), encoding="utf-8")


def _cpu_s() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
