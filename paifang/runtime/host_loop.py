"""The thread of a venue host that talks to its centre, in the live process.

It tells and hears about once a second, at once while there is more, and ever more rarely while the
line is down: pauses double up to a minute, with chance in them, so that hosts that lost their
centre together do not come back together. While the line is worse than somebody has set, it only
looks how it is. Gates never wait for it.
"""

import fcntl
import logging
import secrets
import ssl
import threading
from contextlib import suppress
from typing import IO, Final

from paifang.ledger.engine import EngineError
from paifang.ledger.opening import LedgerReader, Target, open_reader
from paifang.runtime.sync_line import HttpLine
from paifang.services.live.joined import Centre, Joined
from paifang.services.live.sync_host import Hands, HostSide, LineFault
from paifang.sync.lessee import Commit

log = logging.getLogger("paifang.sync")

IDLE_S: Final = 1.0
LOOK_S: Final = 2.0
"""How often a node that joined nobody looks whether it has."""
PROBE_S: Final = 2.5
"""How often a line that is too bad is looked at."""
PAUSE_FIRST_S: Final = 1.0
PAUSE_MAX_S: Final = 60.0
STOP_S: Final = 35.0


class HostLoop:
    """Keeps a host in touch with its centre until it is stopped."""

    def __init__(self, side: HostSide, joined: Joined, target: Target, commit: Commit) -> None:
        """Take the host's side, its files, its ledger, and what commits."""
        self._side = side
        self._joined = joined
        self._target = target
        self._commit = commit
        self._stop = threading.Event()
        self._reader: LedgerReader | None = None
        self._line: HttpLine | None = None
        self._of: Centre | None = None
        self._failures = 0
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="host-sync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread once the step it is in is over, and wait for that, bounded."""
        self._stop.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        with (self._joined.data / "sync-loop.lock").open("a") as file:
            while not self._stop.is_set() and not _alone(file):
                # Another live process of this data directory talks to the centre.
                self._stop.wait(LOOK_S)
            booted = False
            pause_s = 0.0
            while not self._stop.wait(pause_s):
                try:
                    if self._joined.centre() is None:
                        pause_s = LOOK_S
                        continue
                    if not booted:
                        self._joined.next_boot()
                        booted = True
                    pause_s = self._step()
                except Exception:
                    # A bug here must be seen, and must not end the thread without a word.
                    log.exception("the exchange with the centre met a bug")
                    pause_s = PAUSE_MAX_S
            self._close()

    def _step(self) -> float:
        """Do one round; return how long to pause."""
        try:
            hands = Hands(self._opened(), self._commit)
            self._side.open_complete(hands)
            line = self._line_to(self._joined.centre())
            if line is None:
                return LOOK_S
            more = self._side.round(hands, line)
            if not self._side.is_suspended and self._side.wanted(hands.reader):
                more = self._side.fetch(hands, line) or more
        except LineFault as fault:
            return self._failed(fault.code)
        except (ssl.SSLError, ValueError):
            log.exception("the centre's certificate or address cannot be used")
            return self._failed("certificate")
        except EngineError as error:
            log.warning("the ledger could not be read: %s", error)
            self._close_reader()
            return self._failed("storage_fault")
        if self._failures:
            log.info("the line to the centre is up")
        self._failures, self._said = 0, ""
        if more:
            return 0.0
        return PROBE_S if self._side.is_suspended else IDLE_S

    def _failed(self, code: str) -> float:
        self._failures += 1
        if code != self._said:
            log.warning("the centre was not reached: %s", code)
            self._said = code
        pause_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * float(1 << min(self._failures - 1, 8)))
        return pause_s * (0.5 + secrets.randbelow(1_000) / 2_000)

    def _line_to(self, centre: Centre | None) -> HttpLine | None:
        if centre is None or not centre.url:
            return None
        if self._line is None or centre != self._of:
            if self._line is not None:
                self._line.close()
            self._line, self._of = HttpLine(centre.url, centre.certificate), centre
        return self._line

    def _opened(self) -> LedgerReader:
        if self._reader is None:
            self._reader = open_reader(self._target)
        return self._reader

    def _close_reader(self) -> None:
        if self._reader is not None:
            with suppress(EngineError):
                self._reader.close()
            self._reader = None

    def _close(self) -> None:
        self._close_reader()
        if self._line is not None:
            self._line.close()


def _alone(file: IO[str]) -> bool:
    """Whether this process holds a lock now; the system gives it back when the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
