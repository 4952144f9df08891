"""Health, readiness and figures for those who watch the machine."""

from paifang.services.live.bodies import CheckShown, HealthAnswer, ReadinessAnswer
from paifang.web.live.counters import exposition
from paifang.web.live.http import Call, Reply, json_reply, text_reply
from paifang.web.live.state import Live


async def healthz(live: Live, call: Call) -> Reply:
    """Say that the event loop turns."""
    del live, call
    return json_reply(HealthAnswer())


async def readyz(live: Live, call: Call) -> Reply:
    """Say whether requests may be sent here, with every check by name."""
    del call
    readiness = live.ports.readiness()
    checks = tuple(
        CheckShown(name=check.name, ok=check.ok, detail=check.detail) for check in readiness.checks
    )
    answer = ReadinessAnswer(ready=readiness.ready, checks=checks)
    return json_reply(answer, 200 if readiness.ready else 503)


async def metrics(live: Live, call: Call) -> Reply:
    """Return all figures as text. Raises Problem if the counts cannot be read."""
    del call
    counted = await live.counted()
    text = exposition(live.counters, live.ports.writer(), counted.zones)
    return text_reply(text, b"text/plain; version=0.0.4; charset=utf-8")
