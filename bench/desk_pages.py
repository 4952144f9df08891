"""Asks for the desk's pages in one process: `python -m bench.desk_pages DATA CODES TICKETS …`.

Two decisions per ticket are written first, an entry and a refusal, so that there are three facts
for each; then every page is asked for in turns with the view that does nothing.
"""

import gc
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench.processes import cpu_s
from bench.report import median
from bench.staging import GATE
from bench.wire import CODE_CHARS
from paifang.core import limits
from paifang.ledger.commands import Admit
from paifang.runtime.bootstrap import desk_context
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings
from paifang.services.desk.context import DeskContext

NULL: Final = "/bench-null/"
TWICE: Final = 2
_KEPT: Final = 64
_WARM_UP: Final = 3


@dataclass(frozen=True, slots=True)
class Asking:
    """How pages are asked for: the application, who asks, and PostgreSQL's process or 0."""

    app: Callable[..., Any]
    cookie: str
    server: int

    def page(self, address: str) -> bytes:
        """Return a page. Raises RuntimeError if it is not there."""
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_COOKIE": self.cookie,
            "HTTP_ACCEPT_LANGUAGE": "en",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        told: list[str] = []
        body = b"".join(self.app(environ, lambda status, *_rest: told.append(status)))
        if not told[0].startswith("200"):
            raise RuntimeError(f"{address}: {told[0]}")
        return body

    def cost_ms(self, address: str, seconds: float) -> float:
        """Return the processor milliseconds of one page, asked for again and again."""
        count, until = 0, time.monotonic() + seconds
        ours, theirs = time.process_time(), self._server_s()
        while time.monotonic() < until or count < _WARM_UP:
            self.page(address)
            count += 1
        spent = time.process_time() - ours + self._server_s() - theirs
        return 1000 * spent / count

    def _server_s(self) -> float:
        return cpu_s(self.server) if self.server else 0.0


def main(words: list[str]) -> None:
    """Write the facts, ask for the pages, print what each costs."""
    data, codes, count, server, rounds, seconds = words
    settings = Settings.from_environment(data=data)
    with desk_context(settings) as context:
        _decide(context, Path(codes), int(count))
        verb("paifang.services.desk.projector", "project_all")()
        _analyse()
        asking = _asking(int(server))
        pages = _pages(context, asking)
        for address in (NULL, *pages.values()):
            for _ in range(_WARM_UP):
                asking.page(address)
        costs: dict[str, list[float]] = {name: [] for name in ("null", *pages)}
        for _ in range(int(rounds)):
            for name, address in pages.items():
                costs["null"].append(asking.cost_ms(NULL, float(seconds) / 16))
                costs[name].append(asking.cost_ms(address, float(seconds) / 4))
    print(json.dumps({name: median(found) for name, found in costs.items()}))


def _decide(context: DeskContext, codes: Path, count: int) -> None:
    """Show every ticket at a gate twice: it is let in, and refused as used."""
    rules = context.ledger.rules()
    gate = rules.centre.gates[GATE]
    terminal = next(one for one in rules.node.terminals.values() if gate.slug in one.gates)
    event = rules.centre.events[gate.events[0]]
    for some in _batches(codes, count):
        context.ledger.commit(
            [
                Admit(
                    request_id=f"bench-{time_of}-{code}",
                    terminal=terminal.id,
                    gate=gate.slug,
                    lookups=(context.keys.lookup(event, "code", code),),
                )
                for time_of in range(TWICE)
                for code in some
            ]
        )


def _batches(codes: Path, count: int) -> Iterator[list[str]]:
    text = codes.read_text()
    size = limits.SOCKET_COMMANDS_MAX // TWICE
    for start in range(0, count, size):
        end = min(start + size, count)
        yield [text[n * CODE_CHARS : (n + 1) * CODE_CHARS] for n in range(start, end)]


def _analyse() -> None:
    """Let the database know its tables, as a server does by itself in time."""
    with import_module("django.db").connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _asking(server: int) -> Asking:
    conf = import_module("django.conf").settings
    conf.ROOT_URLCONF = "bench.desk_urls"
    user = import_module("paifang.store.models").User.objects.get(username="manager")
    client = import_module("django.test").Client()
    client.force_login(user)
    cookie = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
    app = import_module("django.core.wsgi").get_wsgi_application()
    # As the desk does before it serves.
    gc.collect()
    gc.freeze()
    return Asking(app, cookie, server)


def _pages(context: DeskContext, asking: Asking) -> dict[str, str]:
    """Return the pages that are measured, by name; those of others if they are there."""
    ticket = import_module("paifang.store.models").ProjectedTicket
    some = ticket.objects.filter(uses__gt=0).order_by("ticket")[_KEPT]
    event = f"/desk/tickets/?event={some.event}"
    pages = {
        "list": "/desk/tickets/",
        "of_event": event,
        "unused": f"{event}&used=no",
        "rare": f"{event}&status=blocked",
        "older": f"{event}&after={some.ticket.hex}",
        "search_name": "/desk/tickets/?q=" + quote(some.holder),
        "search_common": "/desk/tickets/?q=" + quote("访客"),
        "search_company": "/desk/tickets/?company=Benchmark%20%26%20Co",
        "story": f"/desk/tickets/{some.ticket}/",
        "today": "/desk/today/",
    }
    del context
    try:
        asking.page(pages["today"])
    except RuntimeError:
        del pages["today"]
    return pages


if __name__ == "__main__":
    main(sys.argv[1:])
