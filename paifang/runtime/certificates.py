"""Acts on the venue's own certificates: told about, exported for a spare, imported there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from paifang.core import limits
from paifang.runtime.addresses import PRIVATE_NETWORKS
from paifang.runtime.certificate_file import (
    Carried,
    SealError,
    is_weak,
    seal,
    unseal,
)
from paifang.runtime.data_directory import DataDirectory
from paifang.runtime.faults import CommandError
from paifang.runtime.tls import PERMITTED_NAMES, TlsError, own_certificate
from paifang.runtime.venue_name import NAME, NAME_FILE, venue_name
from paifang.runtime.words import _
from paifang.services.live.files import create_file, write_file
from paifang.services.live.fingerprints import Fingerprints, fingerprints


class Told(NamedTuple):
    """What is told of the venue's certificates; `leaf_until` is None before the first start."""

    name: str
    shown: Fingerprints
    ca_until: datetime
    leaf_until: datetime | None
    leaf_names: list[str]


def tell(data: DataDirectory) -> Told:
    """Return what there is to know of the certificates. Raises CommandError."""
    try:
        name = venue_name(data.tls, data.secrets().node)
        ca = x509.load_pem_x509_certificate((data.tls / "ca.pem").read_bytes())
    except FileNotFoundError:
        raise CommandError(
            _(
                "There is no certificate in {path} yet; the first start of the server makes it."
            ).format(path=data.tls)
        ) from None
    except (OSError, ValueError) as error:
        raise _unusable(data.tls, error) from None
    leaf = _leaf(data.tls)
    return Told(
        name=name,
        shown=fingerprints(ca.public_bytes(Encoding.DER)),
        ca_until=ca.not_valid_after_utc,
        leaf_until=leaf.not_valid_after_utc if leaf else None,
        leaf_names=_names(leaf) if leaf else [],
    )


def export_to(data: DataDirectory, path: Path, passphrase: str) -> Fingerprints:
    """Write the sealed CA, made if there is none yet, to a new file. Raises CommandError."""
    if is_weak(passphrase):
        raise CommandError(
            _(
                "This passphrase is too easily guessed: 12 characters at least, not digits alone, "
                "several words are best."
            )
        )
    node = data.secrets().node
    try:
        own_certificate(data.tls, node)
    except TlsError as error:
        raise CommandError(str(error)) from None
    try:
        certificate = (data.tls / "ca.pem").read_text(encoding="ascii")
        key = (data.tls / "ca.key").read_text(encoding="ascii")
        carried = Carried(venue_name(data.tls, node), certificate, key)
        if not create_file(path, seal(carried, passphrase)):
            raise CommandError(_("{path} is there already; name another file.").format(path=path))
    except OSError as error:
        raise _unusable(path, error) from None
    return tell(data).shown


def read_export(path: Path, passphrase: str) -> Carried:
    """Return what an export holds, checked that it is a CA as ours are. Raises CommandError."""
    try:
        with path.open("rb") as file:
            body = file.read(limits.CERTIFICATE_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        carried = unseal(
            body if len(body) <= limits.CERTIFICATE_FILE_BYTES_MAX else b"", passphrase
        )
        _check(carried)
    except SealError as fault:
        words = {
            "not_ours": _("{path} is no export of a certificate."),
            "wrong_or_altered": _("The passphrase is wrong, or {path} was altered."),
        }
        raise CommandError(words[fault.code].format(path=path)) from None
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        raise CommandError(
            _("{path} holds no certificate a venue could use, or its time is over.").format(
                path=path
            )
        ) from None
    return carried


def install(data: DataDirectory, carried: Carried, *, replace: bool) -> bool:
    """Put an imported CA and name in place; False if they were there already.

    The certificate comes last: whatever is cut off before it leaves a pair that does not fit, which
    the next start says, instead of one that works under another name.

    Raises:
        CommandError: Another CA is there, and it is not to be replaced; or it cannot be written.
    """
    present = data.tls / "ca.pem"
    try:
        data.tls.mkdir(mode=0o700, exist_ok=True)
        if present.exists():
            same_name = venue_name(data.tls, data.secrets().node) == carried.name
            if same_name and present.read_text(encoding="ascii") == carried.certificate:
                return False
            if not replace:
                raise CommandError(
                    _(
                        "{path} holds another certificate, which phones may trust already. With "
                        "--replace it is lost, and those phones must be set up anew."
                    ).format(path=data.tls)
                )
        write_file(data.tls / "ca.key", carried.key.encode())
        write_file(data.tls / NAME_FILE, f"{carried.name}\n".encode(), mode=0o644)
        write_file(present, carried.certificate.encode(), mode=0o644)
    except (OSError, ValueError) as error:
        raise _unusable(data.tls, error) from None
    return True


def _check(carried: Carried) -> None:
    """Refuse what is no CA as ours are: whole, in time, and held to private names and addresses."""
    ca = x509.load_pem_x509_certificate(carried.certificate.encode())
    key = serialization.load_pem_private_key(carried.key.encode(), None)
    ca.verify_directly_issued_by(ca)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    narrow = ca.extensions.get_extension_for_class(x509.NameConstraints)
    allowed: set[x509.GeneralName] = {
        *(x509.DNSName(name) for name in PERMITTED_NAMES),
        *(x509.IPAddress(network) for network in PRIVATE_NETWORKS),
    }
    if (
        not isinstance(key, ec.EllipticCurvePrivateKey)
        or key.public_key() != ca.public_key()
        or not basic.ca
        or not narrow.critical
        or not set(narrow.value.permitted_subtrees or ()) <= allowed
        or not narrow.value.permitted_subtrees
        or ca.not_valid_after_utc <= datetime.now(UTC)
        or not NAME.fullmatch(carried.name)
    ):
        raise ValueError(carried.name)


def _leaf(directory: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate((directory / "leaf.pem").read_bytes())
    except (OSError, ValueError):
        # The next start makes it anew.
        return None


def _names(leaf: x509.Certificate) -> list[str]:
    told = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [
        *told.get_values_for_type(x509.DNSName),
        *map(str, told.get_values_for_type(x509.IPAddress)),
    ]


def _unusable(path: Path, error: OSError | ValueError) -> CommandError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return CommandError(_("{path} cannot be used: {error}").format(path=path, error=said))
