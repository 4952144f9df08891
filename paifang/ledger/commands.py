"""Commands: what may be asked of the ledger, as small frozen values.

They travel through the writer's queue and, as msgpack, over the ledger's Unix socket. A command
never carries a raw code or document number, only keyed hashes; personal data rides in enclosures.
`request_id` is minted once per (terminal, ticket, intent); "" means the command is idempotent by
itself and no answer is kept for it.
"""

import hashlib
from typing import ClassVar

import msgspec

from paifang.core.tickets import Passage, Status

_pack = msgspec.msgpack.Encoder().encode


class Enclosure(msgspec.Struct, frozen=True, array_like=True):
    """What rides on a command and can be erased later: a kind, 32 random bytes, a body."""

    kind: str
    salt: bytes
    body: bytes

    def digest(self) -> bytes:
        """Return SHA-256(salt ‖ body), all that the journal keeps of it for ever."""
        return hashlib.sha256(self.salt + self.body).digest()


class Credential(msgspec.Struct, frozen=True, array_like=True):
    """A way to name a ticket: kind, keyed hash (16 bytes), sealed value if it may be shown."""

    kind: str
    hash: bytes
    sealed: bytes = b""


class Command(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The common part. `actor` is the staff member's or service's name for the audit."""

    request_id: str = ""
    actor: str = ""
    sells: ClassVar[bool] = True
    """Whether a nearly full disk refuses it; admitting outlives selling."""

    def content_digest(self) -> bytes:
        """Return 16 bytes that differ when a repeated request_id comes with other content."""
        return hashlib.blake2b(_pack(self), digest_size=16).digest()


class Gatework(Command, frozen=True, tag=False):
    """What goes on at the gates, also when the disk is nearly full."""

    sells: ClassVar[bool] = False


class SignedTicket(msgspec.Struct, frozen=True, array_like=True):
    """What a genuine signed code says of its ticket: enough to admit one nobody was told of yet."""

    product: int
    session: int
    valid_from_ms: int
    valid_until_ms: int
    people: int


class Admit(Gatework, frozen=True, tag="admit", kw_only=True):
    """Someone shows a ticket at a gate. `lookups` are credential hashes in the order to be tried.

    A signed or rotating code names its ticket itself (`ticket`); `verdict` is what its check said,
    and `signed` what a genuine one says of the ticket.
    """

    terminal: str
    gate: str
    direction: str = "entry"
    lookups: tuple[bytes, ...] = ()
    ticket: bytes = b""
    signed: SignedTicket | None = None
    verdict: str = "genuine"
    kind: str = "code"
    count: int = 1
    face_check: str = ""
    staff: str = ""

    def content_digest(self) -> bytes:
        """What was asked, without what only the moment added.

        A changing code is too old when its request is asked again, and an event that came to the
        gate since adds look-ups; neither makes it another request.
        """
        asked = (
            self.terminal,
            self.gate,
            self.direction,
            self.lookups[:1],
            self.ticket,
            self.kind,
            self.count,
            self.face_check,
            self.staff,
        )
        return hashlib.blake2b(_pack(asked), digest_size=16).digest()


class Preview(Gatework, frozen=True, tag="preview", kw_only=True):
    """What `Admit` would say now; uses nothing up and writes nothing."""

    admit: Admit


class Override(Gatework, frozen=True, tag="override", kw_only=True):
    """A supervisor admits against a refusal, with a reason in words."""

    admit: Admit
    reason_text: str

    def content_digest(self) -> bytes:
        """Another request than the plain admission, whatever its reason's words."""
        asked = (b"override", self.admit.content_digest(), self.reason_text)
        return hashlib.blake2b(_pack(asked), digest_size=16).digest()


class Record(Gatework, frozen=True, tag="record", kw_only=True):
    """People passed while no host could be asked: told afterwards, with the time it happened.

    `admit` says where, with what and by whom; its terminal is "" if somebody at the desk keyed it
    in, who then is the `actor`. It is a fact and never refused for what the ticket allows.
    """

    admit: Admit
    at_ms: int
    reason_text: str = ""

    def content_digest(self) -> bytes:
        """Another request than an admission of now, or than a passage at another time."""
        asked = (b"record", self.admit.content_digest(), self.at_ms)
        return hashlib.blake2b(_pack(asked), digest_size=16).digest()


class ConfirmPassage(Gatework, frozen=True, tag="passage", kw_only=True):
    """What became of a permission: passed, not_shown or no_passage."""

    admission: str
    terminal: str
    passage: Passage


class Annul(Gatework, frozen=True, tag="annul", kw_only=True):
    """The person did not pass: give the use back, once, within the time limit.

    `supervisor` says that a supervisor stands behind it, who may annul other terminals' admissions.
    """

    admission: str
    terminal: str
    reason_text: str = ""
    supervisor: bool = False


class SignOn(Gatework, frozen=True, tag="sign_on", kw_only=True):
    """A paired terminal proved its key and is given a token, with or without staff on duty.

    Its `request_id` is `sign_on_id` of the challenge's nonce, so each proof is accepted once, on
    whichever process it is shown; a shift it begins is named by that nonce. `how` is key (nobody on
    duty), pin, card or shift (going on with one begun before). `public_key` is the one the proof
    was checked by, `version` what the terminal runs.
    """

    terminal: str
    public_key: str
    how: str
    staff: str = ""
    shift: str = ""
    version: str = ""


class SignOff(Gatework, frozen=True, tag="sign_off", kw_only=True):
    """The shift of a member of staff at a terminal ends; asked as `sign_off_id` of the shift."""

    terminal: str
    staff: str
    shift: str


def sign_on_id(nonce: str) -> str:
    """Return the request id of a sign-on, by the nonce of its challenge."""
    return f"sign-on:{nonce}"


def sign_off_id(shift: str) -> str:
    """Return the request id under which a shift ends, which it can once."""
    return f"sign-off:{shift}"


class Issue(Command, frozen=True, tag="issue", kw_only=True):
    """A ticket comes into being, or, met again by its `identity` hash, is compared and amended.

    With `amends`, the ticket named is amended by hand: the row it came from stays what it is
    recognised by, so the same list imported again does not bring the former holder back.

    With `order`, it is one of the tickets that a `line` of a paid order is for.

    `segments` names for each entitlement of the product the segment it belongs to; `content` is a
    digest of everything that makes the row what it is, so that an unchanged one writes nothing.
    """

    ticket: bytes
    event: int
    product: int
    home: int
    segments: tuple[int, ...]
    credentials: tuple[Credential, ...] = ()
    identity: bytes = b""
    content: bytes = b""
    status: Status = Status.valid
    people: int = 1
    session: int = 0
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    holder: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    amends: bool = False
    order: bytes = b""
    line: int = 0

    def content_digest(self) -> bytes:
        """A retried issue has fresh random codes and salts; its content digest is what counts."""
        return self.content or super().content_digest()


class Bind(Command, frozen=True, tag="bind", kw_only=True):
    """Give a ticket a further credential; with `replaces`, live ones of that kind end."""

    ticket: bytes
    credential: Credential
    replaces: bool = False


class Exchange(Gatework, frozen=True, tag="exchange", kw_only=True):
    """A voucher becomes a ticket: marked, a fresh code bound, the code that was shown ended."""

    lookups: tuple[bytes, ...]
    fresh: Credential
    terminal: str = ""
    staff: str = ""


class SetStatus(Command, frozen=True, tag="status", kw_only=True):
    """Block, unblock, void, mark paid or refunded: what the issuer says of a ticket, and why.

    With `unused` it is done only if nobody entered by the ticket and it was not exchanged, which is
    decided with the change, so that no gate gets in between.
    """

    ticket: bytes
    status: Status
    reason_text: str = ""
    unused: bool = False


class SetQuota(Command, frozen=True, tag="quota", kw_only=True):
    """Create a quota counter or change its capacity."""

    quota: str
    segment: int
    capacity: int


class Allot(Command, frozen=True, tag="allot", kw_only=True):
    """Give units of a quota to another, which a venue sells from by itself; negative takes back.

    `to` stands in `segment`, and is made if it is not there yet.
    """

    quota: str
    to: str
    segment: int
    units: int


class Hold(Command, frozen=True, tag="hold", kw_only=True):
    """Reserve units of a quota for a while; the hold is named by the caller."""

    hold: str
    quota: str
    units: int
    for_ms: int


class Confirm(Command, frozen=True, tag="confirm", kw_only=True):
    """Turn held units into sold ones."""

    hold: str


class Release(Command, frozen=True, tag="release", kw_only=True):
    """Let held units go."""

    hold: str


class OpenSegment(Command, frozen=True, tag="segment", kw_only=True):
    """Make sure the segment of a site and period ("" = standing) exists; answers its number."""

    site: str
    period: str = ""


class Publish(Command, frozen=True, tag="publish", kw_only=True):
    """A new version of one layer of the rules bundle ("centre" or "node"), signed.

    `base` is the version it was compiled from; another one in between refuses it.
    """

    layer: str
    base: int
    body: bytes
    signature: bytes = b""


class Erase(Command, frozen=True, tag="erase", kw_only=True):
    """Clear bodies, salts and display columns of one ticket; the chain still verifies."""

    ticket: bytes
    reason_text: str = ""


class Seal(Gatework, frozen=True, tag="seal", kw_only=True):
    """An act done by hand at the desk was written down there; its digest is kept here for ever.

    `entry` is the act's id (16 bytes) and, in hex, the request's; `digest` the SHA-256 of all that
    was written.
    """

    entry: bytes
    digest: bytes
