"""The desk process: Django under waitress on a Unix socket, the projector, and the desk's jobs.

Started by the live process, it ends when that one does: it holds the reading end of a pipe whose
other end only the live process has, and the kernel closes that one however the process dies. It
runs a little nicer than the gates.
"""

import argparse
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from django.core.wsgi import get_wsgi_application
from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from paifang.core import limits
from paifang.ledger.faults import LedgerFault
from paifang.runtime.bootstrap import bring_store_up_to_date, open_local, set_up_django
from paifang.runtime.data_directory import DataDirectory, DataDirectoryError, open_data
from paifang.runtime.faults import StartError
from paifang.runtime.late import verb
from paifang.runtime.ledger_client import LedgerClient
from paifang.runtime.local_ledger import LocalLedger
from paifang.runtime.reach import reach_of
from paifang.runtime.settings import SettingError, Settings
from paifang.runtime.words import _
from paifang.services.desk.context import DeskContext, install
from paifang.services.desk.reach import Reach
from paifang.services.live.files import keep_files_private

log = logging.getLogger("paifang.desk")

NICE: Final = 5
STOP_S: Final = 10
CALENDAR_S: Final = 3_600
RETRY_S: Final = 30
STALE_UPLOAD_S: Final = 24 * 3_600
ANNOUNCE_AFTER_S: Final = 2
OUTPUT_BYTES_MAX: Final = 1024 * 1024
"""How much of an answer waits in memory for a slow client before the view has to wait."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def main() -> int:
    """Run the desk until told to stop; the exit code."""
    keep_files_private()
    options = argparse.ArgumentParser(prog="paifang-desk")
    options.add_argument("--parent-fd", type=int, default=-1)
    options.add_argument("--socket", type=Path, default=None)
    given = options.parse_args()
    if given.parent_fd >= 0:
        _end_with_parent(given.parent_fd)
        # Ctrl-C reaches the whole group; the live process stops us when its requests are answered.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = Settings.from_environment()
        data = open_data(settings.data)
        run(settings, data, given.socket)
    except (SettingError, DataDirectoryError, StartError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run(settings: Settings, data: DataDirectory, socket: Path | None) -> None:
    """Serve on a socket, one of the data directory's own if none is named, until SIGTERM."""
    secrets = data.secrets()
    set_up_django(settings)
    bring_store_up_to_date(data)
    _keep_uploads_in(data.path / "uploads")
    ledger, close = open_ledger(settings, data, secrets.node)
    reach = reach_of(settings, data)
    install(DeskContext(ledger=ledger, keys=data.keys(), data=data.path, reach=reach))
    _say_first_run(settings)
    stop = threading.Event()
    threads = [
        verb("paifang.services.desk.projector", "start_projector")(stop),
        verb("paifang.services.desk.sealing", "start_sealer")(stop),
        _start_calendar(stop),
        verb("paifang.services.desk.adopted", "start")(stop),
        *verb("paifang.runtime.job_handlers", "start")(stop),
    ]
    if settings.mdns and reach.name.endswith(".local"):
        threads.append(_start_announcer(reach, stop))
    app = behind_live(get_wsgi_application())
    try:
        _serve(app, settings, socket or data.place_socket("desk"))
    finally:
        stop.set()
        for thread in threads:
            thread.join(STOP_S)
        close()
        if socket is None:
            data.remove_socket("desk")


def _say_first_run(settings: Settings) -> None:
    """Tell the person at the host where to begin while nobody can sign in yet."""
    link = verb("paifang.services.desk.first_run", "link")(settings.base_url)
    if link:
        sys.stdout.write(_("Set up in a browser: {link}").format(link=link) + "\n")
        sys.stdout.flush()


def open_ledger(
    settings: Settings, data: DataDirectory, node: str
) -> tuple[LedgerClient | LocalLedger, Callable[[], None]]:
    """Return the desk's ledger: the server's socket, or on PostgreSQL a writer of its own."""
    if settings.database:
        return open_local(settings, data, node, lambda: None)
    client = LedgerClient(lambda: data.socket("ledger"), settings.ledger_target, node)
    return client, client.close


def behind_live(app: WSGIApp) -> WSGIApp:
    """Tell the application who asks and how, as the live process in front saw it.

    Only that process can reach the socket, and it writes these headers itself.
    """

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/healthz":
            # The live process asks; from outside this path is its own.
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
            return [b"ok\n"]
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
        if environ["REQUEST_METHOD"] == "HEAD":
            return _head_only(app, environ, start_response)
        return app(environ, start_response)

    return answer


def _head_only(app: WSGIApp, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer HEAD: Django leaves the body to the server, and this server to the application."""

    def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
        if not any(name.lower() == "content-length" for name, _value in headers):
            # Without one the server would write an empty chunk; the live process takes it out.
            headers = [*headers, ("Content-Length", "0")]
        return start_response(status, headers, *rest)

    body = app(environ, start)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return []


def _serve(app: WSGIApp, settings: Settings, socket: Path) -> None:
    """Serve until SIGTERM (or SIGINT if we stand alone), then answer what is in flight."""
    channels: dict[int, Any] = {}
    server = create_server(
        app,
        map=channels,
        unix_socket=str(socket),
        unix_socket_perms="600",
        threads=settings.desk_threads,
        connection_limit=2 * limits.FORWARD_CONNECTIONS_MAX,
        max_request_body_size=limits.FORWARD_BODY_BYTES_MAX,
        outbuf_overflow=OUTPUT_BYTES_MAX,
        outbuf_high_watermark=OUTPUT_BYTES_MAX,
        clear_untrusted_proxy_headers=False,
        ident=None,
    )
    stopping = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stopping.set()
        server.pull_trigger()

    # Only now: a start is waited for, and the gates have nothing to do yet.
    os.nice(NICE)
    signal.signal(signal.SIGTERM, on_signal)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, on_signal)
    # What lives until the end need not be looked at by each collection of garbage.
    gc.collect()
    gc.freeze()
    log.info("the desk is ready")
    while not stopping.is_set():
        wasyncore.loop(timeout=1, use_poll=True, map=channels, count=1)
    server.del_channel()
    server.socket.close()
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline and any(map(_is_busy, channels.values())):
        wasyncore.loop(timeout=0.1, use_poll=True, map=channels, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    socket.unlink(missing_ok=True)


def _is_busy(channel: object) -> bool:
    """Whether a connection has a request in work or an answer to send; idle ones have neither."""
    return bool(getattr(channel, "requests", ())) or bool(getattr(channel, "total_outbufs_len", 0))


def _end_with_parent(descriptor: int) -> None:
    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        # Nothing here needs tidying up: the databases survive a kill at any moment.
        os._exit(0)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _keep_uploads_in(directory: Path) -> None:
    """Let uploads wait on the data's own disk: the system's place may be in memory."""
    directory.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(directory)
    # What a desk that was killed left behind; another one may be writing here now.
    for path in directory.iterdir():
        if path.is_file() and time.time() - path.stat().st_mtime > STALE_UPLOAD_S:
            path.unlink(missing_ok=True)


def _start_calendar(stop: threading.Event) -> threading.Thread:
    """Bring what days and periods are compiled into force again and again, as days go by."""
    publish = verb("paifang.services.desk.compile", "publish")
    close_old_connections = verb("django.db", "close_old_connections")

    def work() -> None:
        pause_s = 0.0
        while not stop.wait(pause_s):
            try:
                close_old_connections()
                publish("calendar")
                pause_s = CALENDAR_S
            except LedgerFault as fault:
                log.warning("the calendar could not be published: %s", fault.code)
                pause_s = RETRY_S
            except Exception:
                # A bug here must be seen, and must not end the thread without a word.
                log.exception("the calendar met a bug")
                pause_s = CALENDAR_S

    thread = threading.Thread(target=work, name="calendar", daemon=True)
    thread.start()
    return thread


def _start_announcer(reach: Reach, stop: threading.Event) -> threading.Thread:
    """Announce the venue's name, once the start is over: gates do not wait for it."""

    def work() -> None:
        if stop.wait(ANNOUNCE_AFTER_S):
            return
        try:
            verb("paifang.runtime.mdns", "keep_announced")(reach, stop)
        except Exception:
            # A bug here must be seen, and must not end the thread without a word.
            log.exception("announcing the name met a bug")

    thread = threading.Thread(target=work, name="announcer", daemon=True)
    thread.start()
    return thread


if __name__ == "__main__":
    sys.exit(main())
