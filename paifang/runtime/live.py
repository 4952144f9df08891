"""The live process: the ledger's writer, the hot endpoints, and the front of everything else.

No Django here. What it opens it closes in the opposite order: requests in flight are answered
first, then the desk stops, then what is queued is committed, then the databases close.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from paifang.ledger.clock import SystemClock
from paifang.ledger.disk import DiskGuard
from paifang.ledger.engine import EngineError
from paifang.ledger.opening import open_engine
from paifang.ledger.writer import Writer
from paifang.runtime.data_directory import DataDirectory, DataDirectoryError, open_data
from paifang.runtime.desk_child import DeskChild
from paifang.runtime.faults import StartError
from paifang.runtime.forward import Forwarder
from paifang.runtime.greeting import greeting
from paifang.runtime.host_loop import HostLoop
from paifang.runtime.json_log import JsonFormatter
from paifang.runtime.ledger_socket import LedgerSocket
from paifang.runtime.live_lanes import LiveLanes
from paifang.runtime.live_ledger import LoopLedger
from paifang.runtime.live_sync import LiveSync, committing
from paifang.runtime.reach import reach_of
from paifang.runtime.readiness import CommitMeter, Watch
from paifang.runtime.renewal import RenewingServer
from paifang.runtime.servers import (
    BindError,
    Listener,
    RunningServer,
    check_free,
    make_server,
    stop_all,
)
from paifang.runtime.settings import Only, Role, ServerKind, SettingError, Settings
from paifang.runtime.tls import (
    Certificate,
    TlsError,
    given_certificate,
    is_outdated,
    own_certificate,
)
from paifang.runtime.words import _
from paifang.runtime.writer_lock import take_lock
from paifang.services.live.files import keep_files_private
from paifang.services.live.joined import Joined
from paifang.services.live.lanes import Host, LaneSide
from paifang.services.live.link import link_of
from paifang.services.live.readings import CodeReader
from paifang.services.live.sync_centre import CentreSide
from paifang.services.live.sync_host import HostSide
from paifang.web.live.app import LiveApp, make_app
from paifang.web.live.ports import LivePorts

log = logging.getLogger("paifang.live")

STOP_S: Final = 10
"""How long requests in flight may take to be answered once a stop was asked for."""
SWITCH_INTERVAL_S: Final = 0.001
"""How long loop and writer keep the interpreter from each other; Python's 5 ms show at p99."""

GARBAGE_OBJECTS: Final = 20_000
"""After how many new objects garbage is looked for: requests in flight are none, and hundreds of
them were looked at after each batch."""


def main() -> int:
    """Serve until told to stop; the exit code."""
    keep_files_private()
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("paifang").setLevel(logging.INFO)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        settings = Settings.from_environment()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(settings))
    except (SettingError, DataDirectoryError, StartError, TlsError, BindError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed: a fifth less work for each request."""
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ModuleNotFoundError:
        return None
    return factory


async def serve(settings: Settings) -> None:
    """Open everything, serve until SIGTERM or SIGINT, close everything."""
    stop = _stop_signals()
    data = open_data(settings.data)
    async with AsyncExitStack() as opened:
        if not settings.database:
            lock = await asyncio.to_thread(take_lock, data)
            opened.callback(lock.release)
        listeners = _listeners(settings, data, data.secrets().node)
        check_free(listeners)
        live = await _open(settings, data, opened)
        servers = _servers(settings, data, listeners, live.app)
        tasks = [asyncio.create_task(server.serve()) for server in servers]
        watching = asyncio.create_task(live.watch.run())
        # What lives until the end need not be looked at by each collection of garbage.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS, *gc.get_threshold()[1:])
        log.info("serving %s", " ".join(listener.url for listener in listeners))
        _greet(settings, data)
        waiting = asyncio.create_task(stop.wait())
        ended, _going = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping")
        live.watch.stopping = True
        live.app.close()
        if not await stop_all(servers, tasks, STOP_S):
            log.warning("some requests were not answered in time")
        watching.cancel()
        if waiting not in ended:
            raise StartError(_("A port could not be kept open."))


def _greet(settings: Settings, data: DataDirectory) -> None:
    """Tell the person at the host where phones come in, and the number they compare."""
    with suppress(OSError, ValueError):
        sys.stdout.write(greeting(reach_of(settings, data)))
        sys.stdout.flush()


def _stop_signals() -> asyncio.Event:
    """Return what the first SIGTERM or SIGINT sets; the second one ends the process at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            # The kernel closes our end of the desk's pipe, and the desk ends too.
            os._exit(1)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop


class _Live(NamedTuple):
    """What is served, and who watches over it."""

    app: LiveApp
    watch: Watch


async def _open(settings: Settings, data: DataDirectory, opened: AsyncExitStack) -> _Live:
    """Open desk, ledger, socket and application; `opened` closes them again.

    The desk takes longest to start, so it is started first; it is stopped before the ledger is.
    """
    secrets = data.secrets()
    meter = CommitMeter()
    forwarder = Forwarder(_find_desk(settings, data))
    opened.push_async_callback(forwarder.close)
    watch = Watch(meter, forwarder if settings.only is Only.both else None)
    desk = None
    if settings.only is Only.both:
        desk = DeskChild(settings, data.place_socket(_desk_name(settings)), watch.desk_ended)
        opened.callback(data.remove_socket, _desk_name(settings))
        opened.push_async_callback(desk.stop)
        desk.start()
    clock = SystemClock()
    writer = await _open_writer(settings, data, secrets.node, clock, meter)
    ledger = LoopLedger(writer, settings.ledger_target, clock)
    opened.push_async_callback(ledger.close)
    opened.push_async_callback(asyncio.to_thread, writer.stop)
    if not settings.database:
        await _open_socket(data, ledger, secrets.node, opened)
    joined = Joined(data.path)
    keys = data.keys()
    sync = None
    if settings.role is not Role.venue:
        side = CentreSide(keys, joined, clock.now_ms)
        sync = LiveSync(side, ledger, writer, settings.ledger_target, clock.now_ms)
        opened.push_async_callback(sync.close)
    lane_side = LaneSide(CodeReader(keys), Host(secrets.node, settings.role is not Role.venue))
    lanes = LiveLanes(lane_side, writer, settings.ledger_target, clock.now_ms)
    opened.push_async_callback(lanes.close)
    if settings.role is not Role.centre:
        host = HostSide(keys, joined, clock.now_ms, version("paifang"))
        loop = HostLoop(host, joined, settings.ledger_target, committing(writer))
        opened.push_async_callback(asyncio.to_thread, loop.stop)
        loop.start()
    if desk is not None:
        opened.push_async_callback(desk.stop)
    app = make_app(
        LivePorts(
            ledger=ledger,
            keys=keys,
            forward=forwarder,
            readiness=watch.readiness,
            run_blocking=asyncio.to_thread,
            now_ms=clock.now_ms,
            writer=watch.figures,
            link=partial(link_of, joined),
            sync=sync,
            lanes=lanes,
            bench=settings.bench,
        )
    )
    ledger.on_commit = app.notify
    return _Live(app, watch)


async def _open_writer(
    settings: Settings, data: DataDirectory, node: str, clock: SystemClock, meter: CommitMeter
) -> Writer:
    """Return the started writer. On SQLite the lock is ours. Raises StartError."""
    # On PostgreSQL the disk that fills up is another machine's, which says so itself.
    guard = None if settings.database else DiskGuard(data.path)

    def start() -> Writer:
        engine = open_engine(settings.ledger_target, node)
        writer = Writer(engine, node=node, clock=clock, disk=guard, on_commit=meter.count)
        writer.start()
        return writer

    try:
        meter.writer = await asyncio.to_thread(start)
    except EngineError as error:
        raise StartError(
            _("The ledger cannot be opened: {error}").format(error=str(error).strip())
        ) from None
    return meter.writer


async def _open_socket(
    data: DataDirectory, ledger: LoopLedger, node: str, opened: AsyncExitStack
) -> None:
    path = data.place_socket("ledger")
    opened.callback(data.remove_socket, "ledger")
    socket = LedgerSocket(ledger, node)
    await socket.open(path)
    opened.push_async_callback(socket.close)


def _find_desk(settings: Settings, data: DataDirectory) -> Callable[[], Path | None]:
    """Return how to find the desk's socket: our own desk's, or one started apart."""
    name = "desk" if settings.only is Only.live else _desk_name(settings)
    return lambda: data.socket(name)


def _desk_name(settings: Settings) -> str:
    """On PostgreSQL several servers may share a data directory; each has a desk of its own."""
    return f"desk-{settings.bind.port}" if settings.database else "desk"


def _servers(
    settings: Settings, data: DataDirectory, listeners: list[Listener], app: LiveApp
) -> list[RunningServer]:
    """Return the servers of the ports; HTTPS with a certificate of our own renews it by itself."""

    def server(listener: Listener) -> RunningServer:
        # The other kind of server cannot listen beside itself; there a start renews.
        if (
            listener.certificate is None
            or settings.tls != "auto"
            or settings.server is not ServerKind.granian
        ):
            return make_server(settings.server, app, listener)
        node = data.secrets().node
        served = Certificate(listener.certificate, data.tls / "leaf.key")

        def renew() -> bool:
            if not is_outdated(served):
                return False
            own_certificate(data.tls, node)
            return True

        return RenewingServer(lambda: make_server(settings.server, app, listener), renew)

    return [server(listener) for listener in listeners]


def _listeners(settings: Settings, data: DataDirectory, node: str) -> list[Listener]:
    listeners = [Listener(settings.bind)]
    if settings.tls != "off":
        found = (
            own_certificate(data.tls, node)
            if settings.tls == "auto"
            else given_certificate(settings.tls)
        )
        listeners.append(Listener(settings.https, found.chain, found.key))
    return listeners


if __name__ == "__main__":
    sys.exit(main())
