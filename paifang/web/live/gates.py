"""The hot endpoints: what gates ask and report."""

from typing import Final

import msgspec

from paifang.services.live.admission import (
    Asked,
    admit_command,
    annul_command,
    commit,
    default_request_id,
    is_request_id,
    override_command,
    passage_command,
    preview_command,
    request_id_of,
)
from paifang.services.live.answers import (
    render_admission,
    render_annul,
    render_passage,
    rfc3339,
)
from paifang.services.live.bodies import (
    AdmissionBody,
    AnnulBody,
    NullAnswer,
    OccupancyAnswer,
    OverrideBody,
    PassageBody,
)
from paifang.services.live.callers import ADMIT, ANNUL, OCCUPANCY, OVERRIDE, PASSAGE, PREVIEW
from paifang.services.live.problems import Problem
from paifang.services.live.zones import zones_shown
from paifang.web.live.http import Call, Reply, decode, json_reply, read_body
from paifang.web.live.state import MISSES, Live

ADMISSIONS: Final = "/api/v1/admissions"

_admission: Final = msgspec.json.Decoder(AdmissionBody)
_override: Final = msgspec.json.Decoder(OverrideBody)
_passage: Final = msgspec.json.Decoder(PassageBody)
_annul: Final = msgspec.json.Decoder(AnnulBody)


async def admit(live: Live, call: Call) -> Reply:
    """Decide about a ticket shown at a gate, now and durably."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, ADMIT)
    body = decode(_admission, await read_body(call))
    now_ms = live.now_ms()
    terminal = caller.terminal.id
    if caller.unstaffed:
        live.misses.require_room(terminal, now_ms)
    request_id = request_id_of(body.request_id, _idempotency_key(call))
    command = admit_command(live.reader, Asked(rules, caller, request_id, now_ms), body)
    answer = await commit(live.ledger, command, terminal)
    shown = render_admission(answer, live.ledger.rules, request_id)
    if answer.new:
        live.counters.admissions[shown.reason] += 1
        if caller.unstaffed and shown.reason in MISSES:
            live.misses.count(terminal, now_ms)
    return json_reply(shown)


async def preview(live: Live, call: Call) -> Reply:
    """Say what would be decided; nothing is used up or written."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, PREVIEW)
    body = decode(_admission, await read_body(call))
    now_ms = live.now_ms()
    terminal = caller.terminal.id
    if caller.unstaffed:
        live.misses.require_room(terminal, now_ms)
    request_id = request_id_of(body.request_id, _idempotency_key(call), "preview")
    command = preview_command(live.reader, Asked(rules, caller, request_id, now_ms), body)
    answer = await commit(live.ledger, command, terminal)
    shown = render_admission(answer, live.ledger.rules, request_id)
    if caller.unstaffed and shown.reason in MISSES:
        live.misses.count(terminal, now_ms)
    return json_reply(shown)


async def override(live: Live, call: Call) -> Reply:
    """Admit against a refusal, signed by a supervisor with a PIN and a reason in words."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, OVERRIDE)
    body = decode(_override, await read_body(call))
    request_id = request_id_of(body.request_id, _idempotency_key(call))
    supervisor = await live.supervisor(rules, caller, body.staff, body.pin)
    asked = Asked(rules, caller, request_id, live.now_ms())
    command = override_command(live.reader, asked, body, supervisor)
    answer = await commit(live.ledger, command, caller.terminal.id)
    shown = render_admission(answer, live.ledger.rules, request_id)
    if answer.new:
        live.counters.admissions[shown.reason] += 1
    return json_reply(shown)


async def passage(live: Live, call: Call) -> Reply:
    """Record what became of a permission."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, PASSAGE)
    admission = _admission_id(call)
    body = decode(_passage, await read_body(call))
    default = default_request_id("passage", admission)
    request_id = request_id_of(body.request_id, _idempotency_key(call), default)
    command = passage_command(Asked(rules, caller, request_id, 0), admission, body)
    answer = await commit(live.ledger, command, caller.terminal.id)
    return json_reply(render_passage(answer, live.ledger.rules, request_id))


async def annul(live: Live, call: Call) -> Reply:
    """Take an admission back: by its own terminal, or with a supervisor's PIN."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, ANNUL)
    admission = _admission_id(call)
    body = decode(_annul, await read_body(call))
    default = default_request_id("annul", admission)
    request_id = request_id_of(body.request_id, _idempotency_key(call), default)
    supervisor = None
    if isinstance(body.pin, str):
        if not body.staff:
            raise Problem("member_missing", "staff")
        supervisor = await live.supervisor(rules, caller, body.staff, body.pin)
    elif body.staff:
        raise Problem("member_missing", "pin")
    command = annul_command(Asked(rules, caller, request_id, 0), admission, body, supervisor)
    answer = await commit(live.ledger, command, caller.terminal.id)
    return json_reply(render_annul(answer, live.ledger.rules, request_id))


async def occupancy(live: Live, call: Call) -> Reply:
    """Return the people counted in each zone the terminal may see."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, OCCUPANCY)
    counted = await live.counted()
    return json_reply(
        OccupancyAnswer(
            as_of=rfc3339(counted.as_of_ms),
            age_ms=max(0, live.now_ms() - counted.as_of_ms),
            zones=zones_shown(counted.zones, rules, caller.sites(rules)),
        )
    )


_NULL: Final = NullAnswer()


async def null(live: Live, call: Call) -> Reply:
    """Answer the benchmark: authenticated and decoded like an admission, and nothing decided."""
    live.caller(call, live.ledger.rules, ADMIT)
    body = decode(_admission, await read_body(call))
    request_id_of(body.request_id, _idempotency_key(call))
    return json_reply(_NULL)


def _idempotency_key(call: Call) -> str | None:
    key = call.headers.get(b"idempotency-key")
    return None if key is None else key.decode("latin-1")


def _admission_id(call: Call) -> str:
    """Return the admission that a path names. Raises Problem if it can name none."""
    path: str = call.scope["path"]
    admission = path[len(ADMISSIONS) + 1 :].partition("/")[0]
    if not is_request_id(admission):
        raise Problem("not_found")
    return admission
