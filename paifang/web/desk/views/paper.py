"""Paper: choose tickets and a layout, look at it, make the PDF, and fetch it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.core.paper import LAYOUTS
from paifang.core.rules import Event, Product, Rules, Session
from paifang.services.desk.context import context
from paifang.services.desk.paper import files, printing
from paifang.services.desk.paper.choosing import Chosen, Overview, overview
from paifang.services.desk.paper.fonts import SUBSTITUTE, FontsMissing, fonts_of
from paifang.services.desk.paper.words import LANGUAGES
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Job, JobState, PaperPrint
from paifang.web.desk.export import place_zone
from paifang.web.desk.paper_words import LANGUAGE_WORDS, LAYOUT_WORDS, PRINT_TROUBLE
from paifang.web.desk.visitor import allowed_to

PRINTS_SHOWN: Final = 10
_DIGITS: Final = 10
Offer = Product | Session
_TAIL: Final = 6


class Choice(NamedTuple):
    """One entry of a list to choose from."""

    value: str
    name: str
    chosen: bool
    more: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.print_tickets)
def choose(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose what to print and how; look at it; print it."""
    rules = context().ledger.rules()
    told = request.POST if request.method == "POST" else request.GET
    asked, trouble = _asked(rules, told), ""
    if request.method == "POST" and told.get("do") != "print":
        return redirect(f"{request.path}?{_query(asked)}")
    if request.method == "POST":
        trouble, made = _print(rules, asked, by)
        if made is not None:
            return redirect("paper-print", made.pk)
    page = _page(rules, asked, request) | {"trouble": trouble}
    return render(request, "desk/paper.html", page, status=422 if trouble else 200)


@never_cache
@require_http_methods(["GET", "HEAD"])
@allowed_to(Act.print_tickets)
def preview_picture(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show one ticket as it will be printed, with a code that opens nothing."""
    rules = context().ledger.rules()
    ticket = _ticket(request.GET.get("ticket", ""))
    picture = None
    if ticket is not None:
        picture = printing.preview(rules, _asked(rules, request.GET), ticket, by=by)
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/png")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.print_tickets)
def one_print(request: HttpRequest, by: Actor, made: UUID) -> HttpResponse:
    """Tell how far a print is; then give its files."""
    row = _print_of(made)
    if request.method == "POST":
        (printing.stop if request.POST.get("do") == "stop" else printing.go_on)(row, by=by)
        return redirect("paper-print", row.pk)
    job = Job.objects.filter(kind=printing.PRINT, key=row.pk.hex).first()
    page = {
        "made": row,
        "job": job,
        "is_open": job is not None and job.state in {JobState.queued, JobState.running},
        "layout": gettext(LAYOUT_WORDS[row.layout].name),
        "languages": gettext(LANGUAGE_WORDS[row.languages]),
        "printed": row.tickets - row.left_out,
        "numbers": range(1, row.files_made + 1),
        "keep_h": limits.PAPER_KEEP_H,
        "substitute": SUBSTITUTE,
    }
    return render(request, "desk/paper_print.html", page)


@never_cache
@require_http_methods(["GET", "HEAD"])
@allowed_to(Act.print_tickets)
def file(request: HttpRequest, by: Actor, made: UUID, number: int) -> HttpResponse:
    """Give one PDF of a print."""
    del request, by
    row = _print_of(made)
    if not row.kept or number > row.files_made:
        raise Http404
    return _pdf(row, number)


@never_cache
@require_http_methods(["GET"])
@allowed_to(Act.print_tickets)
def one_ticket(request: HttpRequest, by: Actor, ticket: str) -> HttpResponse:
    """Print one ticket and give its PDF; what hinders it is told on the page of paper."""
    rules = context().ledger.rules()
    told = {"layout": "a4-home", **request.GET.dict(), "tickets": ticket}
    asked = _asked(rules, told)
    if not asked.chosen.tickets:
        raise Http404
    trouble, made = _print(rules, asked, by)
    if made is None:
        page = _page(rules, asked, request) | {"trouble": trouble}
        return render(request, "desk/paper.html", page, status=422)
    return _pdf(made, 1)


def _print(rules: Rules, asked: printing.Asked, by: Actor) -> tuple[str, PaperPrint | None]:
    """Return the print, or why there is none."""
    try:
        return "", printing.print_tickets(rules, asked, by=by)
    except printing.PaperError as refused:
        count = refused.told.tickets if refused.told else 0
        return gettext(PRINT_TROUBLE[refused.code]) % {"count": f"{count:,}"}, None
    except FontsMissing:
        return gettext(PRINT_TROUBLE["fonts"]), None


def _page(rules: Rules, asked: printing.Asked, request: HttpRequest) -> dict[str, Any]:
    chosen = asked.chosen
    try:
        told: Overview | None = overview(rules, chosen, fonts_of(context().data))
    except FontsMissing:
        told = None
    layout = LAYOUTS.get(asked.layout)
    return {
        "asked": asked,
        "told": told,
        "no_fonts": gettext(PRINT_TROUBLE["fonts"]) if told is None else "",
        "sheets": -(-told.tickets // layout.per_page) if told and layout else 0,
        "per_page": layout.per_page if layout else 1,
        "too_many": told is not None and told.tickets > limits.PAPER_TICKETS_MAX,
        "events": _named(rules.centre.events.values(), chosen.event, request),
        "products": _named(
            _of_event(rules.centre.products.values(), chosen), chosen.product, request
        ),
        "sessions": _named(
            _of_event(rules.centre.sessions.values(), chosen), chosen.session, request
        ),
        "layouts": [
            Choice(slug, gettext(words.name), slug == asked.layout, gettext(words.paper))
            for slug, words in LAYOUT_WORDS.items()
        ],
        "languages": [
            Choice(key, gettext(word), key == asked.languages)
            for key, word in LANGUAGE_WORDS.items()
        ],
        "ticked": [ticket.hex for ticket in chosen.tickets],
        "how": urlencode({"layout": asked.layout, "languages": asked.languages}),
        "missing": [
            (ticket[-_TAIL:], one.text, " ".join(map(_point, one.characters)))
            for ticket, one in (told.missing if told else ())
        ],
        "substitute": SUBSTITUTE,
        "prints": [
            (
                made,
                gettext(LAYOUT_WORDS[made.layout].name),
                f"{made.made_at.astimezone(place_zone()):%Y-%m-%d %H:%M}",
            )
            for made in PaperPrint.objects.filter(kept=True)[:PRINTS_SHOWN]
        ],
    }


def _asked(rules: Rules, told: Mapping[str, str]) -> printing.Asked:
    """Return what an address or a form asks for; what makes no sense falls back to the first."""
    getlist = getattr(told, "getlist", lambda name: [told.get(name, "")])
    # The list of tickets sends one `ticket` for each that is ticked.
    ticked = [one for text in getlist("tickets") for one in text.split(",")] + getlist("ticket")
    tickets = [ticket for ticket in map(_ticket, ticked) if ticket is not None]
    event = _number(told.get("event", ""))
    if event not in rules.centre.events:
        event = max(rules.centre.events, default=0)
    product, session = _number(told.get("product", "")), _number(told.get("session", ""))
    chosen = Chosen(
        event,
        product if _belongs(rules.centre.products.get(product), event) else 0,
        session if _belongs(rules.centre.sessions.get(session), event) else 0,
        unprinted=told.get("unprinted", "") == "1",
        tickets=tuple(dict.fromkeys(tickets))[: limits.PAPER_TICKED_MAX],
    )
    layout, languages = told.get("layout", ""), told.get("languages", "")
    return printing.Asked(
        chosen,
        layout if layout in LAYOUTS else next(iter(LAYOUTS)),
        languages if languages in LANGUAGES else next(iter(LANGUAGES)),
        substitute=told.get("substitute", "") == "1",
    )


def _query(asked: printing.Asked) -> str:
    chosen = asked.chosen
    told = {
        "event": chosen.event,
        "product": chosen.product,
        "session": chosen.session,
        "unprinted": int(chosen.unprinted),
        "tickets": ",".join(ticket.hex for ticket in chosen.tickets),
        "layout": asked.layout,
        "languages": asked.languages,
    }
    return urlencode({name: value for name, value in told.items() if value})


def _point(cluster: str) -> str:
    """Return how a character is looked for in a font: U+31350."""
    return "+".join(f"U+{ord(char):04X}" for char in cluster)


def _belongs(one: Offer | None, event: int) -> bool:
    return one is not None and one.event == event


def _of_event(ones: Iterable[Offer], chosen: Chosen) -> list[Offer]:
    return [one for one in ones if one.event == chosen.event]


def _named(ones: Iterable[Offer | Event], number: int, request: HttpRequest) -> list[Choice]:
    chinese = str(request.LANGUAGE_CODE).startswith("zh")
    return [
        Choice(
            str(one.number),
            one.name_zh if chinese and one.name_zh else one.name,
            one.number == number,
        )
        for one in ones
    ]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0


def _ticket(text: str) -> UUID | None:
    try:
        return UUID(hex=text.strip())
    except ValueError:
        return None


def _print_of(made: UUID) -> PaperPrint:
    row = PaperPrint.objects.filter(pk=made).first()
    if row is None:
        raise Http404
    return row


def _pdf(made: PaperPrint, number: int) -> HttpResponse:
    path = files.path_of(context().data, made.pk, number)
    if not path.is_file():
        raise Http404
    name = f"tickets-{made.layout}-{made.made_at.astimezone(place_zone()):%Y%m%d-%H%M}-{number}.pdf"
    answer = HttpResponse(path.read_bytes(), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
