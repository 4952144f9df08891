"""The admission view: a look-up, a conditional update and an event row, in one transaction.

It checks a token and answers with holder and product, as ours does; rules, counters, chain and
idempotent answers are left out, in its favour.
"""

import json
import os
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from bench.orm_site.models import Entry, Ticket

_AUTHORIZATION: Final = f"Bearer {os.environ['ORM_SITE_TOKEN']}"


def admit(request: HttpRequest) -> HttpResponse:
    """Admit a ticket once."""
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
        Entry.objects.create(
            request_id=body["request_id"], ticket=ticket, gate=body["gate"], at=now
        )
    return _answer(
        {
            "decision": "admit",
            "reason": "ok",
            "request_id": body["request_id"],
            "ticket": {"id": ticket.pk, "holder": ticket.holder, "product": ticket.product},
        }
    )


def _answer(value: dict[str, object]) -> HttpResponse:
    return HttpResponse(json.dumps(value, separators=(",", ":")), content_type="application/json")
