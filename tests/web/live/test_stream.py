"""Screens hear of every admission at their sites, once and in order, whatever is interrupted."""

import asyncio
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.ledger.commands import OpenSegment
from paifang.services.live import news
from paifang.services.live.news import read_cursors, write_cursors
from paifang.services.live.problems import Problem
from tests.web.live.listening import Screen
from tests.web.live.venue import GROUP, TWICE, Venue, scan_of

CODE = "7K3M9QX2TB4HVN8C"


async def scan(venue: Venue, request_id: str, code: str = CODE, **more: object) -> None:
    """Scan without leaving the loop."""
    body = {**scan_of(code, request_id), **more}
    terminal = {"north": "north-1", "annexe": "annexe-1"}[str(body["gate"])]
    answered = await venue.ask_json("admissions", body, terminal)
    assert answered.status == 200, answered.body


def test_a_screen_is_greeted_and_hears_of_a_scan_and_of_the_new_count(venue: Venue) -> None:
    venue.issue(CODE)

    async def watch() -> None:
        screen = Screen(venue)
        assert await screen.status() == 200
        hello = await screen.event()
        assert (hello.name, hello.data["node"]) == ("hello", "venue")
        assert hello.id
        counts = await screen.event()
        assert counts.name == "occupancy"
        assert [zone["inside"] for zone in counts.data["zones"]] == [0, 0]
        await scan(venue, "r1")
        told = await screen.event("admission")
        assert told.id
        assert told.data["at"].endswith("Z")
        assert (told.data["request_id"], told.data["reason"]) == ("r1", "ok")
        assert (told.data["gate_zh"], told.data["product"]) == ("北门", "Adult")
        # The clock stands still, so counts from before the scan would still be fresh enough.
        counts = await screen.event("occupancy")
        assert counts.data["zones"][0]["inside"] == 1
        await screen.hang_up()

    venue.run(watch())


def test_the_stream_shows_no_holder_and_no_code(venue: Venue) -> None:
    venue.issue(CODE)

    async def watch() -> None:
        screen = Screen(venue, "north-1")
        await screen.event("occupancy")
        await scan(venue, "r1")
        told = await screen.event("admission")
        assert "王小明" not in str(told.data)
        assert CODE not in str(told.data)
        await screen.hang_up()

    venue.run(watch())


def test_a_screen_hears_only_of_its_own_sites(venue: Venue) -> None:
    async def watch() -> None:
        city, hill = Screen(venue, "north-1"), Screen(venue, "annexe-1")
        for screen in (city, hill):
            zones = (await screen.event("occupancy")).data["zones"]
            assert len(zones) == 1
        await scan(venue, "at-annexe", gate="annexe")
        await scan(venue, "at-north")
        assert (await city.event("admission")).data["request_id"] == "at-north"
        assert (await hill.event("admission")).data["request_id"] == "at-annexe"
        await city.hang_up()
        await hill.hang_up()

    venue.run(watch())


def test_a_screen_that_was_away_misses_nothing_and_hears_nothing_twice(venue: Venue) -> None:
    venue.issue(CODE, product=GROUP, people=500)

    async def watch() -> None:
        screen = Screen(venue)
        await screen.event("hello")
        await scan(venue, "r0")
        last = (await screen.event("admission")).id
        await screen.hang_up()
        for n in range(1, 8):
            await scan(venue, f"r{n}")
            await scan(venue, f"u{n}", code="0000000000000000")
        again = Screen(venue, last_id=last)
        await scan(venue, "r8")
        heard = [(await again.event("admission")).data["request_id"] for _ in range(15)]
        await scan(venue, "r9")
        assert (await again.event("admission")).data["request_id"] == "r9"
        assert sorted(heard) == sorted(
            [f"r{n}" for n in range(1, 9)] + [f"u{n}" for n in range(1, 8)]
        )
        assert [name for name in heard if name[0] == "r"] == [f"r{n}" for n in range(1, 9)]
        await again.hang_up()

    venue.run(watch())


def test_what_happens_while_a_screen_catches_up_is_heard_once(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "NEWS_ROWS_MAX", 2)

    async def watch() -> None:
        witness = Screen(venue)
        start = (await witness.event("hello")).id
        for n in range(5):
            await scan(venue, f"r{n}")
            await witness.event("admission")
        screen = Screen(venue, last_id=start, slow=True)
        while venue.app.live.hub.listeners < 2:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        for n in range(5, 8):
            await scan(venue, f"r{n}")
            await witness.event("admission")
        screen.read_on()
        await scan(venue, "last")
        heard = []
        while "last" not in heard:
            heard.append((await screen.event("admission")).data["request_id"])
        assert heard == [*(f"r{n}" for n in range(8)), "last"]
        await screen.hang_up()
        await witness.hang_up()

    venue.run(watch())


def test_a_screen_resumes_on_a_process_that_was_started_later(tmp_path: Path) -> None:
    first = Venue(tmp_path / "ledger.db")
    first.issue(CODE, product=TWICE)

    async def before() -> str:
        screen = Screen(first)
        hello = await screen.event("hello")
        await screen.hang_up()
        return hello.id

    last = first.run(before())
    first.scan(CODE, "r1")
    first.close()
    second = Venue(tmp_path / "ledger.db")

    async def after() -> None:
        screen = Screen(second, last_id=last)
        assert (await screen.event("hello")).id == last
        assert (await screen.event("admission")).data["request_id"] == "r1"
        await screen.hang_up()

    second.run(after())
    second.close()


def test_what_another_process_commits_is_heard_without_a_word_from_it(venue: Venue) -> None:
    venue.ledger.on_commit = lambda: None

    async def watch() -> None:
        screen = Screen(venue)
        await screen.event("hello")
        await scan(venue, "r1")
        assert (await screen.event("admission")).data["request_id"] == "r1"
        await screen.hang_up()

    venue.run(watch())


def test_a_segment_opened_while_a_screen_listens_is_heard_of_too(venue: Venue) -> None:
    async def watch() -> None:
        screen = Screen(venue)
        hello = await screen.event("hello")
        before = set(read_cursors(hello.id))
        await venue.ledger.commit(OpenSegment(site="hill"))
        await scan(venue, "r1")
        await screen.event("admission")
        await screen.hang_up()
        again = Screen(venue)
        assert set(read_cursors((await again.event("hello")).id)) > before
        await again.hang_up()

    venue.run(watch())


def test_a_screen_that_cannot_keep_up_is_let_go_and_can_resume(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_QUEUE_MAX", 5)

    async def watch() -> None:
        screen = Screen(venue, slow=True)
        witness = Screen(venue)
        await witness.event("hello")
        for n in range(20):
            await scan(venue, f"r{n}")
            await witness.event("admission")
        screen.read_on()
        heard = await screen.rest()
        told = [event for event in heard if event.name == "admission"]
        assert len(told) < 20
        await screen.task
        last = [event.id for event in heard if event.id][-1]
        again = Screen(venue, last_id=last)
        rest = [(await again.event("admission")).data["request_id"] for _ in range(20 - len(told))]
        assert [event.data["request_id"] for event in told] + rest == [f"r{n}" for n in range(20)]
        await again.hang_up()
        await witness.hang_up()

    venue.run(watch())


def test_a_quiet_stream_shows_that_it_lives_and_ends_when_the_terminal_is_withdrawn(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_HEARTBEAT_S", 0.05)

    async def watch() -> None:
        screen = Screen(venue, "north-1")
        assert (await screen.event("comment")).id
        venue.clock.at_ms += 60
        await venue.revoke_now("north-1")
        venue.clock.at_ms += 60
        await screen.rest()
        await screen.task

    venue.run(watch())


def test_only_so_many_screens_may_listen(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAM_SUBSCRIBERS_MAX", 2)

    async def watch() -> None:
        screens = [Screen(venue), Screen(venue)]
        for screen in screens:
            await screen.event("hello")
        assert await Screen(venue).status() == 503
        await screens.pop().hang_up()
        screens.append(Screen(venue))
        assert await screens[-1].status() == 200
        for screen in screens:
            await screen.hang_up()

    venue.run(watch())


def test_streams_end_when_the_process_stops(venue: Venue) -> None:
    async def watch() -> None:
        screen = Screen(venue)
        await screen.event("hello")
        venue.app.close()
        await screen.rest()
        await screen.task

    venue.run(watch())


def test_nothing_reads_the_journal_while_nobody_listens(venue: Venue) -> None:
    async def watch() -> None:
        screen = Screen(venue)
        await screen.event("hello")
        await screen.hang_up()
        async with asyncio.timeout(10):
            while venue.app.live.hub.reading:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)

    venue.run(watch())


@pytest.mark.parametrize(
    "text", ["x", "3", "3:2", "3:2.x", "-1:0.0", "3:2.1;", "٣:2.1", "1:1." + "9" * 19]
)
def test_a_last_event_id_that_is_none_of_ours_is_refused(venue: Venue, text: str) -> None:
    with pytest.raises(Problem, match="member_wrong"):
        read_cursors(text)

    async def ask() -> int:
        return await Screen(venue, last_id=text).status()

    assert venue.run(ask()) == 422


def test_positions_are_written_as_they_are_read() -> None:
    places = {4: (2, 97), 3: (2, 118)}
    assert write_cursors(places) == "3:2.118;4:2.97"
    assert read_cursors("3:2.118;4:2.97") == places


def test_the_last_event_id_may_stand_in_the_query(venue: Venue) -> None:
    answered = venue.call("GET", "/api/v1/stream?last_event_id=x", terminal="monitor-1")
    assert (answered.status, answered.json["field"]) == (422, "last_event_id")


def test_a_position_beyond_the_journal_starts_at_its_end(venue: Venue) -> None:
    async def watch() -> None:
        screen = Screen(venue, last_id="1:9.999999")
        await screen.event("hello")
        await scan(venue, "r1")
        assert (await screen.event("admission")).data["request_id"] == "r1"
        await screen.hang_up()

    venue.run(watch())
