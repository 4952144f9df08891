"""Thousands of requests made from the description meet no fault and no undocumented answer."""

import os
from collections import Counter
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from paifang.web.live.forwarded import FORWARDED
from tests.web.live.serving import served
from tests.web.live.venue import GROUP, TOKEN_OF, Venue

pytestmark = [pytest.mark.http, pytest.mark.filterwarnings("default")]

EXAMPLES = 2_000 if os.environ.get("PAIFANG_SOAK") else 40
CODE = "7K3M9QX2TB4HVN8C"
CONFIG: dict[str, Any] = {
    "headers": {"Authorization": f"Bearer {TOKEN_OF['north-1']}"},
    "generation": {"max-examples": EXAMPLES},
    # A gate that nobody has is well formed and still refused.
    "checks": {"positive_data_acceptance": {"enabled": False}},
    "phases": {"stateful": {"enabled": False}},
    "continue-on-failure": True,
}


@pytest.mark.parametrize("known", [False, True], ids=["any-names", "known-names"])
def test_every_answer_is_documented_and_none_is_a_fault(venue: Venue, *, known: bool) -> None:
    venue.issue(CODE, product=GROUP, people=900)
    venue.scan(CODE, "known")
    config = {**CONFIG, "parameters": {"path.request_id": "known"}} if known else CONFIG
    with served(venue) as base:
        document = httpx.get(f"{base}/api/v1/openapi.json").json()
        _leave_to_the_desk(document)
        if known:
            _narrow(document["components"]["schemas"])
        statuses, failed = explored(document, {**config, "base-url": base})
    assert not failed, "\n\n".join(failed)
    assert statuses.total() > 500
    assert {200, 401, 403, 405, 409 if known else 404, 415, 422} <= set(statuses)


def test_an_undocumented_answer_would_be_found(venue: Venue) -> None:
    with served(venue) as base:
        document = httpx.get(f"{base}/api/v1/openapi.json").json()
        path = "/api/v1/admissions/preview"
        del document["paths"][path]["post"]["responses"]["422"]
        document["paths"] = {path: document["paths"][path]}
        _, failed = explored(document, {**CONFIG, "base-url": base})
    assert any("status_code_conformance" in text for text in failed)


def explored(document: dict[str, Any], config: dict[str, Any]) -> tuple[Counter[int], list[str]]:
    """Run all phases; return how often each status came, and every failed check in words."""
    statuses: Counter[int] = Counter()
    failed: list[str] = []
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(config))
    # The stream never ends.
    for event in from_schema(schema.exclude(path="/api/v1/stream")).execute():
        assert not isinstance(event, FatalError), event
        if isinstance(event, NonFatalError):
            failed.append(f"{event.label}: {event.value}")
        if isinstance(event, ScenarioFinished):
            for case_id, interaction in event.recorder.interactions.items():
                if interaction.response is not None:
                    statuses[interaction.response.status_code] += 1
                for check in event.recorder.checks.get(case_id, ()):
                    if check.status is not Status.SUCCESS:
                        info = check.failure_info
                        text = f"{info.failure.title}: {info.failure.message}" if info else ""
                        failed.append(
                            f"{event.recorder.label} {check.name}: {text}\n"
                            f"{interaction.request.method} {interaction.request.body!r}"
                        )
    return statuses, failed


def _leave_to_the_desk(document: dict[str, Any]) -> None:
    """Take out what is only forwarded: tests/http asks a whole server about it."""
    for operation in FORWARDED:
        document["paths"].pop(operation.path, None)


def _narrow(schemas: dict[str, Any]) -> None:
    """Let half of the bodies name what there is, so that more than refusals is met."""
    for name in ("AdmissionBody", "OverrideBody"):
        members = schemas[name]["properties"]
        members["gate"] = {"enum": ["north", "in-only"]}
        members["staff"] = {"enum": ["sun", "li"]}
        members["code"] = {"anyOf": [{"enum": [CODE]}, members["code"]]}
