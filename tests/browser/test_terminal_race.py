"""Two phones and one ticket: whoever is first by a hair lets in, and never both."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Response

from tests.browser.gate import PHONE, chromium
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RACES: Final = 200
# Each page holds its scan back until the same instant of the clock they share.
SCAN_AT: Final = """({ code, at }) => {
  setTimeout(() => {
    for (const key of [...code, "Enter"]) {
      window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
  }, at - Date.now());
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=3 * RACES) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def at_gate(server: ServerTree, browser: Browser, name: str, role: str) -> Terminal:
    terminal = Terminal(browser, server.url, size=PHONE)
    terminal.pair(pairing_code(server.data, name))
    terminal.sign_on(next(one for one in server.demo()["staff"] if one["role"] == role))
    terminal.connected()
    return terminal


def is_decision(response: Response) -> bool:
    return response.url.endswith("/api/v1/admissions")


def test_two_gates_race_for_one_ticket_and_one_of_them_admits_every_time(
    server: ServerTree, browser: Browser
) -> None:
    demo = server.demo()
    # One ticket in three is for one person and one entry.
    tickets = [one for one in demo["tickets"] if one["product"] == "Adult ticket"][:RACES]
    assert len(tickets) == RACES
    north = at_gate(server, browser, "north-1", "steward")
    south = at_gate(server, browser, "south-1", "supervisor")
    outcomes: Counter[tuple[str, ...]] = Counter()
    winners: Counter[str] = Counter()
    for ticket in tickets:
        with (
            north.page.expect_response(is_decision) as north_said,
            south.page.expect_response(is_decision) as south_said,
        ):
            at = 40 + north.page.evaluate("() => Date.now()")
            for terminal in (north, south):
                terminal.page.evaluate(SCAN_AT, {"code": ticket["code"], "at": at})
        said = {"north": north_said.value.json(), "south": south_said.value.json()}
        outcomes[tuple(sorted(one["reason"] for one in said.values()))] += 1
        (winner,) = (gate for gate, one in said.items() if one["decision"] == "admit")
        winners[winner] += 1
        loser = said["south" if winner == "north" else "north"]
        assert loser["first"]["gate"] == ("North gate" if winner == "north" else "South gate")
    assert outcomes == {("already_used", "ok"): RACES}
    # Otherwise it was no race.
    assert min(winners["north"], winners["south"]) > 0, winners
    assert not north.said
    assert not south.said
