"""Counts, health, readiness, figures, and problems in the caller's language."""

import asyncio
import logging
import threading

import pytest

from paifang.core import limits
from paifang.ledger.commands import Publish
from paifang.ledger.faults import FAULTS, InFuture, NotPossible
from paifang.services.live.problems import PROBLEMS, problem_of
from paifang.web.live.ports import Check
from tests.web.live.venue import Venue, scan_of

CODE = "7K3M9QX2TB4HVN8C"


def test_people_inside_are_counted_with_cap_and_alarm(venue: Venue) -> None:
    venue.issue(CODE, product=5, people=50)
    venue.scan(CODE, "r1", count=9)
    hall = venue.call("GET", "/api/v1/occupancy", terminal="north-1").json["zones"][0]
    assert hall == {
        "zone": "hall",
        "name": "Hall",
        "name_zh": "大厅",
        "entries": 9,
        "exits": 0,
        "inside": 9,
        "cap": 20,
        "alarm": False,
    }
    venue.scan(CODE, "r2", count=1)
    venue.clock.at_ms += limits.OCCUPANCY_AGE_MS_MAX + 1
    answer = venue.call("GET", "/api/v1/occupancy", terminal="north-1").json
    assert (answer["zones"][0]["inside"], answer["zones"][0]["alarm"]) == (10, True)


def test_counts_tell_their_age(venue: Venue) -> None:
    first = venue.call("GET", "/api/v1/occupancy", terminal="north-1").json
    venue.clock.at_ms += 200
    second = venue.call("GET", "/api/v1/occupancy", terminal="north-1").json
    assert (first["age_ms"], second["age_ms"]) == (0, 200)
    assert first["as_of"] == second["as_of"]


@pytest.mark.parametrize(
    ("terminal", "zones"),
    [("north-1", ["hall"]), ("annexe-1", ["garden"]), ("monitor-1", ["hall", "garden"])],
)
def test_a_terminal_sees_the_zones_of_its_sites(
    venue: Venue, terminal: str, zones: list[str]
) -> None:
    answer = venue.call("GET", "/api/v1/occupancy", terminal=terminal).json
    assert [zone["zone"] for zone in answer["zones"]] == zones


def test_the_process_says_that_it_lives(venue: Venue) -> None:
    assert venue.call("GET", "/healthz").json == {"status": "ok"}
    head = venue.call("HEAD", "/healthz")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "15")


def test_readiness_names_what_is_missing(venue: Venue) -> None:
    assert venue.call("GET", "/readyz").json["ready"] is True
    venue.checks = (Check("ledger", ok=True), Check("desk", ok=False, detail="not started"))
    answered = venue.call("GET", "/readyz")
    assert answered.status == 503
    assert answered.json["checks"][1] == {"name": "desk", "ok": False, "detail": "not started"}


def test_figures_count_decisions_problems_and_people(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    venue.scan(CODE, "r1")
    venue.scan(CODE, "r2")
    venue.post("admissions", b"{")
    answered = venue.call("GET", "/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answered.body.decode().splitlines()
    for line in (
        'paifang_admissions_total{reason="ok"} 1.0',
        'paifang_admissions_total{reason="already_used"} 1.0',
        'paifang_problems_total{code="malformed"} 1.0',
        'paifang_zone_inside{zone="hall"} 1.0',
        "paifang_stream_listeners 0.0",
        "paifang_queue_depth 0.0",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("", "Token unknown"),
        ("en-GB", "Token unknown"),
        ("fr", "Token unknown"),
        ("zh;q=0, en", "Token unknown"),
        ("zh;q=x", "Token unknown"),
    ],
)
def test_problems_speak_english_unless_asked_otherwise(
    venue: Venue, header: str, title: str
) -> None:
    headers = {"accept-language": header} if header else {}
    answered = venue.call(
        "GET", "/api/v1/occupancy", headers={"authorization": "Bearer x", **headers}
    )
    assert (answered.status, answered.json["title"]) == (401, title)
    assert answered.json["type"] == "/problems/token_unknown"


def test_a_problems_page_explains_it(venue: Venue) -> None:
    answered = venue.call("GET", "/problems/queue_full")
    assert answered.headers["content-type"] == "text/html; charset=utf-8"
    assert PROBLEMS["queue_full"].detail in answered.body.decode()
    assert venue.call("GET", "/problems/<script>").json["code"] == "not_found"


def test_every_fault_of_the_ledger_has_its_problem() -> None:
    for code, fault in FAULTS.items():
        problem = problem_of(fault("a detail that stays inside"))
        # What the caller could not mend is told in one way.
        assert problem.code == code or issubclass(fault, NotPossible | InFuture)
        assert problem.code != "unexpected" or code == "unexpected"
        assert "detail that stays" not in str(problem.kind)
    statuses = {code: problem_of(fault()).kind.status for code, fault in FAULTS.items()}
    assert statuses["queue_full"] == statuses["stopping"] == statuses["storage_fault"] == 503
    assert (statuses["disk_full"], statuses["unexpected"], statuses["id_conflict"]) == (
        507,
        500,
        409,
    )


def test_a_full_queue_answers_at_once_that_nothing_was_done(venue: Venue) -> None:
    writer = venue.writer
    release = threading.Event()
    jam = writer.port(lambda _: [release.wait(60)].clear())
    command = Publish(layer="none", base=0, body=b"")
    jam.submit(command, None)
    while writer.health().queue:
        pass
    for _ in range(limits.QUEUE_COMMANDS_MAX):
        jam.submit(command, None)
    answered = venue.post("admissions", scan_of(CODE, "r1"))
    release.set()
    assert (answered.status, answered.json["code"]) == (503, "queue_full")
    assert answered.headers["retry-after"] == "1"
    assert answered.json["retry_after"] == 1


def test_a_stopping_writer_is_said_to_stop(venue: Venue) -> None:
    venue.writer.stop()
    answered = venue.post("admissions", scan_of(CODE, "r1"))
    assert (answered.status, answered.json["code"]) == (503, "stopping")


def test_a_terminal_withdrawn_between_token_and_batch_is_told_so(venue: Venue) -> None:
    async def revoke_first() -> tuple[int, str]:
        revoking = asyncio.ensure_future(venue.revoke_now("north-1"))
        await asyncio.sleep(0)  # the withdrawal is queued, and no batch has told of it yet
        answered = await venue.ask_json("admissions", scan_of(CODE, "r1"), "north-1")
        await revoking
        return answered.status, answered.json["code"]

    assert venue.run(revoke_first()) == (401, "token_revoked")


def test_a_bug_met_by_a_request_is_a_problem_and_its_words_stay_inside(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    venue.checks = ("a secret",)  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        answered = venue.call("GET", "/readyz")
    assert (answered.status, answered.json["code"]) == (500, "unexpected")
    assert "AttributeError in GET" in caplog.text
    assert "a secret" not in caplog.text


def test_the_null_endpoint_exists_in_benchmarks_only(venue: Venue) -> None:
    assert venue.call("POST", "/api/v1/null").headers["x-served-by"] == "desk"
