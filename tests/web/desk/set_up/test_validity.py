"""A ticket's validity in words, in both languages, from the compiled rule alone."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    Gate,
    Identity,
    Product,
    Reentry,
    Site,
    Zone,
)
from paifang.services.desk.calendar import calendar, day_start_ms
from paifang.web.desk.set_up.validity import validity_words

SHANGHAI = ZoneInfo("Asia/Shanghai")
CENTRE = CentreRules(
    sites={
        "expo": Site(
            "expo",
            "Expo",
            "会展中心",
            "Asia/Shanghai",
            calendar(SHANGHAI, 4, datetime(2027, 4, 1, tzinfo=UTC)),
        )
    },
    zones={
        "hall": Zone("hall", "expo", "Hall", "展馆"),
        "cave": Zone("cave", "expo", "Cave", "隐龙洞"),
    },
    gates={
        "north": Gate("north", "hall", "North gate", "北门"),
        "south": Gate("south", "hall", "South gate", "南门"),
    },
)
AGAIN = Reentry.after_exit


def day(month: int, number: int) -> int:
    return day_start_ms(SHANGHAI, 4, date(2027, month, number))


def at(month: int, number: int, hour: int) -> int:
    return int(datetime(2027, month, number, hour, tzinfo=SHANGHAI).timestamp() * 1000)


MAY: dict[str, Any] = {"valid_from_ms": day(5, 1), "valid_until_ms": day(5, 6)}
CASES = [
    (
        EntitlementRule(
            "hall", ("north",), **MAY, uses_max=0, day_uses_max=1, days_max=2, reentry=AGAIN
        ),
        (
            "Valid on any 2 of the days 1–5 May 2027, once a day, re-entry after exit, through "
            "North gate."
        ),
        "2027年5月1日至5日任选 2 天有效，每天一次，离场后可再次入场，经北门。",
    ),
    (
        EntitlementRule("hall", **MAY),
        "Valid 1–5 May 2027, one entry, no re-entry, through every gate of Hall.",
        "2027年5月1日至5日有效，入场一次，离场后不可再入，经展馆的任一闸口。",
    ),
    (
        EntitlementRule("hall", valid_from_ms=day(4, 28), valid_until_ms=day(5, 4), uses_max=5),
        "Valid 28 April – 3 May 2027, 5 entries, no re-entry, through every gate of Hall.",
        "2027年4月28日至5月3日有效，5 次入场，离场后不可再入，经展馆的任一闸口。",
    ),
    (
        EntitlementRule("hall", valid_from_ms=day(5, 1), valid_until_ms=day(5, 2)),
        "Valid on 1 May 2027, one entry, no re-entry, through every gate of Hall.",
        "2027年5月1日有效，入场一次，离场后不可再入，经展馆的任一闸口。",
    ),
    (
        EntitlementRule("hall", valid_from_ms=at(5, 1, 17), valid_until_ms=at(5, 1, 23)),
        (
            "Valid from 1 May 2027 17:00 until 1 May 2027 23:00, one entry, no re-entry, through "
            "every gate of Hall."
        ),
        (
            "2027年5月1日 17:00至2027年5月1日 23:00有效，入场一次，离场后不可再入，"
            "经展馆的任一闸口。"
        ),
    ),
    (
        EntitlementRule("hall", session_bound=True),
        "Valid in the session on the ticket, one entry, no re-entry, through every gate of Hall.",
        "限票面场次，入场一次，离场后不可再入，经展馆的任一闸口。",
    ),
    (
        EntitlementRule(
            "hall", ("north", "south"), uses_max=0, valid_days=3, gate_uses_max=2, reentry=AGAIN
        ),
        (
            "Valid at any time, within 3 days from the first entry, any number of entries, 2 "
            "entries at each gate, re-entry after exit, through North gate or South gate."
        ),
        (
            "任何时间有效，自首次入场起 3 天内，入场次数不限，每个闸口 2 次，离场后可再次入场，"
            "经北门或南门。"
        ),
    ),
]


def said(rule: EntitlementRule, language: str) -> list[str]:
    with translation.override(language):
        return validity_words(Product(1, "p", 1, "P", entitlements=(rule,)), CENTRE)


@pytest.mark.parametrize(("rule", "english", "chinese"), CASES)
def test_a_rule_is_said_in_both_languages(
    rule: EntitlementRule, english: str, chinese: str
) -> None:
    assert said(rule, "en") == [english]
    assert said(rule, "zh-hans") == [chinese]


def test_open_ends_and_rare_limits_are_said() -> None:
    rule = EntitlementRule("hall", uses_max=0, anti_passback=True, reentry=AGAIN)
    assert said(replace(rule, valid_from_ms=day(5, 1)), "en")[0].startswith("Valid from 1 May 2027")
    until = replace(rule, valid_until_ms=day(5, 2), valid_days=1)
    assert said(until, "en") == [
        (
            "Valid until 1 May 2027, on the day of the first entry only, any number of entries, "
            "re-entry after exit, not again before leaving, through every gate of Hall."
        )
    ]
    any_two = replace(rule, days_max=2)
    assert said(any_two, "en")[0].startswith("Valid on any 2 days, any number")
    years = replace(rule, valid_from_ms=day(12, 31), valid_until_ms=day(12, 31) + 2 * 86_400_000)
    assert said(years, "en")[0].startswith("Valid 31 December 2027 – 1 January 2028")


def test_what_holds_for_the_whole_ticket_is_said_once_and_places_are_named() -> None:
    product = Product(
        1,
        "p",
        1,
        "P",
        entitlements=(EntitlementRule("hall"), EntitlementRule("cave")),
        exchange_required=True,
        identity=Identity.document,
        supervised=True,
    )
    with translation.override("en"):
        assert validity_words(product, CENTRE, people=20) == [
            "Hall: Valid at any time, one entry, no re-entry, through every gate of Hall.",
            "Cave: Valid at any time, one entry, no re-entry, through every gate of Cave.",
            (
                "For 20 people, counted one by one, to be exchanged for a ticket first, with the "
                "identity document, only with a supervisor."
            ),
        ]
        nothing = replace(product, entitlements=(), exchange_required=False)
        assert validity_words(nothing, CENTRE)[0] == "Opens no gate yet."
        face = replace(nothing, identity=Identity.face)
        assert "With a look at the face" in validity_words(face, CENTRE)[1]
