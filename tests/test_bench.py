"""Every benchmark runs and tells what it promises; how fast it was is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bench import admit, wire
from bench.__main__ import BENCHES
from bench.hold import Sold
from bench.namespaces import why_not
from bench.report import Reach, percentile

ROOT = Path(__file__).resolve().parent.parent
SMALL = {
    "BENCH_TICKETS": "2000",
    "BENCH_ROUNDS": "1",
    "BENCH_POINT_S": "0.1",
    "BENCH_CONNECTIONS": "1,64",
    "BENCH_SECONDS": "1",
    "BENCH_IDLE_S": "0.2",
    "BENCH_UNITS": "200",
    "BENCH_ROWS": "100",
    "BENCH_SCANS": "5",
    "BENCH_ADMISSIONS": "1500",
}
PROMISED = {
    "ledger": {"engine", "cpu_us_1", "cpu_us_8", "cpu_us_64", "cpu_us_256"},
    "projector": {
        *("engine", "issues", "issues_per_s", "mixed_per_s", "bare_per_s", "lag_p50_s"),
        *("lag_most_s", "settled_s", "reach"),
    },
    "hold": {"engine", "oversold", "left", "fairness", "reach", "met"},
    "import": {"engine", "rows", "rows_per_s", "memory_mb"},
    "admit": {"engine", "connections", "null", "admit", "orm", "cpu_to_null", "rate_to_flush"},
    "mixed": {"engine", "idle_p99_ms", "busy_p99_ms", "pages_per_s", "reach"},
    "desk": {"engine", "null_ms", "list_ms", "story_ms", "worst_to_null", "worst_growth", "reach"},
    "memory": {"pss_mb", "ready_s", "idle_cpu_percent", "reach"},
    "paper": {"tickets", "tickets_per_s", "bare_tickets_per_s", "cpu_ms", "drawing_mb", "pdf_kb"},
    "sync": {
        *("engine", "tickets", "wire_bytes", "wire_to_incompressible", "ready_s", "back_bytes"),
        *("ready_to_unpacked", "applied_per_s", "applied_to_bare", "reach"),
    },
    "link": {
        *("admissions", "caught_up_s", "stalled_s", "bytes_a_row", "time_to_ideal", "p99_to_idle"),
        *("cuts", "lost", "reach"),
    },
    "terminal": {
        *("painted_p50_ms_1x", "painted_p95_ms_6x", "over_server_p95_ms_6x", "decode_p50_ms"),
        *("first_load_kb", "offline_paint_ms", "monitors_p95_ms", "reach"),
    },
}
SIDE = {"rate_per_s", "p50_ms", "p99_ms", "p999_ms", "cpu_us", "database_cpu_us"}


def lines_of(name: str, **more: str) -> list[dict[str, Any]]:
    """Run a benchmark in small; return its lines of JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=ROOT,
        env={**os.environ, **SMALL, **more},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_promise_is_known_of_every_benchmark() -> None:
    assert set(PROMISED) == set(BENCHES)


@pytest.mark.http
@pytest.mark.postgres
@pytest.mark.parametrize("name", PROMISED)
def test_a_benchmark_tells_its_ratio_and_figures_in_one_line_each(name: str) -> None:
    if name == "link" and (why := why_not()):
        pytest.skip(why)
    lines = lines_of(name)
    assert lines
    for line in lines:
        assert line["bench"] == name
        assert line["ratio"] > 0
        assert PROMISED[name] <= set(line)
    engines = {line["engine"] for line in lines if "engine" in line}
    assert engines == (
        set() if name in {"memory", "paper", "terminal", "link"} else {"sqlite", "postgres"}
    )
    if name == "admit":
        assert sorted(line["connections"] for line in lines) == [1, 1, 64, 64]
        assert all(set(line[side]) >= SIDE for line in lines for side in admit.SIDES)
        at_64 = [line for line in lines if line["connections"] == 64]
        assert all(len(line["reach"]) == 4 for line in at_64)
    if name == "hold":
        assert all(line["oversold"] == 0 and line["left"] == 0 for line in lines)


def test_an_unknown_benchmark_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "speed"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "speed" in done.stderr
    assert "admit" in done.stderr


@pytest.mark.parametrize("name", BENCHES)
def test_every_benchmark_is_documented(name: str) -> None:
    page = (ROOT / "docs/reference/benchmarks.md").read_text(encoding="utf-8")
    assert f"## `{name}`" in page


def test_every_variable_is_documented() -> None:
    page = (ROOT / "docs/reference/benchmarks.md").read_text(encoding="utf-8")
    source = (ROOT / "bench/scale.py").read_text(encoding="utf-8")
    names = {part.split('"')[0] for part in source.split('found("')[1:]}
    assert names
    assert all(f"`{name}`" in page for name in names)


def test_every_scan_of_two_clients_shows_another_ticket(tmp_path: Path) -> None:
    codes = tmp_path / "codes"
    codes.write_text("".join(f"CODE{n:012d}" for n in range(10)))
    sent = [
        request
        for first in (2, 3)
        for request in wire.requests_of(
            wire.Scans("/admit", "token", "north", str(codes), first, 3, "run", step=2)
        )
    ]
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in sent]
    assert sorted(body["code"] for body in bodies) == [f"CODE{n:012d}" for n in range(2, 8)]
    assert len({body["request_id"] for body in bodies}) == 6
    for request in sent:
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head


def test_request_ids_may_be_those_of_a_terminal(tmp_path: Path) -> None:
    codes = tmp_path / "codes"
    codes.write_text("".join(f"CODE{n:012d}" for n in range(3)))
    plan = wire.Scans("/admit", "token", "north", str(codes), 0, 3, "", random=True)
    ids = set()
    for request in wire.requests_of(plan):
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        ids.add(UUID(json.loads(body)["request_id"]).version)
    assert ids == {4}


@pytest.mark.parametrize(
    ("answer", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\ncontent-le", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_an_answer_counts_once_all_of_it_is_there(answer: bytes, complete: bool) -> None:  # noqa: FBT001 - a parameter of a test
    assert wire.is_complete(answer) is complete


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\n\r\n{"decision":"refuse","reason":"already_used"}',
        b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"decision":"admit"}',
        b"HTTP/1.1 200 OK\r\n\r\n{}",
    ],
)
def test_only_an_admission_is_a_good_answer_to_a_scan(answer: bytes) -> None:
    assert not wire.is_admitted(answer)
    assert wire.is_admitted(b'HTTP/1.1 200 OK\r\n\r\n{"decision":"admit","reason":"ok"}')


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, p) for p in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7.0], 99.9) == 7


def test_fairness_falls_when_some_buyers_get_everything() -> None:
    assert Sold(1.0, [5, 5, 5, 5], [5, 5, 5, 5]).fairness == 1
    assert Sold(1.0, [20, 0, 0, 0], [20, 0, 0, 0]).fairness == pytest.approx(0.25)


def test_a_goal_is_met_on_its_own_side_only() -> None:
    assert Reach("x", "<=", 4).met(4)
    assert not Reach("x", "<=", 4).met(4.1)
    assert Reach("x", ">=", 0.2).met(0.2)
    assert not Reach("x", ">=", 0.2).met(0.1)
