"""Rules that another process has brought into force: looked up when a request fails by ours.

A live process learns of new rules with each batch it commits. On PostgreSQL another process may
have published since, and a terminal paired a moment ago must not be told that it is unknown.
"""

import asyncio
import time
from typing import Final

from paifang.core.rules import Rules
from paifang.services.live.ports import LiveLedger
from paifang.services.live.problems import Problem, faults_as_problems

BY_RULES: Final = frozenset(
    {
        *("token_unknown", "token_revoked", "role_not_allowed", "sign_on_needed"),
        *("gate_unknown", "gate_not_allowed", "direction_not_here", "staff_unknown"),
        *("node_unknown", "node_revoked"),
    }
)
"""Problems that newer rules may do away with."""
APART_S: Final = 0.1
"""How far apart two look-ups are, however many requests fail."""


class Newest:
    """Looks newer rules up, once for all requests that wait for it."""

    def __init__(self, ledger: LiveLedger) -> None:
        """Take the ledger."""
        self._ledger = ledger
        self._turn = asyncio.Lock()
        self._to_come: asyncio.Task[None] | None = None
        self._looked_s = 0.0

    async def looked_up(self, known: Rules) -> bool:
        """Return whether other rules are in force than a request was judged by."""
        if self._ledger.rules is known:
            # A look-up that has begun may have missed what this request knows of.
            task = self._to_come
            if task is None:
                task = self._to_come = asyncio.create_task(self._look())
            await asyncio.shield(task)
        return self._ledger.rules is not known

    async def _look(self) -> None:
        async with self._turn:
            await asyncio.sleep(max(0.0, self._looked_s + APART_S - time.monotonic()))
            self._to_come = None
            try:
                with faults_as_problems():
                    await self._ledger.renew_rules()
            except Problem:
                pass  # then the rules we know have to do
            self._looked_s = time.monotonic()
