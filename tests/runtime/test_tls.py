"""The venue's certificates, judged by OpenSSL as any client would."""

import contextlib
import socket
import ssl
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from paifang.runtime.tls import (
    LEAF_DAYS,
    Certificate,
    TlsError,
    given_certificate,
    is_outdated,
    own_certificate,
)
from paifang.runtime.venue_name import own_name

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
HERE = [ip_address(text) for text in ("127.0.0.1", "192.168.4.2", "::1", "fd00::2")]
NOW = datetime.now(UTC)


def shaken_hands(certificate: Certificate, name: str) -> str:
    """Return what a client that trusts only the CA says of a server: "" if all is well."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate.chain, certificate.key)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(certificate.ca)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError), serving.wrap_socket(theirs, server_side=True) as line:
            line.recv(1)

    server = threading.Thread(target=serve)
    server.start()
    try:
        with trusting.wrap_socket(ours, server_hostname=name):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        ours.close()
        server.join()


def leaf(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.chain.read_bytes())


@pytest.mark.parametrize(
    "name", [own_name(NODE), "localhost", "127.0.0.1", "192.168.4.2", "::1", "fd00::2"]
)
def test_a_client_that_trusts_the_ca_trusts_every_name_of_the_machine(
    tmp_path: Path, name: str
) -> None:
    assert shaken_hands(own_certificate(tmp_path / "tls", NODE, HERE), name) == ""


def test_another_machines_name_is_refused(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls", NODE, HERE)
    assert "mismatch" in shaken_hands(certificate, "other.local")


@pytest.mark.parametrize(
    "name",
    ["DNS:bank.example", "DNS:local.example", "IP:203.0.113.7", "IP:2001:db8::1", "IP:172.32.0.1"],
)
def test_the_ca_cannot_vouch_for_the_internet(tmp_path: Path, name: str) -> None:
    certificate = own_certificate(tmp_path / "tls", NODE, HERE)
    found = verified_by_openssl(tmp_path, certificate, name)
    assert found.returncode != 0
    assert "permitted subtree violation" in found.stdout + found.stderr


def test_the_ca_can_vouch_for_another_machine_of_the_venue(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls", NODE, HERE)
    for name in ("DNS:spare.local", "DNS:gate.home.arpa", "IP:10.9.8.7"):
        assert verified_by_openssl(tmp_path, certificate, name).returncode == 0


def verified_by_openssl(
    directory: Path, certificate: Certificate, name: str
) -> subprocess.CompletedProcess[str]:
    """Sign a leaf for a name with the CA's key, by openssl, and let openssl verify it."""
    assert certificate.ca is not None
    request, signed, key = (directory / part for part in ("a.csr", "a.pem", "a.key"))
    make = [
        *("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-keyout", key, "-out", request, "-subj", "/CN=x"),
        *("-addext", f"subjectAltName={name}"),
    ]
    sign = [
        *("openssl", "x509", "-req", "-in", request, "-out", signed, "-days", "30"),
        *("-CA", certificate.ca, "-CAkey", certificate.ca.with_suffix(".key")),
        *("-CAcreateserial", "-copy_extensions", "copy"),
    ]
    for command in (make, sign):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return subprocess.run(
        ["openssl", "verify", "-CAfile", certificate.ca, signed],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_public_address_is_left_out_of_the_leaf(tmp_path: Path) -> None:
    addresses = [*HERE, ip_address("203.0.113.7"), ip_address("2001:db8::1")]
    certificate = own_certificate(tmp_path / "tls", NODE, addresses)
    names = leaf(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.IPAddress) == HERE
    assert shaken_hands(certificate, "192.168.4.2") == ""


def test_the_ca_is_narrow_and_lives_ten_years(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls", NODE, HERE)
    assert certificate.ca is not None
    ca = x509.load_pem_x509_certificate(certificate.ca.read_bytes())
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value.ca
    assert basic.value.path_length == 0
    assert ca.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert timedelta(days=3_650) < ca.not_valid_after_utc - NOW < timedelta(days=3_653)


def test_the_leaf_lives_no_longer_than_browsers_take(tmp_path: Path) -> None:
    found = leaf(own_certificate(tmp_path / "tls", NODE, HERE))
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=LEAF_DAYS)


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    own_certificate(tmp_path / "tls", NODE, HERE)
    for name in ("ca.key", "leaf.key"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600


def test_a_start_without_changes_keeps_the_leaf(tmp_path: Path) -> None:
    first = leaf(own_certificate(tmp_path / "tls", NODE, HERE))
    assert leaf(own_certificate(tmp_path / "tls", NODE, list(reversed(HERE)))) == first


def test_a_new_address_gets_a_new_leaf_of_the_same_ca(tmp_path: Path) -> None:
    before = own_certificate(tmp_path / "tls", NODE, HERE[:1])
    assert before.ca is not None
    ca, first = before.ca.read_bytes(), leaf(before)
    after = own_certificate(tmp_path / "tls", NODE, HERE)
    assert leaf(after) != first
    assert before.ca.read_bytes() == ca
    assert shaken_hands(after, "192.168.4.2") == ""


@pytest.mark.parametrize(("days", "renewed"), [(330, False), (340, True), (500, True)])
def test_a_leaf_near_its_end_is_issued_again(tmp_path: Path, days: int, renewed: bool) -> None:  # noqa: FBT001
    first = leaf(own_certificate(tmp_path / "tls", NODE, HERE))
    later = own_certificate(tmp_path / "tls", NODE, HERE, NOW + timedelta(days=days))
    assert (leaf(later) != first) is renewed


def test_a_leaf_is_outdated_by_a_new_private_address_or_by_age_only(tmp_path: Path) -> None:
    found = own_certificate(tmp_path / "tls", NODE, HERE)
    assert not is_outdated(found, HERE)
    assert not is_outdated(found, HERE[:1])
    assert not is_outdated(found, [*HERE, ip_address("203.0.113.7")])
    assert is_outdated(found, [*HERE, ip_address("192.168.4.3")])
    assert not is_outdated(found, HERE, NOW + timedelta(days=330))
    assert is_outdated(found, HERE, NOW + timedelta(days=340))
    found.chain.write_text("nonsense")
    with pytest.raises(TlsError):
        is_outdated(found, HERE)


@pytest.mark.parametrize("name", ["leaf.pem", "leaf.key"])
def test_a_torn_pair_is_made_anew(tmp_path: Path, name: str) -> None:
    own_certificate(tmp_path / "tls", NODE, HERE)
    other = own_certificate(tmp_path / "other", NODE, HERE)
    found = other.chain if name == "leaf.pem" else other.key
    (tmp_path / "tls" / name).write_bytes(found.read_bytes())
    assert shaken_hands(own_certificate(tmp_path / "tls", NODE, HERE), "localhost") == ""


def test_given_files_are_used_as_they_are(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "tls", NODE, HERE)
    assert given_certificate(f"{own.chain},{own.key}") == Certificate(own.chain, own.key)


def test_given_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "tls", NODE, HERE)
    with pytest.raises(TlsError, match="MISMATCH"):
        given_certificate(f"{own.chain},{tmp_path / 'tls/ca.key'}")
    with pytest.raises(TlsError, match="nowhere"):
        given_certificate(f"{tmp_path / 'nowhere'},{own.key}")
