"""The endpoint for what was written down while no host could be asked."""

from typing import Final

import msgspec

from paifang.services.live.bodies_journal import JournalBody
from paifang.services.live.callers import JOURNAL
from paifang.services.live.late import Teller, tell
from paifang.web.live.http import Call, Reply, decode, json_reply, read_body
from paifang.web.live.state import Live

_journal: Final = msgspec.json.Decoder(JournalBody)


async def journal(live: Live, call: Call) -> Reply:
    """Write down passages of before; each for itself, in their order."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, JOURNAL)
    body = decode(_journal, await read_body(call))
    return json_reply(await tell(live.ledger, Teller(rules, caller, live.reader), body))
