"""Every operation of the live process: one table for the router, OpenAPI, and the page of docs."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec

from paifang.services.live import bodies, bodies_journal, bodies_terminals
from paifang.web.live import gates, health, lanes, late, nodes, sign_on, stream
from paifang.web.live.http import Call, Reply
from paifang.web.live.state import Live

Run = Callable[[Live, Call], Awaitable[Reply | None]]
Body = type[msgspec.Struct]

MALFORMED: Final = (413, 415, 422)
SIGNED_ON: Final = (401, 403)
LEDGER: Final = (500, 503, 507)


class Parameter(NamedTuple):
    """A parameter in an operation's path or query, with its JSON schema."""

    name: str
    place: str
    description: str
    schema: dict[str, Any]
    required: bool = False


class Operation(NamedTuple):
    """One method of one path.

    Attributes:
        method: Of HTTP.
        path: As of OpenAPI; `{request_id}` is the one parameter a path of the live process has.
        run: Answers it; returns None if it has sent its answer itself. None: the desk answers it.
        summary: One line for the docs.
        answer: The type of its 200 answer, or the media type if that is not JSON.
        body: The type of its request body or its media type, None without one.
        problems: Statuses it may answer with a problem document, beside 405.
        example: A request body.
        token: Whether a terminal's token is needed.
        statuses: Further statuses that carry the answer's type.
        name: Its operationId, where it does not run here.
        parameters: What may stand in its path and query beside `{request_id}`.
    """

    method: str
    path: str
    run: Run | None
    summary: str
    answer: Body | str
    body: Body | str | None = None
    problems: tuple[int, ...] = ()
    example: dict[str, Any] | None = None
    token: bool = True
    statuses: tuple[int, ...] = ()
    name: str = ""
    parameters: tuple[Parameter, ...] = ()


SIGNED: Final = Parameter(
    nodes.SIGNED,
    "header",
    "Node, UTC milliseconds, nonce and Ed25519 signature, blanks between (docs/reference/sync.md)",
    {"type": "string", "maxLength": 512},
    required=True,
)
"""The header by which a node is known."""

_SCAN: Final = {
    "code": "7K3M9QX2TB4HVN8C",
    "gate": "north",
    "request_id": "north-1:01JD0Z9K8Q",
}

_TERMINAL: Final = "019a2b3c4d5e7f608192a3b4c5d6e7f8"

ADMIT: Final = Operation(
    "POST",
    gates.ADMISSIONS,
    gates.admit,
    "Decide about a ticket shown at a gate, now and durably.",
    bodies.AdmissionAnswer,
    bodies.AdmissionBody,
    (*SIGNED_ON, 409, *MALFORMED, 429, *LEDGER),
    _SCAN,
)
NULL: Final = Operation(
    "POST",
    "/api/v1/null",
    gates.null,
    "Benchmarks only: authenticated and decoded like an admission, constant answer.",
    bodies.NullAnswer,
    bodies.AdmissionBody,
    (*SIGNED_ON, *MALFORMED, 500),
    _SCAN,
)
OPERATIONS: Final = (
    ADMIT,
    Operation(
        "POST",
        f"{gates.ADMISSIONS}/preview",
        gates.preview,
        "Say what would be decided; nothing is used up or written.",
        bodies.AdmissionAnswer,
        bodies.AdmissionBody,
        (*SIGNED_ON, *MALFORMED, 429, *LEDGER),
        {"code": "4471-0093-1234-56", "gate": "north", "kind": "serial"},
    ),
    Operation(
        "POST",
        f"{gates.ADMISSIONS}/override",
        gates.override,
        "Admit against a refusal, signed by a supervisor with a PIN and a reason.",
        bodies.AdmissionAnswer,
        bodies.OverrideBody,
        (*SIGNED_ON, 409, *MALFORMED, 429, *LEDGER),
        {
            **_SCAN,
            "staff": "supervisor",
            "pin": "135790",
            "reason_text": "Went out for a medical emergency",
        },
    ),
    Operation(
        "POST",
        f"{gates.ADMISSIONS}/{{request_id}}/passage",
        gates.passage,
        "Report what became of a permission: passed, not shown, or nobody passed.",
        bodies.PassageAnswer,
        bodies.PassageBody,
        (*SIGNED_ON, 404, 409, *MALFORMED, *LEDGER),
        {"result": "passed"},
    ),
    Operation(
        "POST",
        f"{gates.ADMISSIONS}/{{request_id}}/annul",
        gates.annul,
        "Take an admission back, once, within 15 minutes: the person did not pass.",
        bodies.AnnulAnswer,
        bodies.AnnulBody,
        (*SIGNED_ON, 404, 409, *MALFORMED, 429, *LEDGER),
        {"reason_text": "Turned round at the gate"},
    ),
    Operation(
        "POST",
        f"{sign_on.TERMINALS}/challenge",
        sign_on.terminal_challenge,
        "Something fresh to sign, good for 60 seconds.",
        bodies_terminals.ChallengeAnswer,
        bodies_terminals.ChallengeBody,
        (*MALFORMED, 500),
        {"terminal": _TERMINAL},
        token=False,
    ),
    Operation(
        "POST",
        f"{sign_on.TERMINALS}/token",
        sign_on.terminal_token,
        "A token for a terminal that signed its challenge; by PIN or card a shift begins.",
        bodies_terminals.TokenAnswer,
        bodies_terminals.TokenBody,
        (*SIGNED_ON, 409, *MALFORMED, 429, *LEDGER),
        {"terminal": _TERMINAL, "challenge": "pfc.…", "signature": "A" * 86},
        token=False,
    ),
    Operation(
        "POST",
        f"{sign_on.TERMINALS}/sign-off",
        sign_on.terminal_sign_off,
        "End the shift of whoever is signed on.",
        bodies_terminals.SignOffAnswer,
        bodies_terminals.SignOffBody,
        (*SIGNED_ON, 409, *MALFORMED, *LEDGER),
        {"request_id": "off-1"},
    ),
    Operation(
        "POST",
        "/api/v1/journal",
        late.journal,
        "Tell of passages that happened while no host could be asked; each is a fact.",
        bodies_journal.JournalAnswer,
        bodies_journal.JournalBody,
        (*SIGNED_ON, *MALFORMED, *LEDGER),
        {
            "records": [
                {
                    "request_id": "list-12:7",
                    "at": "2026-06-01T09:12:00+08:00",
                    "code": "4471-0093-1234-56",
                    "kind": "serial",
                    "gate": "north",
                }
            ]
        },
    ),
    Operation(
        "GET",
        "/api/v1/occupancy",
        gates.occupancy,
        "People counted in each zone of the terminal's sites today.",
        bodies.OccupancyAnswer,
        problems=(*SIGNED_ON, *LEDGER),
    ),
    Operation(
        "GET",
        "/api/v1/stream",
        stream.stream,
        "Server-sent events: hello, admission, occupancy; Last-Event-ID resumes.",
        "text/event-stream",
        problems=(*SIGNED_ON, 422, *LEDGER),
    ),
    Operation(
        "POST",
        lanes.LANES,
        lanes.lane,
        "A lane agent asks, tells and hands over what it has kept, in one message each way.",
        "application/octet-stream",
        "application/octet-stream",
        (*SIGNED_ON, 404, *MALFORMED, *LEDGER),
    ),
    Operation(
        "POST",
        nodes.SYNC,
        nodes.sync,
        "A venue host tells in a sealed document what the centre lacks, and is answered so.",
        "application/octet-stream",
        "application/octet-stream",
        (403, 409, *MALFORMED, *LEDGER),
        token=False,
        parameters=(
            SIGNED,
            Parameter(
                nodes.DIGEST,
                "header",
                "SHA-256 of the body",
                {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                required=True,
            ),
        ),
    ),
    Operation(
        "GET",
        nodes.SNAPSHOT,
        nodes.snapshot,
        "The tickets of a lease, for its lessee alone; Range resumes.",
        "application/octet-stream",
        problems=(403, 404, 409, 416, *LEDGER),
        token=False,
        statuses=(206,),
        parameters=(
            Parameter(
                "lease",
                "path",
                "The lease's id",
                {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                required=True,
            ),
            SIGNED,
            Parameter("Range", "header", "bytes=FIRST-", {"type": "string"}),
        ),
    ),
    Operation(
        "GET",
        "/healthz",
        health.healthz,
        "The process runs.",
        bodies.HealthAnswer,
        problems=(500,),
        token=False,
    ),
    Operation(
        "GET",
        "/readyz",
        health.readyz,
        "Whether requests may be sent here; 503 with the checks that fail.",
        bodies.ReadinessAnswer,
        problems=(500,),
        token=False,
        statuses=(503,),
    ),
    Operation(
        "GET",
        "/metrics",
        health.metrics,
        "Figures for Prometheus.",
        "text/plain",
        problems=LEDGER,
        token=False,
    ),
)
"""All but the null endpoint, which exists in benchmarks only, and the description itself."""
