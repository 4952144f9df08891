"""The live process as one ASGI callable: a dict of paths, no framework.

A framework's share would be larger than that of everything done here. What is not the live
process's own goes on to the desk.
"""

import logging
import traceback
from typing import Final

from paifang.services.live.problems import Problem
from paifang.web.live.docs import PROBLEM_PAGES, docs, openapi, problem_page
from paifang.web.live.gates import ADMISSIONS
from paifang.web.live.http import Call, ClientGoneError, Reply, problem_reply
from paifang.web.live.newest import BY_RULES
from paifang.web.live.nodes import LEASES, SNAPSHOT
from paifang.web.live.operations import NULL, OPERATIONS, Run
from paifang.web.live.ports import LivePorts, Receive, Scope, Send
from paifang.web.live.state import Live

log = logging.getLogger(__name__)

Methods = dict[str, Run]
SENT_BY_THEMSELVES: Final = frozenset({"text/event-stream", "application/octet-stream"})
"""What has no HEAD, because its answer is no whole reply."""
_BY_ADMISSION: Final = ADMISSIONS + "/"
_ONE_ADMISSION: Final = ADMISSIONS + "/{request_id}/"


class LiveApp:
    """The ASGI application; the runtime calls `notify` after commits, `close` before a stop."""

    def __init__(self, ports: LivePorts) -> None:
        """Take what the runtime hands in; the routes come from the table of operations."""
        self.live = Live(ports)
        self._forward = ports.forward
        self._paths: dict[str, Methods] = {}
        self._deeds: dict[str, Methods] = {}
        self._snapshot: Methods = {}
        for operation in (*OPERATIONS, NULL) if ports.bench else OPERATIONS:
            if operation.run is None:
                continue
            path = operation.path
            if path.startswith(_ONE_ADMISSION):
                methods = self._deeds.setdefault(path[len(_ONE_ADMISSION) :], {})
            elif path == SNAPSHOT:
                methods = self._snapshot
            else:
                methods = self._paths.setdefault(path, {})
            methods[operation.method] = operation.run
            if operation.method == "GET" and operation.answer not in SENT_BY_THEMSELVES:
                methods["HEAD"] = operation.run
        for name, run in (("/api/v1/openapi.json", openapi), ("/api/v1/docs", docs)):
            self._paths[name] = {"GET": run, "HEAD": run}
        self._problem_page: Methods = {"GET": problem_page, "HEAD": problem_page}

    def notify(self) -> None:
        """Say that something was committed, so that open streams hear of it at once.

        To be called on the event loop's thread.
        """
        self.live.hub.notify()

    def close(self) -> None:
        """End all open streams, so that a graceful stop need not wait for them."""
        self.live.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on to the desk."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        methods = self._paths.get(scope["path"]) or self._methods(scope["path"])
        if methods is None:
            await self._forward(scope, receive, send)
            return
        call = Call(scope, receive, send)
        method = scope["method"]
        run = methods.get(method)
        try:
            reply = self._not_allowed(call, methods) if run is None else await self._run(run, call)
        except Problem as problem:
            self.live.counters.problems[problem.code] += 1
            reply = problem_reply(problem, call)
        except ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001 - a bug met by one request must not end others
            reply = self._fault(call, error)
        if reply is None:
            return
        status, headers, body = reply
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"content-length", b"%d" % len(body))],
            }
        )
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def _run(self, run: Run, call: Call) -> Reply | None:
        """Answer a request; what rules refuse is tried once more if there are newer ones."""
        known = self.live.ledger.rules
        try:
            return await run(self.live, call)
        except Problem as problem:
            if problem.code not in BY_RULES or not await self.live.newest.looked_up(known):
                raise
        return await run(self.live, call)

    def _methods(self, path: str) -> Methods | None:
        """Return the methods of a path that names something, None if it is not ours."""
        if path.startswith(_BY_ADMISSION):
            _, _, deed = path[len(_BY_ADMISSION) :].partition("/")
            return self._deeds.get(deed)
        if path.startswith(LEASES):
            _, _, deed = path[len(LEASES) :].partition("/")
            return self._snapshot if deed == "snapshot" else None
        return self._problem_page if path.startswith(PROBLEM_PAGES) else None

    def _not_allowed(self, call: Call, methods: Methods) -> Reply:
        self.live.counters.problems["method_not_allowed"] += 1
        allow = ", ".join(sorted(methods)).encode()
        return problem_reply(Problem("method_not_allowed"), call, (b"allow", allow))

    def _fault(self, call: Call, error: Exception) -> Reply:
        """Log where a bug was met, without the exception's own words, which may hold a code."""
        self.live.counters.problems["unexpected"] += 1
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s in %s\n%s", type(error).__name__, call.scope["method"], place)
        return problem_reply(Problem("unexpected"), call)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the server's start and stop; refuse web sockets, which nobody here speaks."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def make_app(ports: LivePorts) -> LiveApp:
    """Return the live process's ASGI callable."""
    return LiveApp(ports)
