"""The venue's own certificates: a name-constrained CA, made once, and a short-lived leaf.

Phones that trust this CA trust it for nothing but machines of a private network: its critical name
constraints (RFC 5280 section 4.2.1.10) permit .local, home.arpa, localhost and private addresses
only, so that a stolen CA key impersonates no bank. The leaf lives 397 days, the longest browsers
take, and is issued again at a start when addresses changed or little of its time is left.
"""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from paifang.runtime.addresses import PRIVATE_NETWORKS, IPAddress, is_private, own_addresses
from paifang.runtime.venue_name import venue_name
from paifang.runtime.words import _
from paifang.services.live.files import write_file

CA_DAYS: Final = 3_652
LEAF_DAYS: Final = 397
LEAF_RENEW_DAYS: Final = 60
CLOCK_SLACK: Final = timedelta(hours=24)
"""How far a phone's clock may be behind when it first meets a new certificate."""

PERMITTED_NAMES: Final = ("local", "home.arpa", "localhost")


class TlsError(Exception):
    """The certificate cannot be used; the message says why, in the person's language."""


class Certificate(NamedTuple):
    """Files for the server: the chain, its key, and the CA that phones enrol (None: not ours)."""

    chain: Path
    key: Path
    ca: Path | None = None


class _Signer(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def given_certificate(setting: str) -> Certificate:
    """Return the files of `CERT,KEY`, checked that they belong together. Raises TlsError."""
    chain, key = (Path(part.strip()).absolute() for part in setting.split(","))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(
            _("{chain} and {key} cannot be used: {error}").format(
                chain=chain, key=key, error=getattr(error, "reason", None) or error.strerror
            )
        ) from None
    return Certificate(chain, key)


def given_name(setting: str) -> str:
    """Return the host name that the certificate of `CERT,KEY` is for, "" if it names none."""
    chain = Path(setting.partition(",")[0].strip())
    try:
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ""
    found = names.get_values_for_type(x509.DNSName)
    # *.example.org is good for many names, none of which it tells.
    return next((name for name in found if not name.startswith("*")), "")


def ends_ms(chain: Path) -> int:
    """Return when the certificate in a file ends, UTC milliseconds, 0 if it cannot be read."""
    try:
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ValueError):
        return 0
    return int(leaf.not_valid_after_utc.timestamp() * 1000)


def own_certificate(
    directory: Path,
    node: str,
    addresses: Sequence[IPAddress] | None = None,
    now: datetime | None = None,
) -> Certificate:
    """Return the venue's certificate, making CA and leaf where they are missing or out of date.

    Args:
        directory: Where they are kept.
        node: The node's id, which the certificate's host name is made of.
        addresses: This machine's addresses; those of the moment if None.
        now: The time; the present if None.

    Raises:
        TlsError: They cannot be read or written.
    """
    moment = now or datetime.now(UTC)
    ours = [a for a in (own_addresses() if addresses is None else addresses) if is_private(a)]
    found = Certificate(directory / "leaf.pem", directory / "leaf.key", directory / "ca.pem")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        name = venue_name(directory, node)
        signer = _load_ca(directory, moment) or _make_ca(directory, name, moment)
        names = [name, "localhost"]
        if not _still_good(found, signer, names, ours, moment):
            _make_leaf(found, signer, names, ours, moment)
    except (OSError, ValueError) as error:
        raise TlsError(
            _("The certificates in {path} cannot be used: {error}").format(
                path=directory, error=error
            )
        ) from None
    return found


def is_outdated(
    certificate: Certificate,
    addresses: Sequence[IPAddress] | None = None,
    now: datetime | None = None,
) -> bool:
    """Whether a leaf of ours lacks an address of this machine, or little of its time is left.

    An address that went away is no reason: it may come back, and harms nobody meanwhile.

    Raises:
        TlsError: It cannot be read.
    """
    ours = [a for a in (own_addresses() if addresses is None else addresses) if is_private(a)]
    try:
        leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    except (OSError, ValueError) as error:
        raise TlsError(
            _("The certificates in {path} cannot be used: {error}").format(
                path=certificate.chain.parent, error=error
            )
        ) from None
    told = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    named = told.get_values_for_type(x509.IPAddress)
    left = leaf.not_valid_after_utc - (now or datetime.now(UTC))
    return not set(ours) <= set(named) or left <= timedelta(days=LEAF_RENEW_DAYS)


def _load_ca(directory: Path, now: datetime) -> _Signer | None:
    """Return the CA, None if there is none yet or its time is over."""
    try:
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    except FileNotFoundError:
        return None
    assert isinstance(key, ec.EllipticCurvePrivateKey), "we make no others"
    if key.public_key() != certificate.public_key():
        # An import that was cut off half-way; a leaf of such a pair would be refused everywhere.
        raise ValueError(_("ca.pem and ca.key do not belong together; import them again."))
    return _Signer(certificate, key) if certificate.not_valid_after_utc > now else None


def _make_ca(directory: Path, venue: str, now: datetime) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Paifang"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Paifang {venue} CA"),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(text) for text in PERMITTED_NAMES]
    permitted += [x509.IPAddress(network) for network in PRIVATE_NETWORKS]
    certificate = (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: a certificate whose key was lost in a crash could sign nothing.
    write_file(directory / "ca.key", _key_bytes(key))
    write_file(directory / "ca.pem", _pem(certificate), mode=0o644)
    return _Signer(certificate, key)


def _make_leaf(
    place: Certificate,
    signer: _Signer,
    names: Sequence[str],
    addresses: Sequence[IPAddress],
    now: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    certificate = (
        _builder(subject, signer.certificate.subject, key, now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_alternative_names(names, addresses), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(signer.key, hashes.SHA256())
    )
    # Chain and key are two files: a crash in between leaves a pair that does not fit, which
    # `_still_good` finds at the next start.
    write_file(place.key, _key_bytes(key))
    write_file(place.chain, _pem(certificate) + _pem(signer.certificate), mode=0o644)


def _still_good(
    place: Certificate,
    signer: _Signer,
    names: Sequence[str],
    addresses: Sequence[IPAddress],
    now: datetime,
) -> bool:
    try:
        leaf = x509.load_pem_x509_certificate(place.chain.read_bytes())
        key = serialization.load_pem_private_key(place.key.read_bytes(), None)
        leaf.verify_directly_issued_by(signer.certificate)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return False
    told = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        leaf.public_key() == key.public_key()
        and set(told) == set(_alternative_names(names, addresses))
        and leaf.not_valid_before_utc <= now
        and leaf.not_valid_after_utc - now > timedelta(days=LEAF_RENEW_DAYS)
    )


def _alternative_names(
    names: Sequence[str], addresses: Sequence[IPAddress]
) -> x509.SubjectAlternativeName:
    told: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    return x509.SubjectAlternativeName([*told, *(x509.IPAddress(a) for a in addresses)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        # Browsers count both ends: 397 days in all, the slack included.
        .not_valid_after(now - CLOCK_SLACK + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        # granian reads PKCS #8; nobody is there to type a passphrase at a start.
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
