"""HTTPS that takes a new certificate without a pause, when this machine has got another address.

A host that starts before its network does, or moves to another one, would else show phones a
certificate that does not name the address they opened. The new server listens beside the old one,
which then takes no more connections and ends when the last of its requests is answered.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from paifang.runtime.servers import RunningServer

log = logging.getLogger("paifang.live")

CHECK_S: Final = 30.0
"""How often this machine's addresses are looked at."""
PROOF_S: Final = 1.0
"""How long a new server must have stood before the old one is told to stop."""


class RenewingServer:
    """One port, served by one server after the other."""

    def __init__(
        self,
        make: Callable[[], RunningServer],
        renew: Callable[[], bool],
        check_s: float = CHECK_S,
    ) -> None:
        """Take how to make a server with the certificate of the moment, and how to renew that one.

        Args:
            make: Returns a new server; it must be able to listen beside another of its kind.
            renew: Makes a new certificate if one is due, and says whether it did; may block.
            check_s: How often to ask for that, in seconds.
        """
        self._make = make
        self._renew = renew
        self._check_s = check_s
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Stop accepting; requests in flight are answered."""
        self._stopped.set()

    async def serve(self) -> None:
        """Serve until `stop`, or until the server of the moment ends by itself."""
        stopped = asyncio.ensure_future(self._stopped.wait())
        server = self._make()
        task = asyncio.ensure_future(server.serve())
        tasks = {task}
        try:
            while not stopped.done() and not task.done():
                await asyncio.wait(
                    {stopped, task},
                    timeout=self._check_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopped.done() or task.done() or not await self._renewed():
                    continue
                fresh = self._make()
                fresh_task = asyncio.ensure_future(fresh.serve())
                tasks.add(fresh_task)
                await asyncio.wait({fresh_task}, timeout=PROOF_S)
                if fresh_task.done():
                    tasks.remove(fresh_task)
                    why = fresh_task.exception()
                    log.error("HTTPS could not be served with the new certificate", exc_info=why)
                    continue
                log.info("HTTPS is served with a new certificate")
                server.stop()
                server, task = fresh, fresh_task
            server.stop()
            await asyncio.gather(*tasks)
        finally:
            for one in (stopped, *tasks):
                one.cancel()

    async def _renewed(self) -> bool:
        try:
            return await asyncio.to_thread(self._renew)
        except Exception:
            # The certificate that is served stays good for most; a bug here must only be seen.
            log.exception("the certificate could not be renewed")
            return False
