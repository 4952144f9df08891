"""The live process's care for its desk: started, watched, started again, stopped."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from paifang.runtime.settings import Settings, process_environment

log = logging.getLogger("paifang.live")

STOP_S: Final = 15
PAUSE_FIRST_S: Final = 0.5
PAUSE_MAX_S: Final = 30.0
STEADY_S: Final = 60
"""A desk that ran this long died of something new: it is started again without a long pause."""


class DeskChild:
    """One desk process, kept running."""

    def __init__(
        self, settings: Settings, socket: Path, on_end: Callable[[], Awaitable[None]]
    ) -> None:
        """Take where it serves, and what to do each time it has ended."""
        self._settings = settings
        self._socket = socket
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """Its process id, 0 while none runs."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it and keep it running."""
        self._task = asyncio.create_task(self._keep_running(), name="desk")

    async def _keep_running(self) -> None:
        pause_s = PAUSE_FIRST_S
        # The desk reads from this pipe; its end is ours alone and dies with us.
        its_end, our_end = os.pipe()
        try:
            while True:
                started = time.monotonic()
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "paifang.runtime.desk"),
                    *("--parent-fd", str(its_end), "--socket", str(self._socket)),
                    env={**process_environment(), **self._settings.to_environment()},
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(its_end,),
                )
                code = await self._process.wait()
                self._process = None
                if self._stopping:
                    return
                await self._on_end()
                if time.monotonic() - started > STEADY_S:
                    pause_s = PAUSE_FIRST_S
                log.error("the desk ended with %s; it is started again in %s s", code, pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, PAUSE_MAX_S)
        finally:
            os.close(its_end)
            os.close(our_end)

    async def stop(self) -> None:
        """Stop it: first it may finish its work, then it is ended."""
        self._stopping = True
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                log.warning("the desk did not stop in time and is ended")
                with suppress(ProcessLookupError):
                    process.kill()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
