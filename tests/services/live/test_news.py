"""What the journal is to screens."""

from paifang.core.rules import CentreRules, Gate, NodeRules, Product, Rules, Site, Zone
from paifang.ledger.facts import AdmissionFact, SegmentFact, payload_of
from paifang.ledger.rows import JournalRow
from paifang.services.live.news import news_of, opened_segment

RULES = Rules(
    CentreRules(
        sites={"city": Site("city", "City")},
        zones={"hall": Zone("hall", "city", "Hall")},
        gates={"north": Gate("north", "hall", "North", "北门")},
        products={1: Product(1, "adult", 1, "Adult", "成人票")},
    ),
    NodeRules(),
)


def row(kind: str, payload: bytes) -> JournalRow:
    """Return a journal row."""
    return JournalRow(2, 0, 7, 1_795_341_600_123, "n", kind, "r1", payload, b"")


def admission(gate: str) -> JournalRow:
    """Return the row of an admission at a gate."""
    fact = AdmissionFact(terminal="t1", gate=gate, zone="hall", reason="ok", product=1, people=1)
    return row("admission", payload_of(fact))


def test_an_admission_is_news_for_its_site_at_its_place() -> None:
    news = news_of(admission("north"), RULES)
    assert news is not None
    assert (news.site, news.segment, news.cursor) == ("city", 2, (0, 7))
    assert b'"gate_zh":"\xe5\x8c\x97\xe9\x97\xa8"' in news.body
    assert b'"at":"2026-11-22T10:00:00.123Z"' in news.body


def test_a_gate_that_is_gone_has_no_screen() -> None:
    assert news_of(admission("gone"), RULES) is None


def test_other_rows_are_no_news_but_a_new_segment_is_noticed() -> None:
    payload = payload_of(SegmentFact(segment=5, uuid="0" * 32, site="city", period=""))
    opened = row("segment", payload)
    assert news_of(opened, RULES) is None
    assert opened_segment(opened) == (5, "city")
    assert opened_segment(admission("north")) is None
