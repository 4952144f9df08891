"""Searching tickets at a terminal, and the story of one."""

import re
import threading
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from paifang.core import limits
from paifang.services.desk.context import DeskContext, context
from paifang.services.desk.search import QueryShortError, Search
from paifang.services.desk.ticket_story import found_tickets, sees_serials, story_of
from paifang.services.live.bodies_search import TicketsAnswer, TicketStory
from paifang.services.live.callers import SEARCH
from paifang.services.live.problems import Problem
from paifang.services.live.readings import CodeReader
from paifang.web.desk.api.caller import api, caller_of, now_ms, rules_in_force

FOUND_DEFAULT: Final = 20
_TICKET: Final = re.compile("[0-9a-f]{32}")
_MINUTE_MS: Final = 60_000


class _Questions:
    """Limits how many questions a terminal asks: a bucket that gains one each half second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent_until_ms: dict[str, int] = {}

    def take(self, terminal: str, at_ms: int) -> None:
        """Count a question. Raises Problem too_many_searches."""
        each_ms = _MINUTE_MS // limits.SEARCHES_PER_MINUTE_MAX
        with self._lock:
            spent_ms = max(self._spent_until_ms.get(terminal, 0), at_ms) + each_ms
            over_ms = spent_ms - at_ms - _MINUTE_MS
            if over_ms > 0:
                raise Problem("too_many_searches", retry_after_s=-(-over_ms // 1000))
            self._spent_until_ms[terminal] = spent_ms


class _Reading:
    """The reader of codes of this process, made anew for another context."""

    def __init__(self) -> None:
        self._at: DeskContext | None = None
        self._search: Search | None = None

    def search(self) -> Search:
        """Return the search with this context's keys."""
        here = context()
        if self._search is None or self._at is not here:
            self._at, self._search = here, Search(CodeReader(here.keys))
        return self._search


_questions: Final = _Questions()
_reading: Final = _Reading()


@api("GET")
def search_tickets(request: HttpRequest) -> TicketsAnswer:
    """Find tickets by name, company, phone tail, or a code typed in full."""
    caller = caller_of(request, SEARCH)
    asked = request.GET.get("q", "").strip()
    if not asked:
        raise Problem("query_short", "q")
    if len(asked) > limits.SEARCH_CHARS_MAX:
        raise Problem("member_wrong", "q", expected=f"at most {limits.SEARCH_CHARS_MAX} characters")
    count = number_in(request, "limit", FOUND_DEFAULT, limits.SEARCH_FOUND_MAX)
    at_ms = now_ms()
    _questions.take(caller.terminal.id, at_ms)
    rules = rules_in_force()
    try:
        found, more = _reading.search().find(rules, caller.terminal, asked, at_ms)
    except QueryShortError:
        raise Problem("query_short", "q") from None
    shown = found[:count]
    return TicketsAnswer(
        tickets=found_tickets(rules, shown, in_full=sees_serials(rules, caller)),
        more=more or len(found) > count,
    )


@api("GET")
def ticket_story(request: HttpRequest, ticket: str) -> TicketStory:
    """Return one ticket with everything that was decided about it."""
    caller = caller_of(request, SEARCH)
    if not _TICKET.fullmatch(ticket):
        raise Problem("not_found")
    _questions.take(caller.terminal.id, now_ms())
    rules = rules_in_force()
    story = story_of(rules, caller.terminal, UUID(ticket), in_full=sees_serials(rules, caller))
    if story is None:
        raise Problem("not_found")
    return story


def number_in(request: HttpRequest, name: str, default: int, most: int) -> int:
    """Return a whole number of the query, from 1 to `most`. Raises Problem."""
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and 1 <= int(text) <= most):
        raise Problem("member_wrong", name, expected=f"1 to {most}")
    return int(text)
