"""Rows between nodes come out as they went in, whatever is in them; what is no rows is refused."""

from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.ledger.lease_commands import WireRow
from paifang.sync.columns import Rows, packed, unpacked
from paifang.sync.envelope import NotGenuine, seal, take_apart, unseal
from paifang.sync.messages import Up

HEX = st.uuids().map(lambda one: one.hex)
DASHED = st.uuids().map(str)
WORDS = st.sampled_from(
    ["", "gate", '{"ticket":"', '","n":1}', "ABCDEF", "0123", "\x01", "\x00\x02"]
)
TEXTS = st.lists(HEX | DASHED | WORDS | st.text(max_size=5), max_size=5).map("".join)
NUMBERS = st.integers(0, (1 << 62) - 1)
ROWS = st.builds(
    WireRow,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["a", "b"]),
    st.sampled_from(["admission", "annul", "a"]),
    TEXTS,
    TEXTS.map(str.encode) | st.binary(max_size=20),
    st.binary(max_size=32),
)


@given(st.lists(ROWS, max_size=6).map(Rows))
def test_rows_come_out_as_they_went_in(rows: Rows) -> None:
    again = unpacked(packed(rows))
    assert again == rows
    assert hash(again) == hash(rows)
    assert again != tuple(rows)


def row(**more: Any) -> WireRow:
    """Return a row, changed as told."""
    plain = WireRow(2, 1, 3, "n", "admission", UUID(int=7).hex, b"{}", b"")
    return msgspec.structs.replace(plain, **more)


def columns_of(*rows: WireRow) -> list[Any]:
    """Return rows taken apart as they travel."""
    return list(msgspec.msgpack.decode(packed(Rows(rows))))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (1, [1 << 62]),
        (1, [1 << 61, 1 << 61]),
        (3, []),
        (4, [9]),
        (5, [-1]),
        (6, [b"\x01\x01"]),
        (6, [b"\xff"]),
        (7, [b"", b""]),
        (8, [b"{}", b"{}"]),
    ],
)
def test_what_is_no_rows_is_refused(place: int, told: Any) -> None:
    columns = columns_of(row())
    columns[place] = told
    with pytest.raises(ValueError, match=r".+"):
        unpacked(msgspec.msgpack.encode(columns))


@pytest.mark.parametrize("rows", [[], [1], 7, "text", b"", b"\x93"])
def test_a_document_with_other_rows_is_unreadable(rows: Any) -> None:
    page = [["77" * 16, "park", "fair"], b"", rows]

    class Plain(msgspec.Struct):
        """A document as anybody might write it."""

        type: str
        node: str
        boot: int
        nonce: bytes
        pages: list[Any]

    told = cast("Up", Plain("up", "a", 1, b"n", [page]))
    sealed = seal(told, "a", lambda _message: bytes(64))
    with pytest.raises(NotGenuine) as met:
        unseal(take_apart(sealed), lambda _message, _signature: True, Up)
    assert met.value.code == "unreadable"
