"""The line of a venue host on the desk's pages, and from when on it is too bad to be used."""

import re

import msgspec
import pytest

from paifang.core.link import Figures, LinkLimits, LinkState, LinkTold, LinkWatch
from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.line_limits import LimitsError, set_limits
from paifang.services.desk.staff import make_staff
from paifang.services.live.joined import Centre, LineState
from paifang.store import models
from tests.desk_makers import BOSS, make_venue
from tests.web.desk.venue_host import PASSWORD, hear, let_join, now_ms, signed_in, told


@pytest.fixture
def hall(sqlite_desk: DeskContext) -> DeskContext:
    """A venue host."""
    make_venue()
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    make_staff("bob", name="Bob", role=Role.supervisor, password=PASSWORD)
    publish()
    sqlite_desk.joined.keep_centre(
        Centre(url="https://c", node="n", name="Head office", public_key="", host="hall-3")
    )
    return sqlite_desk


def keep(hall: DeskContext, state: LinkState, *, up: bool = True) -> None:
    """Let the line be measured two minutes ago."""
    figures = Figures(at_ms=now_ms() - 121_000, loss_percent=7, latency_ms=640, kbit=31)
    watch = LinkWatch(state=state, since_ms=now_ms() - 300_000, figures=figures)
    hall.joined.keep_line(LineState(up=up, success_ms=now_ms(), backlog=12, watch=watch))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LinkState.open, "The line is up"),
        (LinkState.poor, "The line is too poor, so nothing goes over it; the gates go on"),
        (LinkState.down, "The line is back; it is used once it has been good for a moment"),
    ],
)
def test_a_host_says_how_its_line_is_with_figures_and_their_age(
    hall: DeskContext, state: LinkState, words: str
) -> None:
    keep(hall, state)
    page = told(signed_in("bob").get("/desk/venues/").text)
    assert words in page
    assert "Measured 2 minutes ago: 7 % lost, 640 ms there and back, 31 kbit/s" in page
    assert "Suspended if more than 20 % is lost or there and back takes over 3000 ms or" in page
    today = told(signed_in().get("/desk/today/").text)
    assert ("The line to the centre is too poor; 12 records wait here" in today) == (
        state is LinkState.poor
    )


def test_a_manager_sets_how_good_the_line_must_be_while_it_is_down(hall: DeskContext) -> None:
    client = signed_in()
    assert 'href="/desk/venues/line/"' in client.get("/desk/venues/").text
    assert signed_in("bob").get("/desk/venues/line/").status_code == 403
    typed = {"loss_percent": "5", "latency_ms": "0", "kbit": "64", "bad_windows": "2"}
    for wrong in (
        {"good_windows": "4", "why": " "},
        {"good_windows": "0", "why": "x"},
        {"good_windows": "x", "why": "x"},
    ):
        page = client.post("/desk/venues/line/", typed | wrong)
        assert page.status_code == 422
        assert 'value="64"' in page.text
    assert hall.joined.limits() == LinkLimits()
    typed |= {"good_windows": "4", "why": "5G"}
    page = client.post("/desk/venues/line/", typed, follow=True)
    assert "Suspended if more than 5 % is lost or less than 64 kbit/s gets through." in page.text
    assert hall.joined.limits() == LinkLimits(
        loss_percent=5, latency_ms=0, kbit=64, bad_windows=2, good_windows=4
    )
    written = models.AuditEntry.objects.get(what="line_limits_set")
    assert (written.who, written.why) == ("eve", "5G")


def test_a_line_of_which_nothing_is_asked_is_always_used(hall: DeskContext) -> None:
    hall.joined.keep_limits(LinkLimits(loss_percent=0, latency_ms=0, kbit=0))
    assert "It is used however poor it is." in signed_in().get("/desk/venues/").text


def test_the_line_is_set_at_the_host_and_seen_at_its_centre(sqlite_desk: DeskContext) -> None:
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    make_venue()
    let_join()
    client = signed_in()
    assert client.get("/desk/venues/line/").status_code == 404
    with pytest.raises(LimitsError):
        set_limits(LinkLimits(), by=BOSS)
    figures = Figures(at_ms=now_ms() - 60_000, loss_percent=40, latency_ms=-1, kbit=-1)
    link = LinkTold(state=LinkState.poor, figures=figures)
    # Its clock is two minutes slow, so this was a minute in the future of its own.
    hear(sqlite_desk, 1, now_ms=now_ms() - 120_000, link=msgspec.json.encode(link).decode())
    words = told(client.get("/desk/venues/").text)
    assert "its line is too poor, nothing goes over it" in words
    assert "40 % lost" in words
    hear(sqlite_desk, 2, 1, now_ms=now_ms(), link="{")
    assert "its line is" not in client.get("/desk/venues/").text
    link = LinkTold(state=LinkState.open)
    hear(sqlite_desk, 3, 2, now_ms=now_ms(), link=msgspec.json.encode(link).decode())
    assert "its line is good" in client.get("/desk/venues/").text


def test_the_page_of_the_line_is_complete_in_chinese(hall: DeskContext) -> None:
    keep(hall, LinkState.poor)
    client = signed_in(language="zh-hans")
    for path in ("", "line/"):
        words = told(client.get(f"/desk/venues/{path}").text)
        assert set(re.findall(r"[A-Za-z]{4,}", words)) <= {
            "English",
            "hall",
            "Head",
            "office",
            "kbit",
        }
