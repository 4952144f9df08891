"""The unit of work of one batch: what was read, what changed, and the rows to be written.

Commands of a batch are applied in order to the values held here, so two scans of one ticket in one
batch see each other; then everything that changed is written and committed at once. It is alike for
both engines.
"""

from collections.abc import Sequence

from paifang.core.leases import Right, may
from paifang.core.quota import Hold, Quota
from paifang.core.rules import Rules
from paifang.core.tickets import Authority, Ticket, Use
from paifang.ledger import tables as t
from paifang.ledger.books import Books
from paifang.ledger.cache import Cache
from paifang.ledger.commands import Command, Enclosure
from paifang.ledger.engine import Engine
from paifang.ledger.facts import KINDS, Answer, Fact, fact_of, payload_of
from paifang.ledger.faults import IdConflict, NotFound, NotPossible
from paifang.ledger.journal import Tail, enclosures_digest
from paifang.ledger.recovered import original
from paifang.ledger.rows import (
    Ack,
    Act,
    Aftermath,
    Base,
    BaseTicket,
    BundleRow,
    CredentialRow,
    EnclosureRow,
    Fallback,
    Gathered,
    Head,
    JournalRow,
    LateRow,
    Lease,
    Loaded,
    PageRow,
    PeerState,
    Request,
    SessionCount,
    Settled,
    Spared,
    Wish,
    ZoneDay,
)

OWN_SEGMENT = 1
"""The node's own segment, made with the ledger: facts of no site and period stand there."""


BROUGHT = "answers"
"""Set in the ledger's settings once a lease brought answers of other nodes along."""

UNCHECKED = b""
"""The content digest of a request another node answered: it is not told, so it is not compared."""


class Work:
    """One batch in the making."""

    def __init__(self, engine: Engine, rules: Rules, node: str, now_ms: int) -> None:
        """Start inside a transaction the caller has begun. `now_ms` holds for the whole batch."""
        self.engine = engine
        self.rules = rules
        self.node = node
        self.now_ms = now_ms
        self.requests: Cache[str, Request] = Cache(engine, t.REQUEST)
        self.credentials: Cache[bytes, CredentialRow] = Cache(engine, t.CREDENTIAL)
        self.tickets: Cache[bytes, Ticket] = Cache(engine, t.TICKET)
        self.zone_days: Cache[tuple[str, int], ZoneDay] = Cache(engine, t.ZONE_DAY)
        self.session_counts: Cache[int, SessionCount] = Cache(engine, t.SESSION_COUNT)
        self.quotas: Cache[str, Quota] = Cache(engine, t.QUOTA)
        self.holds: Cache[str, Hold] = Cache(engine, t.HOLD)
        self.aftermaths: Cache[str, Aftermath] = Cache(engine, t.AFTERMATH)
        self.leases: Cache[bytes, Lease] = Cache(engine, t.LEASE)
        self.wishes: Cache[bytes, Wish] = Cache(engine, t.WISH)
        self.peers: Cache[str, PeerState] = Cache(engine, t.PEER)
        self.base_tickets: Cache[bytes, BaseTicket] = Cache(engine, t.BASE_TICKET)
        self.gathered: Cache[tuple[bytes, str], Gathered] = Cache(engine, t.GATHERED)
        self.settled: Cache[str, Settled] = Cache(engine, t.SETTLED)
        self.spared: Cache[str, Spared] = Cache(engine, t.SPARED)
        self.fallback: Cache[tuple[bytes, str], Fallback] = Cache(engine, t.FALLBACK)
        self.books = Books(engine)
        self.brings = False
        self.uses: dict[bytes, list[Use]] = {}
        self.changed_uses: dict[tuple[bytes, int], Use] = {}
        self.tails: dict[int, Tail] = {}
        self.not_here: dict[int, int] = {}
        self.journal: list[JournalRow] = []
        self.fresh_rows: dict[tuple[int, int, int], JournalRow] = {}
        self.enclosures: list[EnclosureRow] = []
        self.erased: list[EnclosureRow] = []
        self.pages: list[PageRow] = []
        self.bundles: list[BundleRow] = []
        self.bases: list[Base] = []
        self.late: list[LateRow] = []
        self.acks: list[Ack] = []
        self.acts: list[Act] = []
        self.turned: dict[tuple[int, int], int] = {}
        self.replaced: list[Request] = []
        self.loaded: list[Loaded] = []
        self.new_heads: list[Head] = []
        self.settings: dict[str, str] = {}
        self.meta_changes: dict[str, str] = {}

    # What is read.

    @property
    def versions(self) -> tuple[int, int]:
        """Return the versions of both layers that this is decided by."""
        return self.rules.centre.version, self.rules.node.version

    def head_tail(self, segment: int) -> Tail:
        """Return the growing end of a segment. Raises NotFound if there is no such segment."""
        tail = self.tails.get(segment)
        if tail is None:
            self.learn_heads(self.engine.get(t.HEAD, (segment,)))
            tail = self.tails.get(segment)
            if tail is None:
                msg = f"there is no segment {segment}"
                raise NotFound(msg)
        return tail

    def check_here(self, segment: int) -> None:
        """Raise NotPossible if another host decides about a segment, NotFound if there is none."""
        self.head_tail(segment)
        if segment in self.not_here:
            msg = "another host decides about this"
            raise NotPossible(msg)

    def check_right(self, segment: int, right: Right) -> None:
        """Raise NotPossible if the lease under which this node decides does not give a right."""
        if not may(self.head_tail(segment).head.rights, right):
            msg = f"the lease does not give the right to {right.value}"
            raise NotPossible(msg)

    def learn_heads(self, heads: list[Head]) -> None:
        """Take in heads as read, each once."""
        for head in heads:
            self.tails[head.number] = Tail(head)
            if head.authority != Authority.here:
                self.not_here[head.number] = head.authority
            elif 0 < head.until_ms <= self.now_ms:
                # The lease is over: its holder stops by itself, whoever decides next.
                self.not_here[head.number] = Authority.not_ready

    def tail_of(self, site: str, period: str) -> Tail | None:
        """Return the growing end of a site's segment of a period, or None if there is none."""
        for tail in self.tails.values():
            if (tail.head.site, tail.head.period) == (site, period):
                return tail
        head = self.engine.find_head(site, period)
        if head is None:
            return None
        self.learn_heads([head])
        return self.tails[head.number]

    def tail_by_uuid(self, uuid: str) -> Tail | None:
        """Return the growing end of a segment by its UUID, or None if there is none."""
        for tail in self.tails.values():
            if tail.head.uuid == uuid:
                return tail
        head = self.engine.find_segment(uuid)
        if head is None:
            return None
        self.learn_heads([head])
        return self.tails[head.number]

    def learn_uses(self, tickets: Sequence[bytes], uses: list[Use]) -> None:
        """Take in entitlements as read for tickets."""
        for ticket in tickets:
            self.uses[ticket] = []
        for use in uses:
            self.uses[use.ticket].append(use)

    def meet(self, ticket: bytes) -> None:
        """Read a ticket and its entitlements, under the locks of their segments.

        What a batch asks for is read so beforehand; met here is what another process has issued or
        bound since then, and what only a journal row led to.
        """
        if ticket in self.uses:
            return
        for segment in sorted(self.engine.reach((), (ticket,)).segments):
            self.head_tail(segment)
        if ticket not in self.tickets.changed:
            self.tickets.learn((ticket,), self.engine.get(t.TICKET, (ticket,)))
        self.learn_uses((ticket,), self.engine.get(t.USE, (ticket,), width=1))

    def meet_all(self, tickets: Sequence[bytes], requests: Sequence[str]) -> None:
        """Read many tickets with their entitlements, and answered requests, in a few looks."""
        fresh = [ticket for ticket in dict.fromkeys(tickets) if ticket not in self.uses]
        if fresh:
            for segment in sorted(self.engine.reach((), fresh).segments):
                self.head_tail(segment)
            unread = [ticket for ticket in fresh if ticket not in self.tickets.known]
            self.tickets.learn(unread, self.engine.get(t.TICKET, unread))
            self.learn_uses(fresh, self.engine.get(t.USE, fresh, width=1))
        unasked = [name for name in dict.fromkeys(requests) if name not in self.requests.known]
        if unasked:
            self.requests.learn(unasked, self.engine.get(t.REQUEST, unasked))

    def uses_of(self, ticket: bytes) -> list[Use]:
        """Return the entitlements of a ticket, in order."""
        self.meet(ticket)
        return self.uses[ticket]

    def ticket(self, ticket_id: bytes) -> Ticket:
        """Return a ticket. Raises NotFound."""
        ticket = self.tickets.get(ticket_id)
        if ticket is None:
            msg = "there is no such ticket"
            raise NotFound(msg)
        return ticket

    def zone_day(self, zone: str, day: int) -> ZoneDay:
        """Return the count of a zone on a day."""
        row = self.zone_days.get((zone, day))
        return row if row is not None else ZoneDay(zone, day)

    def admitted_to(self, session: int) -> int:
        """Return how many people a session has admitted."""
        if not session:
            return 0
        row = self.session_counts.get(session)
        return 0 if row is None else row.admitted

    def aftermath(self, admission: str) -> Aftermath:
        """Return what was reported of an admission later."""
        row = self.aftermaths.get(admission)
        return row if row is not None else Aftermath(admission)

    def quota(self, name: str) -> Quota:
        """Return a quota counter. Raises NotFound."""
        quota = self.quotas.get(name)
        if quota is None:
            msg = f"there is no quota {name}"
            raise NotFound(msg)
        return quota

    def hold(self, name: str) -> Hold:
        """Return a hold. Raises NotFound."""
        hold = self.holds.get(name)
        if hold is None:
            msg = f"there is no hold {name}"
            raise NotFound(msg)
        return hold

    def journal_row(self, segment: int, epoch: int, seq: int) -> JournalRow:
        """Return a journal row, also one of this batch."""
        row = self.fresh_rows.get((segment, epoch, seq))
        if row is None:
            row = self.engine.get(t.JOURNAL, ((segment, epoch, seq),))[0]
        return row

    def row_of(self, request_id: str) -> JournalRow | None:
        """Return the row that answered a request, as it was first written, or None.

        One that another host answered, and whose row is not here, came along with a lease.
        """
        request = self.requests.get(request_id)
        if request is not None:
            return original(self.journal_row(request.segment, request.epoch, request.seq))
        brought = self.settled.get(request_id) if self.brings else None
        if brought is None:
            return None
        tail = self.tail_by_uuid(brought.segment)
        number = tail.head.number if tail is not None else 0
        return JournalRow(
            number,
            brought.epoch,
            brought.seq,
            brought.at_ms,
            brought.node,
            brought.kind,
            request_id,
            brought.payload,
            b"",
        )

    def lease(self, lease: bytes) -> Lease:
        """Return a lease. Raises NotFound."""
        found = self.leases.get(lease)
        if found is None:
            msg = "there is no such lease"
            raise NotFound(msg)
        return found

    # What changes.

    def set(self, name: str, value: str) -> None:
        """Change a setting of the ledger itself."""
        self.settings[name] = self.meta_changes[name] = value

    def open_tail(self, head: Head) -> Tail:
        """Add a segment that nobody has heard of here, and return its growing end."""
        self.new_heads.append(head)
        self.tails[head.number] = tail = Tail(head)
        if head.authority != Authority.here:
            self.not_here[head.number] = head.authority
        return tail

    def next_number(self) -> int:
        """Return the number that the next new segment gets."""
        return self.engine.heads_count() + len(self.new_heads) + 1

    def hand_over(self, tail: Tail, authority: int, epoch: int, until_ms: int = 0) -> None:
        """Change who decides about a segment, from the next command on."""
        tail.hand_over(authority, epoch, until_ms)
        number = tail.head.number
        self.not_here.pop(number, None)
        if authority != Authority.here:
            self.not_here[number] = authority

    def set_use(self, use: Use) -> None:
        """Change an entitlement."""
        uses = self.uses[use.ticket]
        for place, old in enumerate(uses):
            if old.n == use.n:
                uses[place] = use
                break
        else:
            uses.append(use)
        self.changed_uses[use.ticket, use.n] = use

    def count_zone(self, zone: str, day: int, entries: int, exits: int = 0) -> None:
        """Count people in and out of a zone."""
        row = self.zone_day(zone, day)
        self.zone_days.set(
            (zone, day), ZoneDay(zone, day, row.entries + entries, row.exits + exits)
        )

    def count_session(self, session: int, people: int) -> None:
        """Count people admitted to a session."""
        if session:
            admitted = self.admitted_to(session) + people
            self.session_counts.set(session, SessionCount(session, admitted))

    def set_ticket(self, ticket: Ticket) -> None:
        """Change a ticket."""
        self.tickets.set(ticket.id, ticket)

    def set_credential(self, row: CredentialRow) -> None:
        """Change or add a credential."""
        self.credentials.set(row.hash, row)

    def write(
        self,
        segment: int,
        fact: Fact,
        command: Command,
        *,
        enclosures: tuple[Enclosure, ...] = (),
        ticket: Ticket | None = None,
        answers: bool = True,
        request: str = "",
        about: bytes = b"",
    ) -> Answer:
        """Append a fact to a segment, remember it as the command's answer, and return that.

        A command that writes several rows is answered by one; the others stand under no request, or
        under the `request` of somebody else that they answer. Enclosures are found again by their
        ticket, or by what they are `about`.
        """
        tail = self.head_tail(segment)
        kind = KINDS[type(fact)]
        request_id = request or (command.request_id if answers else "")
        row = JournalRow(
            segment,
            tail.epoch,
            tail.seq + 1,
            self.now_ms,
            self.node,
            kind,
            request_id,
            payload_of(fact),
            enclosures_digest(enclosures),
        )
        page = tail.grow(row)
        self.journal.append(row)
        if page is not None:
            self.pages.append(page)
        for n, enclosure in enumerate(enclosures):
            self.enclosures.append(
                EnclosureRow(
                    segment,
                    row.epoch,
                    row.seq,
                    n,
                    ticket.id if ticket else about,
                    enclosure.kind,
                    enclosure.digest(),
                    enclosure.salt,
                    enclosure.body,
                )
            )
        if request_id:
            self.fresh_rows[segment, row.epoch, row.seq] = row
            digest = UNCHECKED if request else command.content_digest()
            self.requests.set(request_id, Request(request_id, digest, segment, row.epoch, row.seq))
        return Answer(
            fact=row.payload,
            kind=kind,
            segment=segment,
            epoch=row.epoch,
            seq=row.seq,
            at_ms=row.at_ms,
            node=row.node,
            ticket=ticket,
        )

    def answered(self, command: Command) -> Answer | None:
        """Return the answer this request_id already has. Raises IdConflict for other content."""
        if not command.request_id:
            return None
        request = self.requests.get(command.request_id)
        # One that another node answered has no digest here; its id alone says that it is the same.
        if request and request.digest and request.digest != command.content_digest():
            msg = "this request_id was used for another request; mint a new one for a new intent"
            raise IdConflict(msg)
        row = self.row_of(command.request_id)
        if row is None:
            return None
        named = getattr(fact_of(row.kind, row.payload), "ticket", "")
        return Answer(
            fact=row.payload,
            kind=row.kind,
            segment=row.segment,
            epoch=row.epoch,
            seq=row.seq,
            at_ms=row.at_ms,
            node=row.node,
            ticket=self.tickets.get(bytes.fromhex(named)) if named else None,
            new=False,
        )

    # The end.

    @property
    def wrote(self) -> bool:
        """Whether there is anything to commit."""
        kept = self.peers.changed or self.spared.changed or self.meta_changes
        return bool(self.journal or self.late or self.acks or kept)

    def flush(self) -> None:
        """Write everything that changed into the transaction."""
        engine = self.engine
        if self.new_heads:
            engine.add(t.HEAD, self.new_heads)
        for cache in (
            self.credentials,
            self.tickets,
            self.zone_days,
            self.session_counts,
            self.quotas,
            self.holds,
            self.aftermaths,
            self.leases,
            self.wishes,
            self.base_tickets,
            self.gathered,
            self.settled,
            self.peers,
            self.spared,
            self.fallback,
        ):
            cache.flush()
        self.books.flush()
        if self.changed_uses:
            engine.put(t.USE, list(self.changed_uses.values()))
        if self.journal:
            engine.add(t.JOURNAL, self.journal)
        for write, table, rows in (
            (engine.put, t.HEAD, [tail.as_head() for tail in self.tails.values() if tail.grown]),
            (engine.add, t.REQUEST, [self.requests.known[key] for key in self.requests.changed]),
            (engine.add, t.ENCLOSURE, self.enclosures),
            (engine.put, t.ENCLOSURE, self.erased),
            (engine.add, t.PAGE, self.pages),
            (engine.add, t.BUNDLE, self.bundles),
            (engine.put, t.BASE, self.bases),
            (engine.put, t.LATE, self.late),
            (engine.add, t.LOADED, self.loaded),
            (engine.put, t.ACK, self.acks),
            (engine.put, t.ACT, self.acts),
            (engine.put, t.REQUEST, self.replaced),
        ):
            if rows:
                write(table, rows)
        for name, value in self.meta_changes.items():
            engine.set_meta(name, value)
