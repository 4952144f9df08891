"""Rows reach the projected tables as they are, many by one statement, on both engines."""

from uuid import UUID

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paifang.services.desk import projection_sql as sql
from paifang.services.desk.postgres_columns import array_of
from paifang.services.desk.projection_write import write_rows
from paifang.store.models import ProjectedAdmission, SearchTerm, TicketFact
from tests.desk_fixtures import Place

AWKWARD = (
    *("", " ", "NULL", "null", '"', "\\", '\\"', "{a,b}", "}", ",", "a\nb\t", "'; DROP TABLE x --"),
    *("%s", "%%", "欧阳娜娜", "O’Brien, Séan", "\U0001f3ab", "\u200b", "\\x00", "\\\\", "'"),
)
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


def fact(seq: int, text: str) -> tuple[int | str, ...]:
    return (f"{seq:032x}", 5, 1, 1, seq, "status", "", "", "", "", text)


def test_awkward_texts_and_bytes_arrive_as_they_are(store: Place) -> None:
    bodies = [bytes([n, 0, 92, 34, 255]) for n in range(20)]
    with connection.cursor() as cursor:
        write_rows(cursor, sql.STORY, [fact(n, text) for n, text in enumerate(AWKWARD)])
        write_rows(cursor, sql.ADD_TERM, [(1, body, body) for body in bodies])
    told = dict(TicketFact.objects.values_list("seq", "reason_text"))
    assert [told[n] for n in range(len(AWKWARD))] == list(AWKWARD)
    assert sorted(bytes(row.term) for row in SearchTerm.objects.all()) == bodies


def test_a_decision_about_no_ticket_arrives_without_one(store: Place) -> None:
    words = ("r", "gate", "zone", "t", "entry", "refuse", "unknown", "lease")
    rows = [
        (1, 1, n, 5, *words, ticket, 0, 0, 0, "", "", "")
        for n, ticket in ((1, None), (2, "a" * 32))
    ]
    with connection.cursor() as cursor:
        write_rows(cursor, sql.ADMISSION, rows)
        write_rows(cursor, sql.ADMISSION, rows)
    kept = dict(ProjectedAdmission.objects.values_list("seq", "ticket"))
    assert kept == {1: None, 2: UUID("a" * 32)}


def test_rows_of_one_key_are_carried_out_in_their_order(store: Place) -> None:
    positions = [(1, 1, seq, seq) for seq in (1, 3, 2)]
    with connection.cursor() as cursor:
        write_rows(cursor, sql.POSITION, positions)
        cursor.execute("SELECT seq FROM store_position")
        assert cursor.fetchall() == [(2,)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), TEXT), min_size=1, max_size=8))
def test_an_array_is_read_by_the_server_as_it_was_written(
    store: Place, texts: list[str | None]
) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::text[]", [array_of(texts)])
            assert cursor.fetchall() == [(texts,)]
