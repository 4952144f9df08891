"""What of a row's enclosures is told to another node."""

from contextlib import closing

from paifang.ledger import tables as t
from paifang.ledger.commands import Enclosure
from paifang.sync.telling import page_after
from tests.sync.nodes import Pair


def test_a_face_leaves_no_machine_and_its_digest_still_fits(pair: Pair) -> None:
    salt = bytes(range(32))
    bodies = (Enclosure("face", salt, b"a face"), Enclosure("person", salt, b"{}"))
    ticket = pair.centre.ledger.issue("A", enclosures=bodies)
    with closing(pair.centre.ledger.reader()) as reader:
        heads = list(reader.raw.scan(t.HEAD))
        pages = [page_after(reader.raw, head, b"", (0, 0), 1_000_000)[0] for head in heads]
    enclosures = [one for page in pages if page is not None for one in page.enclosures]
    told = [(one.kind, one.salt, one.body, one.digest) for one in enclosures]
    assert told == [
        ("face", b"", b"", bodies[0].digest()),
        ("person", salt, b"{}", bodies[1].digest()),
    ]
    assert {one.ticket for one in enclosures} == {ticket}
