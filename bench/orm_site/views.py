"""The comparison: an admission as a plain Django view writes it, in one transaction.

`admit` does the work that ours does: token, gate, rules, repeated requests answered again, ticket,
counter of people, entry chained to the one before. It has one entitlement per ticket, one version
of its rules and no limits per day or gate, in its favour. `mark` leaves nearly all of that out: a
look-up, a conditional update and a row.
"""

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse

from bench.orm_site.models import Entry, Head, Mark, Terminal, Ticket, ZoneDay

_AUTHORIZATION: Final = f"Bearer {os.environ['ORM_SITE_TOKEN']}"


def admit(request: HttpRequest) -> HttpResponse:
    """Decide about a ticket and record it."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    terminal = (
        Terminal.objects.select_related("gate__zone")
        .filter(token_sha256=hashlib.sha256(token.encode()).hexdigest(), revoked=False)
        .first()
    )
    if terminal is None:
        return JsonResponse({"title": "who are you?"}, status=401)
    body = json.loads(request.body)
    if body["gate"] != terminal.gate.slug:
        return JsonResponse({"title": "not at this gate"}, status=403)
    asked = hashlib.sha256(request.body).digest()
    with transaction.atomic():
        head = Head.objects.select_for_update().get()
        before = Entry.objects.filter(request_id=body["request_id"]).first()
        if before is not None:
            if bytes(before.asked_sha256) != asked:
                return JsonResponse({"title": "another request"}, status=409)
            return _answer(before.answer)
        return _answer(_decided(terminal, body, asked, head))


def _decided(
    terminal: Terminal, body: dict[str, Any], asked: bytes, head: Head
) -> dict[str, object]:
    """Decide, change what an entry changes, and append to the chain."""
    now, zone = datetime.now(UTC), terminal.gate.zone
    ticket = Ticket.objects.select_related("product").filter(code=body["code"]).first()
    day, _ = ZoneDay.objects.get_or_create(zone=zone, day=now.date())
    reason = _reason(ticket, terminal, day, now)
    answer: dict[str, object] = {
        "decision": "admit" if reason == "ok" else "refuse",
        "reason": reason,
        "request_id": body["request_id"],
    }
    if ticket is not None:
        answer["ticket"] = {
            "id": ticket.pk,
            "holder": ticket.holder,
            "product": ticket.product.name,
            "uses_left": ticket.product.uses_max - ticket.uses - (reason == "ok"),
        }
    if ticket is not None and reason == "ok":
        ticket.uses += 1
        if ticket.first_at is None:
            ticket.first_at = now
            ticket.first_gate = terminal.gate.slug
            ticket.first_terminal = terminal.name
        ticket.save(update_fields=["uses", "first_at", "first_gate", "first_terminal"])
        ZoneDay.objects.filter(pk=day.pk).update(entries=F("entries") + 1)
    elif ticket is not None and ticket.first_at is not None:
        answer["first"] = {
            "at": ticket.first_at.isoformat(),
            "gate": ticket.first_gate,
            "terminal": ticket.first_terminal,
        }
    head.seq += 1
    told = json.dumps([head.seq, now.isoformat(), answer], separators=(",", ":")).encode()
    head.hash = hashlib.sha256(bytes(head.hash) + told).digest()
    head.save(update_fields=["seq", "hash"])
    Entry.objects.create(
        seq=head.seq,
        request_id=body["request_id"],
        asked_sha256=asked,
        at=now,
        answer=answer,
        hash=head.hash,
    )
    return answer


def _reason(ticket: Ticket | None, terminal: Terminal, day: ZoneDay, now: datetime) -> str:
    """Return why the gate opens or not."""
    zone = terminal.gate.zone
    if ticket is None:
        return "unknown"
    product = ticket.product
    if ticket.blocked:
        return "blocked"
    if product.zone_id != zone.pk:
        return "wrong_zone"
    if not product.valid_from <= now < product.valid_until:
        return "not_yet_valid" if now < product.valid_from else "expired"
    if ticket.uses >= product.uses_max:
        return "already_used"
    if zone.cap and day.entries - day.exits >= zone.cap:
        return "capacity_reached"
    return "ok"


def mark(request: HttpRequest) -> HttpResponse:
    """Admit a ticket once, with no rules and no chain."""
    if request.headers.get("Authorization") != _AUTHORIZATION:
        return JsonResponse({"title": "who are you?"}, status=401)
    body = json.loads(request.body)
    now = datetime.now(UTC)
    with transaction.atomic():
        ticket = Ticket.objects.filter(code=body["code"]).first()
        if ticket is None:
            return _answer({"decision": "refuse", "reason": "unknown"})
        unused = Ticket.objects.filter(pk=ticket.pk, admitted_at=None)
        if not unused.update(admitted_at=now):
            return _answer({"decision": "refuse", "reason": "already_used"})
        Mark.objects.create(request_id=body["request_id"], ticket=ticket, gate=body["gate"], at=now)
    return _answer(
        {
            "decision": "admit",
            "reason": "ok",
            "request_id": body["request_id"],
            "ticket": {"id": ticket.pk, "holder": ticket.holder},
        }
    )


def _answer(value: dict[str, object]) -> HttpResponse:
    return HttpResponse(json.dumps(value, separators=(",", ":")), content_type="application/json")
