"""Documents between nodes: whatever is altered, cut off or too large is not opened."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from paifang.sync import envelope
from paifang.sync.envelope import NotGenuine, seal, take_apart, unseal
from paifang.sync.messages import PROTOCOL, Down, Up

KEY = SigningKey(bytes(32))
UP = Up(node="a", boot=1, nonce=b"n" * 16)


def sign(message: bytes) -> bytes:
    """Sign."""
    return KEY.sign(message).signature


def checks(message: bytes, signature: bytes) -> bool:
    """Whether it was signed."""
    try:
        KEY.verify_key.verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


DOCUMENT = seal(UP, "host", sign)


def code_of(data: bytes, kind: type = Up) -> str:
    """Return why a document is not opened."""
    with pytest.raises(NotGenuine) as met:
        unseal(take_apart(data), checks, kind)
    return met.value.code


def test_a_document_comes_out_as_it_went_in() -> None:
    sealed = take_apart(DOCUMENT)
    assert sealed.node == "host"
    assert unseal(sealed, checks, Up) == UP


@given(st.integers(0, len(DOCUMENT) - 1), st.integers(1, 255))
def test_no_altered_byte_goes_unnoticed(place: int, change: int) -> None:
    altered = bytearray(DOCUMENT)
    altered[place] ^= change
    assert code_of(bytes(altered)) in {"altered", "cut_off", "unreadable"}


@given(st.integers(0, len(DOCUMENT) - 1))
def test_no_document_is_opened_that_was_cut_off(length: int) -> None:
    assert code_of(DOCUMENT[:length]) in {"cut_off", "unreadable"}


@given(st.binary(max_size=200))
def test_noise_is_no_document(noise: bytes) -> None:
    assert code_of(noise) in {"cut_off", "unreadable"}
    assert code_of(envelope.MAGIC + noise) in {"cut_off", "unreadable", "altered"}


def test_a_document_of_another_kind_or_of_a_newer_program_is_not_opened() -> None:
    assert code_of(DOCUMENT, Down) == "unreadable"
    newer = Up(protocol=PROTOCOL + 1, node="a", boot=1, nonce=b"")
    assert code_of(seal(newer, "host", sign)) == "too_new"
    older = Up(protocol=PROTOCOL - 1, node="a", boot=1, nonce=b"")
    assert unseal(take_apart(seal(older, "host", sign)), checks, Up) == older


def test_a_document_that_would_not_fit_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envelope, "DOCUMENT_BYTES_MAX", 10)
    assert code_of(DOCUMENT) == "too_large"


def test_what_is_signed_but_no_frame_is_unreadable() -> None:
    sealed = take_apart(DOCUMENT)
    with pytest.raises(NotGenuine) as met:
        unseal(sealed._replace(body=b"no frame"), lambda _m, _s: True, Up)
    assert met.value.code == "unreadable"
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 100)
    with pytest.raises(NotGenuine) as met:
        unseal(sealed._replace(body=streamed), lambda _m, _s: True, Up)
    assert met.value.code == "too_large"
