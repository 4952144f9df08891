"""Making this machine a venue host of a centre, from the command line."""

import hashlib
import hmac
import ssl
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from paifang.ledger import tables as t
from paifang.runtime.faults import CommandError
from paifang.runtime.sync_line import AddressError, HttpLine, Unverified, check_address
from paifang.runtime.words import _
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import COMMAND_LINE
from paifang.services.live.bodies_sync import JoinBody, JoinedAnswer
from paifang.services.live.files import write_file
from paifang.services.live.joined import Centre
from paifang.services.live.problems import PROBLEMS
from paifang.services.live.sync_host import LineFault
from paifang.store.models import Peer

ANSWER_BYTES_MAX: Final = 64 * 1024
LINE_WORDS: Final = {
    "unreachable": _("The centre does not answer. Check the address and this machine's network."),
    "timeout": _("The centre does not answer in time. Try again on a better line."),
    "certificate": _(
        "The centre's certificate is not trusted here. Name it by --fingerprint or --certificate."
    ),
    "answer_wrong": _("What answers at this address is no centre."),
    "snapshot_altered": _("The segment did not come as it was sent. It is fetched anew."),
    "disk": _("The disk could not take it."),
    "not_joined": _("This machine has joined no centre. Run “paifang join” first."),
    "no_line": _("This machine joined by files, so files are carried: paifang lease export."),
}


def line_words(fault: LineFault) -> CommandError:
    """Return why a round did not go through, in words."""
    words = LINE_WORDS.get(fault.code)
    if words:
        return CommandError(words)
    problem = PROBLEMS.get(fault.code)
    if problem:
        return CommandError(f"{_(problem.title)}. {_(problem.detail)}")
    return CommandError(_("It did not go through ({code}).").format(code=fault.code))


def join(url: str, code: str, *, certificate: Path | None, fingerprint: str) -> Centre:
    """Join a centre over the line. Raises CommandError."""
    _require_empty()
    try:
        address = check_address(url)
    except AddressError as error:
        raise CommandError(str(error)) from None
    trusted = _trusted(address, certificate, fingerprint)
    body = _body(code)
    try:
        line = HttpLine(address, trusted)
        told = line.post("/api/v1/sync/join", msgspec.json.encode(body), {}, "application/json")
        line.close()
    except ssl.SSLError as error:
        raise CommandError(
            _("The certificate cannot be read: {error}").format(error=error)
        ) from None
    except LineFault as fault:
        raise line_words(fault) from None
    return _keep(told, address, trusted)


def write_request(path: Path) -> None:
    """Write a request to join, to be carried to the centre. Raises CommandError."""
    _require_empty()
    write_file(path, msgspec.json.encode(_body("")))


def take_answer(path: Path) -> Centre:
    """Take in the centre's answer that was carried here. Raises CommandError."""
    _require_empty()
    try:
        with path.open("rb") as file:
            told = file.read(ANSWER_BYTES_MAX)
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {error}").format(path=path, error=error.strerror or error)
        ) from None
    return _keep(told, "", "")


def _body(code: str) -> JoinBody:
    keys = context().keys
    unsigned = JoinBody(
        code=code,
        node=keys.node,
        public_key=keys.public_key,
        exchange_key=keys.exchange_key,
        signature="0" * 128,
        version=version("paifang"),
    )
    return msgspec.structs.replace(unsigned, signature=keys.sign(unsigned.signed()).hex())


def _keep(told: bytes, url: str, certificate: str) -> Centre:
    here = context()
    try:
        answer = msgspec.json.decode(told, type=JoinedAnswer)
    except msgspec.MsgspecError:
        raise CommandError(LINE_WORDS["answer_wrong"]) from None
    known = here.centre
    if known is not None and known.node != answer.node and here.ledger.leases():
        raise CommandError(
            _("This machine holds leases of {name}; it cannot join another centre.").format(
                name=known.name
            )
        )
    centre = Centre(
        url=url,
        node=answer.node,
        name=answer.name,
        public_key=answer.public_key,
        certificate=certificate,
        host=answer.host,
        joined_ms=time.time_ns() // 1_000_000,
    )
    here.joined.keep_centre(centre)
    audit.record("node_joined", who=COMMAND_LINE.name, subject=f"{answer.name} {answer.node}")
    publish(COMMAND_LINE.name)
    return centre


def _require_empty() -> None:
    """Refuse a machine that sells or decides for itself. Raises CommandError."""
    here = context()
    if here.centre is not None:
        return
    with here.ledger.reader() as reader:
        has_tickets = next(iter(reader.raw.scan(t.TICKET)), None) is not None
        has_rules = reader.rules().centre.version > 0
    if has_tickets or has_rules:
        raise CommandError(
            _(
                "This machine has events or tickets of its own and cannot become a venue host. "
                "Run “paifang init” in an empty directory and join from there."
            )
        )
    if Peer.objects.filter(revoked=False).exists():
        raise CommandError(_("Venue hosts have joined this machine; it is a centre itself."))


def _trusted(address: str, certificate: Path | None, fingerprint: str) -> str:
    """Return PEM of what the centre's TLS is checked by, "" for the system's list."""
    if certificate is not None:
        try:
            return certificate.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                _("The certificate cannot be read: {error}").format(error=error)
            ) from None
    if not fingerprint:
        return ""
    wanted = fingerprint.replace(":", "").replace(" ", "").lower()
    try:
        line = Unverified(address)
        der = b"".join(line.get("/enrol/ca.crt", {}))
        line.close()
    except LineFault as fault:
        raise line_words(fault) from None
    if not hmac.compare_digest(hashlib.sha256(der).hexdigest(), wanted):
        raise CommandError(
            _("The certificate there has another number. Compare it at the centre; do not go on.")
        )
    return ssl.DER_cert_to_PEM_cert(der)
