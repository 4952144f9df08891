"""Operations of the API that the desk answers: described here, so that there is one description.

The live process forwards them as every path that is not its own; `web/desk/api/urls.py` has them.
Bodies and answers are types of `services/live/bodies*.py`, which both sides read.
"""

from typing import Final

from paifang.core import limits
from paifang.services.live import bodies_search, bodies_sync, bodies_terminals
from paifang.web.live.operations import (
    LEDGER,
    MALFORMED,
    SIGNED_ON,
    Operation,
    Parameter,
)

DESK: Final = (*LEDGER, 504)
"""What the desk may answer when something is amiss, and the live process in front of it."""

FORWARDED: Final[tuple[Operation, ...]] = (
    Operation(
        "POST",
        "/api/v1/terminals/pair",
        None,
        "Make the device that shows a manager's code a terminal.",
        bodies_terminals.PairedAnswer,
        bodies_terminals.PairBody,
        (400, 404, 409, 410, *MALFORMED, 429, *DESK),
        {
            "code": "7K3M9-QX2TB",
            "key": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
            "request_id": "pair-1",
        },
        token=False,
        name="pair_terminal",
    ),
    Operation(
        "POST",
        "/api/v1/terminals/status",
        None,
        "How a terminal is, every 20 seconds; it is told what it is now.",
        bodies_terminals.StatusAnswer,
        bodies_terminals.StatusBody,
        (400, *SIGNED_ON, *MALFORMED, *DESK),
        {"version": "0.1.0", "unsent": 0, "clock_ms": 1_795_341_600_000, "battery": 81},
        name="terminal_status",
    ),
    Operation(
        "POST",
        "/api/v1/sync/join",
        None,
        "Make the machine that shows a manager's code a venue host of this centre.",
        bodies_sync.JoinedAnswer,
        bodies_sync.JoinBody,
        (400, 403, 409, *MALFORMED, 429, *DESK),
        {
            "code": "7K3M9-QX2TB",
            "node": "0190a000-0000-4000-8000-0000000000aa",
            "public_key": "0f" * 32,
            "exchange_key": "0f" * 32,
            "signature": "0f" * 64,
        },
        token=False,
        name="join_centre",
    ),
    Operation(
        "GET",
        "/api/v1/tickets",
        None,
        "Find tickets by name, company, phone tail, or a code typed in full.",
        bodies_search.TicketsAnswer,
        problems=(400, *SIGNED_ON, 422, 429, *DESK),
        name="search_tickets",
        parameters=(
            Parameter(
                "q",
                "query",
                "Two characters with an ideograph, else three; four digits of a phone number",
                {"type": "string", "minLength": 1, "maxLength": limits.SEARCH_CHARS_MAX},
                required=True,
            ),
            Parameter(
                "limit",
                "query",
                "How many tickets at most; 20 unless told",
                {"type": "integer", "minimum": 1, "maximum": limits.SEARCH_FOUND_MAX},
            ),
        ),
    ),
    Operation(
        "GET",
        "/api/v1/tickets/{ticket}",
        None,
        "One ticket with everything that was decided about it, newest first.",
        bodies_search.TicketStory,
        problems=(400, *SIGNED_ON, 404, 422, 429, *DESK),
        name="ticket_story",
        parameters=(
            Parameter(
                "ticket",
                "path",
                "The ticket's id, as answers name it",
                {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                required=True,
            ),
        ),
    ),
    Operation(
        "GET",
        "/api/v1/flow",
        None,
        "People in and out and refusals, per gate and minute; which gates are silent.",
        bodies_search.FlowAnswer,
        problems=(400, *SIGNED_ON, 422, *DESK),
        name="gate_flow",
        parameters=(
            Parameter(
                "minutes",
                "query",
                "How many minutes, the one that is not over included; 60 unless told",
                {"type": "integer", "minimum": 1, "maximum": limits.FLOW_MINUTES_MAX},
            ),
        ),
    ),
)
