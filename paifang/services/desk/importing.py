"""Importing a list of attendees: each row becomes a ticket, however often the list is imported.

A row is recognised by its reference, else its serial, else name, company and phone. Nothing else
is remembered of an import, so one that was interrupted is simply run again: rows that are there
already are found unchanged, which costs a look and no write. Gates go on meanwhile, because the
rows go through the ledger's queue in small groups.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from paifang.core import limits
from paifang.core.rules import CentreRules, Event, Product, Session
from paifang.ledger.facts import Answer, IssueFact
from paifang.ledger.faults import Differs, LedgerFault, Misuse, Taken
from paifang.services.desk.attendees import (
    AttendeeList,
    AttendeeRow,
    ErrorsFile,
    RowError,
    open_list,
)
from paifang.services.desk.attendees.faults import Translate
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee, Issued, Issuer
from paifang.services.desk.segments import SegmentBook

REDRAWS_MAX = 5
"""How often a random code or serial is drawn anew if it is taken: never, but for a broken dice."""


class ImportFault(Exception):
    """The import as a whole is not possible. `code` is stable; `text` is what was asked for."""

    def __init__(self, code: str, text: str = "", choices: Sequence[str] = ()) -> None:
        """Keep the code, what was asked for, and what there is to choose from."""
        super().__init__(code)
        self.code = code
        self.text = text
        self.choices = tuple(choices)


class ImportReport(NamedTuple):
    """What came of an import. On a dry run `created` counts the rows that could be taken."""

    rows: int
    created: int
    unchanged: int
    updated: int
    rejected: int
    encoding: str
    ignored_columns: tuple[str, ...]
    errors_file: Path | None
    dry_run: bool


class ImportOptions(NamedTuple):
    """How to import: into which event, as which product if the rows do not say, and for whom.

    `progress` is told rows passed and rows in all; `translate` is gettext for the errors file.
    """

    event: str
    product: str = ""
    dry_run: bool = False
    actor: str = ""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    translate: Translate = str
    is_chinese: bool = False


class _Refused(Exception):
    """A refusal on its way to becoming a RowError."""

    def __init__(self, code: str, field: str = "", **params: str) -> None:
        super().__init__(code)
        self.code, self.field, self.params = code, field, params


class _Waiting(NamedTuple):
    """A row on its way to the ledger, with its cells for the errors file."""

    row: AttendeeRow
    cells: tuple[str, ...]
    issuer: Issuer
    attendee: Attendee
    issued: Issued


def import_attendees(path: Path, options: ImportOptions) -> ImportReport:
    """Import a CSV or XLSX list into an event.

    Good rows are taken, bad ones go to `FILE.errors.csv` with a reason each.

    Raises:
        ImportFault: There is no such event, or no such product.
        FileError: The list cannot be read.
        LedgerFault: The ledger could not be reached, or cannot write; run it again later.
        OSError: The file cannot be opened, or the errors file not written.
    """
    resolver = _Resolver(context().ledger.rules().centre, options)
    today = datetime.now(UTC).date()
    with ExitStack() as stack:
        attendees = stack.enter_context(open_list(path, today=today))
        errors = stack.enter_context(
            ErrorsFile(path, attendees.columns, options.translate, is_chinese=options.is_chinese)
        )
        run = _Run(attendees, errors, options)
        for row in attendees:
            run.take(row, resolver)
            if attendees.rows % limits.IMPORT_BATCH_ROWS == 0:
                options.progress(attendees.position, attendees.total)
        run.commit()
        options.progress(attendees.total, attendees.total)
    return ImportReport(
        attendees.rows,
        run.created,
        run.unchanged,
        run.updated,
        errors.count,
        attendees.encoding,
        tuple(attendees.columns.unknown),
        errors.path if errors.count else None,
        options.dry_run,
    )


class _Run:
    """One pass over a list: rows waiting for the ledger, and the counts."""

    def __init__(self, attendees: AttendeeList, errors: ErrorsFile, options: ImportOptions) -> None:
        self._attendees = attendees
        self._errors = errors
        self._options = options
        self._waiting: list[_Waiting] = []
        self.created = self.unchanged = self.updated = 0

    def take(self, row: AttendeeRow | RowError, resolver: "_Resolver") -> None:
        """Queue a row, or write down why not."""
        if isinstance(row, RowError):
            self._errors.add(row)
            return
        try:
            issuer, attendee = resolver.resolve(row)
        except _Refused as refused:
            self._reject(row, self._attendees.cells, refused)
            return
        if self._options.dry_run:
            self.created += 1
            return
        issued = issuer.issue(attendee)
        self._waiting.append(_Waiting(row, self._attendees.cells, issuer, attendee, issued))
        if len(self._waiting) >= limits.IMPORT_BATCH_ROWS:
            self.commit()

    def commit(self) -> None:
        """Commit the rows that wait. Raises LedgerFault if the ledger cannot write now."""
        waiting, self._waiting = self._waiting, []
        for _ in range(REDRAWS_MAX):
            if not waiting:
                return
            outcomes = context().ledger.commit([one.issued.command for one in waiting])
            waiting = [
                one._replace(issued=one.issuer.issue(one.attendee))
                for one, outcome in zip(waiting, outcomes, strict=True)
                if not self._settle(one, outcome)
            ]

    def _settle(self, one: _Waiting, outcome: Answer | LedgerFault) -> bool:
        """Count a row's outcome; False if its random code or serial must be drawn anew."""
        if isinstance(outcome, Answer):
            self._count(outcome)
            return True
        if isinstance(outcome, Taken) and outcome.detail in one.issued.drawn:
            return False
        if not isinstance(outcome, Misuse):
            raise outcome
        self._reject(one.row, one.cells, _refusal_of(outcome))
        return True

    def _count(self, answer: Answer) -> None:
        fact = answer.decoded()
        assert isinstance(fact, IssueFact), "an issue is answered with its fact"
        if not answer.new:
            self.unchanged += 1
        elif fact.amended:
            self.updated += 1
        else:
            self.created += 1

    def _reject(self, row: AttendeeRow, cells: tuple[str, ...], refused: _Refused) -> None:
        self._errors.add(RowError(row.line, refused.code, refused.field, refused.params, cells))


def _refusal_of(fault: Misuse) -> _Refused:
    """Return what a row is told that the ledger did not take."""
    if isinstance(fault, Taken) and fault.detail == "serial":
        return _Refused("serial_taken", "serial")
    if isinstance(fault, Taken) and fault.detail == "document":
        return _Refused("document_taken", "document_number")
    if isinstance(fault, Differs):
        return _Refused("differs")
    return _Refused("not_taken", detail=fault.detail)


class _Resolver:
    """Finds what a row names: product, session, zone."""

    def __init__(self, centre: CentreRules, options: ImportOptions) -> None:
        self._centre = centre
        self._event = _find_event(centre, options.event)
        self._products = [p for p in centre.products.values() if p.event == self._event.number]
        self._sessions = [s for s in centre.sessions.values() if s.event == self._event.number]
        self._default = self._find_default(options.product)
        self._by_name = {
            _spelled(name): product for product in self._products for name in _names(product)
        }
        self._sessions_by_name = {
            _spelled(name): session
            for session in self._sessions
            for name in (session.name, session.name_zh, session.id, str(session.number))
            if name
        }
        self._book = SegmentBook(context().ledger, centre, options.actor)
        self._issuers: dict[int, Issuer] = {}
        self._actor = options.actor

    def resolve(self, row: AttendeeRow) -> tuple[Issuer, Attendee]:
        """Return who issues a row's ticket, and for whom. Raises _Refused."""
        product = self._product_of(row)
        session = self._session_of(row, product)
        if row.zone and not self._opens(product, row.zone):
            raise _Refused("zone_unknown", "zone", text=row.zone)
        issuer = self._issuers.get(product.number)
        if issuer is None:
            issuer = self._issuers[product.number] = Issuer(
                self._event,
                product,
                keys=context().keys,
                book=self._book,
                actor=self._actor,
            )
        return issuer, Attendee(
            name=row.name,
            reference=row.reference,
            company=row.company,
            email=row.email,
            phone=row.phone,
            document=row.document,
            serial=row.serial,
            session=session.number if session else 0,
            zone=row.zone,
        )

    def _find_default(self, asked: str) -> Product | None:
        if asked:
            wanted = _spelled(asked)
            for product in self._products:
                if wanted in map(_spelled, _names(product)):
                    return product
            raise ImportFault("product_unknown", asked, [p.name for p in self._products])
        return self._products[0] if len(self._products) == 1 else None

    def _product_of(self, row: AttendeeRow) -> Product:
        if row.product:
            product = self._by_name.get(_spelled(row.product))
            if product is None:
                raise _Refused("product_unknown", "product", text=row.product)
            return product
        if self._default is None:
            raise _Refused("product_needed")
        return self._default

    def _session_of(self, row: AttendeeRow, product: Product) -> Session | None:
        if row.session:
            session = self._sessions_by_name.get(_spelled(row.session))
            if session is None:
                raise _Refused("session_unknown", "session", text=row.session)
            return session
        if any(rule.session_bound for rule in product.entitlements):
            raise _Refused("session_needed")
        return None

    def _opens(self, product: Product, named: str) -> bool:
        wanted = _spelled(named)
        zones = (self._centre.zones[rule.zone] for rule in product.entitlements)
        return any(
            wanted in (_spelled(zone.slug), _spelled(zone.name), _spelled(zone.name_zh))
            for zone in zones
        )


def _find_event(centre: CentreRules, slug: str) -> Event:
    for event in centre.events.values():
        if event.slug == slug:
            return event
    raise ImportFault("event_unknown", slug, [event.slug for event in centre.events.values()])


def _names(product: Product) -> list[str]:
    names = (product.name, product.name_zh, product.id, str(product.number))
    return [name for name in names if name]


def _spelled(name: str) -> str:
    return " ".join(name.casefold().split())
