"""House rules of every test: no network unless marked, big counts on request, no skips in CI.

* A test may use an internet socket only if it is marked `http`, `kill`, `browser` or `soak`; Unix
  sockets are free. Whoever starts a server says so.
* Tests marked `soak` run only with PAIFANG_SOAK=1 (`make soak`).
* Long files come first, so that workers end together.
* In CI a skipped test is a failed test: there, everything a test needs has been installed.
"""

import os
import sys
from collections.abc import Generator
from itertools import zip_longest

import pytest
from hypothesis import HealthCheck, settings

SOAK = os.environ.get("PAIFANG_SOAK") == "1"
CI = os.environ.get("CI", "").lower() in {"1", "true"}
NETWORK_MARKS = ("http", "kill", "browser", "soak")
COMPUTE_LONG = (
    "tests/sim/",
    "tests/ledger/test_machine.py",
    "tests/ledger/test_planted_faults.py",
    "tests/services/desk/test_paper_sheet.py",
    "tests/web/live/test_schemathesis.py",
)
"""Files, and folders of files, that compute for long."""
NETWORK_EVENTS = frozenset({"socket.connect", "socket.bind", "socket.sendto"})

# A deadline per example would be an assertion about the machine's speed.
settings.register_profile(
    "house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", settings.get_profile("house"), max_examples=5_000)
settings.load_profile("soak" if SOAK else "house")


class _Network:
    """Whether the test that runs now may use the internet's sockets."""

    allowed = True
    test = ""


def _watch_sockets(event: str, arguments: tuple[object, ...]) -> None:
    if _Network.allowed or event not in NETWORK_EVENTS:
        return
    # Unix sockets have a path (str or bytes) for an address, internet sockets a tuple.
    to_internet = isinstance(arguments[1], tuple)
    if to_internet:
        marks = ", ".join(NETWORK_MARKS)
        # An OSError, so that the code under test closes what it opened.
        raise PermissionError(f"{event} in {_Network.test}, which has none of the marks {marks}")


def pytest_configure() -> None:
    """Start watching; an audit hook also sees sockets that libraries open on their own."""
    sys.addaudithook(_watch_sockets)


# After pytest-randomly, which decides the order of all that is short.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave soak tests for `make soak`, and begin with the files that take long."""
    soak = [item for item in items if item.get_closest_marker("soak") and not SOAK]
    if soak:
        config.hook.pytest_deselected(items=soak)
        left_out = set(soak)
        items[:] = [item for item in items if item not in left_out]
    items[:] = _long_first(items)


def _long_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return tests, those of long files first: at the end a worker should not be left alone.

    Files that mostly wait for servers and files that mostly compute take turns.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    computes = [name for name in files if name.startswith(COMPUTE_LONG)]
    waits = [
        name
        for name, tests in files.items()
        if name not in computes
        and any(map(tests[0].get_closest_marker, ("browser", "kill", "http")))
    ]
    turns = [name for pair in zip_longest(waits, computes) for name in pair if name is not None]
    order = [*turns, *(name for name in files if name not in turns)]
    return [item for name in order for item in files[name]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Close the network for the time of a test that did not ask for it."""
    _Network.test = item.nodeid
    _Network.allowed = any(item.get_closest_marker(name) for name in NETWORK_MARKS)
    try:
        return (yield)
    finally:
        _Network.allowed = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI, where nothing may be missing."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
