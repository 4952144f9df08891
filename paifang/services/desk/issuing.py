"""From what is known of a person to the command that issues their ticket.

Nothing readable leaves this module but the holder's name: credentials go as keyed hashes, codes and
serials also sealed, everything personal in an enclosure that can be erased.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from paifang.core import documents, limits
from paifang.core.codes import (
    RANDOM_BYTES,
    SERIAL_ENTROPY_BYTES,
    CodeBody,
    Kind,
    normalise,
    random_code,
    recognise,
    rotating_stem,
    serial,
    signed_code,
)
from paifang.core.documents import Document
from paifang.core.rules import Event, Product
from paifang.core.tickets import Status
from paifang.ledger.commands import Bind, Credential, Enclosure, Issue
from paifang.services.desk.attendees import identity
from paifang.services.desk.segments import SegmentBook
from paifang.services.live.ids import new_id
from paifang.services.live.keys import Keys
from paifang.services.live.readings import MINUTE_MS, key_id_of

SALT_BYTES: Final = 32
CONTENT_BYTES: Final = 16
PERSON: Final = "person"
"""The kind of the enclosure that tells who somebody is."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """One person or group that gets a ticket, as a list, an order or the demo tells of them.

    `reference` is the list's own name of the row. `serial` is kept as the ticket's serial if the
    list gives one. `document`, `card` and `account` are kept as hashes. `session` is a session's
    number and `zone` a zone's slug. `recognised` says whether the same row met again is the same
    ticket, and `after` names the tickets this row had before, which were taken back for good.
    """

    name: str = ""
    reference: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    document: Document | None = None
    serial: str = ""
    card: str = ""
    account: str = ""
    session: int = 0
    zone: str = ""
    people: int = 1
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    status: Status = Status.valid
    recognised: bool = True
    after: tuple[bytes, ...] = ()

    def afresh(self, ticket: bytes) -> "Attendee":
        """Return the same person, who gets another ticket in the place of one taken back."""
        return replace(self, after=(*self.after, ticket))


class Issued(NamedTuple):
    """An issue to be committed, with the code and serial in clear for whoever must show them.

    If the ledger knew the row already (`Answer.new` is False, or the fact's ticket is another), the
    ticket keeps the code and serial it was given first.
    """

    command: Issue
    code: str
    serial: str
    drawn: tuple[str, ...]
    """Kinds of credentials that were drawn at random, and may be drawn again if one is taken."""


class Issuer:
    """Makes issue commands for one event and product."""

    def __init__(
        self,
        event: Event,
        product: Product,
        *,
        keys: Keys,
        book: SegmentBook,
        actor: str = "",
    ) -> None:
        """Take event and product as they stand in the bundle, the node's keys, and who acts."""
        self._event = event
        self._product = product
        self._keys = keys
        self._book = book
        self._actor = actor

    def issue(
        self, attendee: Attendee, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> Issued:
        """Return the command that issues one ticket.

        Args:
            attendee: For whom.
            random_bytes: What code and serial are drawn from; nobody may be able to guess it.

        Raises:
            LedgerFault: The ticket's segment could not be opened.
            ValueError: The serial is none, or the account is longer than any code.
        """
        ticket = new_id()
        code = self._code(ticket, attendee, random_bytes)
        number = _given_serial(attendee) or serial(random_bytes(SERIAL_ENTROPY_BYTES))
        segments = self._book.numbers_of(
            self._product,
            session=attendee.session,
            from_ms=attendee.valid_from_ms,
            until_ms=attendee.valid_until_ms,
        )
        command = Issue(
            # A row that is recognised is idempotent by itself; any other needs an answer to repeat.
            request_id="" if attendee.recognised else f"issue-{ticket.hex()}",
            actor=self._actor,
            ticket=ticket,
            event=self._event.number,
            product=self._product.number,
            home=segments[0],
            segments=segments,
            credentials=tuple(self._credentials(attendee, code, number)),
            identity=self.identity_of(attendee) if attendee.recognised else b"",
            content=self._content(attendee),
            status=attendee.status,
            people=attendee.people,
            session=attendee.session,
            valid_from_ms=attendee.valid_from_ms,
            valid_until_ms=attendee.valid_until_ms,
            holder=attendee.name[: limits.DISPLAY_CHARS_MAX],
            enclosures=_enclosures(attendee),
        )
        drawn = (Kind.code.value,) if attendee.serial else (Kind.code.value, Kind.serial.value)
        return Issued(command, code, number, drawn)

    def _code(self, ticket: bytes, attendee: Attendee, random_bytes: Callable[[int], bytes]) -> str:
        """Return a code nobody can guess, or one that also tells a cut-off venue what it is for.

        Of a code that changes it is what stays the same of it.
        """
        product = self._product
        if not product.signed_codes:
            if product.rotating_codes:
                return rotating_stem(CodeBody(ticket))
            return random_code(random_bytes(RANDOM_BYTES))
        body = CodeBody(
            ticket,
            key_id_of(bytes.fromhex(self._keys.public_key)),
            product_no=product.number,
            session_no=attendee.session,
            valid_from_min=attendee.valid_from_ms // MINUTE_MS,
            valid_until_min=-(-attendee.valid_until_ms // MINUTE_MS),
            people=attendee.people,
        )
        make = rotating_stem if product.rotating_codes else signed_code
        return make(body, self._keys.sign)

    def amend(self, ticket: bytes, attendee: Attendee, request_id: str) -> Issue:
        """Return the command that makes a ticket another person's.

        Args:
            ticket: Which; its session, people and own validity are those of `attendee`.
            attendee: Whose it becomes.
            request_id: Names the act; asked again, it is done once.

        Raises:
            LedgerFault: The ticket's segment could not be opened.
        """
        segments = self._book.numbers_of(
            self._product,
            session=attendee.session,
            from_ms=attendee.valid_from_ms,
            until_ms=attendee.valid_until_ms,
        )
        return Issue(
            request_id=request_id,
            actor=self._actor,
            ticket=ticket,
            event=self._event.number,
            product=self._product.number,
            home=segments[0],
            segments=segments,
            credentials=tuple(self._personal(attendee)),
            content=self._content(attendee),
            people=attendee.people,
            session=attendee.session,
            valid_from_ms=attendee.valid_from_ms,
            valid_until_ms=attendee.valid_until_ms,
            holder=attendee.name[: limits.DISPLAY_CHARS_MAX],
            enclosures=_enclosures(attendee),
            amends=True,
        )

    def fresh_code(self, ticket: bytes, request_id: str) -> Bind:
        """Return the command that gives a ticket a new code and ends the old one."""
        # Never a signed one: at a host that has not heard of it yet the old one would still open.
        code = random_code(secrets.token_bytes(RANDOM_BYTES))
        lookup = self._keys.lookup(self._event, Kind.code.value, code)
        sealed = self._keys.seal(self._event, code)
        return Bind(
            request_id=request_id,
            actor=self._actor,
            ticket=ticket,
            credential=Credential(Kind.code.value, lookup, sealed),
            replaces=True,
        )

    def _credentials(self, attendee: Attendee, code: str, number: str) -> Iterator[Credential]:
        """Yield what opens the ticket; codes and serials sealed, since they are shown again."""
        keys, event = self._keys, self._event
        for kind, value in ((Kind.code, code), (Kind.serial, number)):
            if not value:
                continue
            yield Credential(
                kind.value, keys.lookup(event, kind.value, value), keys.seal(event, value)
            )
        yield from self._personal(attendee)

    def _personal(self, attendee: Attendee) -> Iterator[Credential]:
        """Yield what opens the ticket because it is the holder's own, as hashes only."""
        keys, event = self._keys, self._event
        if attendee.document is not None:
            value = documents.canonical(attendee.document)
            yield Credential(Kind.document.value, keys.lookup(event, Kind.document.value, value))
        if attendee.card:
            yield Credential(Kind.card.value, keys.lookup(event, Kind.card.value, attendee.card))
        if attendee.account:
            value = normalise(attendee.account)
            yield Credential(Kind.account.value, keys.lookup(event, Kind.account.value, value))

    def bare(self, attendee: Attendee) -> Issue:
        """Return a command that shows what `issue` would tell of the row, and is never committed.

        It draws nothing and opens no segment.
        """
        number = _given_serial(attendee)
        named = self._credentials(attendee, "", number)
        return Issue(
            ticket=b"",
            event=self._event.number,
            product=self._product.number,
            home=0,
            segments=(),
            credentials=tuple(one for one in named if one.kind != Kind.code),
            identity=self.identity_of(attendee),
            content=self._content(attendee),
            people=attendee.people,
            session=attendee.session,
        )

    def identity_of(self, attendee: Attendee) -> bytes:
        """Return the hash a row is recognised by: reference, else serial, else who it is.

        The kinds are apart from those of credentials, so that no row can be shown at a gate.
        """
        kind, value = identity(attendee)
        if attendee.after:
            value = "\x1e".join((value, *(ticket.hex() for ticket in attendee.after)))
        return self._keys.lookup(self._event, f"identity/{kind}", value)

    def _content(self, attendee: Attendee) -> bytes:
        """Return a keyed digest of all a row says; without the key nobody can guess from it."""
        document = attendee.document
        told = [
            self._product.number,
            attendee.session,
            attendee.zone,
            attendee.people,
            attendee.valid_from_ms,
            attendee.valid_until_ms,
            int(attendee.status),
            attendee.reference,
            attendee.name,
            attendee.company,
            attendee.email,
            attendee.phone,
            None if document is None else documents.canonical(document),
            attendee.serial,
            attendee.account,
            # Last and only where there is one: rows of before say the same as they did.
            *([attendee.card] if attendee.card else []),
        ]
        body = b"content|" + json.dumps(told, ensure_ascii=False).encode()
        return hmac.digest(self._keys.event(self._event).lookup, body, "sha256")[:CONTENT_BYTES]


def _given_serial(attendee: Attendee) -> str:
    """Return the serial a list gives, in its one spelling, "" if it gives none."""
    if not attendee.serial:
        return ""
    readings = recognise(attendee.serial, Kind.serial)
    if not readings:
        raise ValueError("not a serial")
    return readings[0].value


def _enclosures(attendee: Attendee) -> tuple[Enclosure, ...]:
    """Return the person's particulars as an enclosure, none if nothing is known."""
    document = attendee.document
    told = {
        "name": attendee.name,
        "reference": attendee.reference,
        "company": attendee.company,
        "email": attendee.email,
        "phone": attendee.phone,
        "document_kind": "" if document is None else document.kind.value,
        "document_last": "" if document is None else documents.last_four(document.number),
    }
    person = {name: value for name, value in told.items() if value}
    if not person:
        return ()
    body = json.dumps(person, ensure_ascii=False, separators=(",", ":")).encode()
    return (Enclosure(PERSON, secrets.token_bytes(SALT_BYTES), body),)
