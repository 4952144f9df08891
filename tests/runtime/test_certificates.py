"""A certificate carried to a spare: whole, sealed, checked, and the same for phones."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from paifang.runtime import certificate_file
from paifang.runtime.certificate_file import Carried, SealError, is_weak, seal, unseal
from paifang.runtime.certificates import export_to, install, read_export, tell
from paifang.runtime.data_directory import DataDirectory, open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.tls import TlsError, own_certificate
from paifang.runtime.venue_name import own_name, venue_name

PASSPHRASE = "eleven gates at dawn"
HERE = [ip_address("127.0.0.1"), ip_address("192.168.4.2")]
CARRIED = Carried("paifang-1a2b.local", "a certificate", "a key")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch keys less; how much is written in the file, so nothing else changes."""
    monkeypatch.setattr(certificate_file, "MEMORY_BYTES", 1024 * 1024)
    monkeypatch.setattr(certificate_file, "PASSES", 1)


def machine(path: Path) -> DataDirectory:
    data = open_data(path)
    own_certificate(data.tls, data.secrets().node, HERE)
    return data


def name_of(data: DataDirectory) -> str:
    return venue_name(data.tls, data.secrets().node)


def read_ca(data: DataDirectory) -> bytes:
    return (data.tls / "ca.pem").read_bytes()


def test_a_spare_has_the_same_ca_the_same_name_and_a_leaf_of_its_own(tmp_path: Path) -> None:
    first, spare = machine(tmp_path / "first"), open_data(tmp_path / "spare")
    file = tmp_path / "venue.paifang-ca"
    shown = export_to(first, file, PASSPHRASE)
    assert install(spare, read_export(file, PASSPHRASE), replace=False)
    assert tell(spare).shown == shown
    assert name_of(spare) == name_of(first) != own_name(spare.secrets().node)
    found = own_certificate(spare.tls, spare.secrets().node, [ip_address("192.168.4.9")])
    assert read_ca(spare) == read_ca(first)
    leaf = x509.load_pem_x509_certificate(found.chain.read_bytes())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(read_ca(first)))
    assert tell(spare).leaf_names == [name_of(first), "localhost", "192.168.4.9"]
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.chain, found.key)


def test_the_file_is_for_its_owner_and_tells_nothing_without_the_passphrase(
    tmp_path: Path,
) -> None:
    first, file = machine(tmp_path / "first"), tmp_path / "venue"
    export_to(first, file, PASSPHRASE)
    assert file.stat().st_mode & 0o777 == 0o600
    body = file.read_bytes()
    assert b"PRIVATE KEY" not in body
    assert name_of(first).encode() not in body
    with pytest.raises(CommandError, match="there already"):
        export_to(first, file, PASSPHRASE)
    assert file.read_bytes() == body


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "venue"
    export_to(machine(tmp_path / "first"), file, PASSPHRASE)
    with pytest.raises(CommandError, match="passphrase is wrong"):
        read_export(file, PASSPHRASE + "!")


@pytest.mark.parametrize("member", ["sealed", "salt"])
def test_an_altered_file_is_refused(member: str) -> None:
    told = json.loads(seal(CARRIED, PASSPHRASE))
    text = told[member]
    told[member] = ("B" if text[0] != "B" else "C") + text[1:]
    with pytest.raises(SealError) as fault:
        unseal(json.dumps(told).encode(), PASSPHRASE)
    assert fault.value.code == "wrong_or_altered"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "something-else"}, "not_ours"),
        ({"further": 1}, "not_ours"),
        ({"passes": 0}, "wrong_or_altered"),
        ({"passes": 10**6}, "wrong_or_altered"),
        ({"memory": 2**40}, "wrong_or_altered"),
        ({"memory": 1}, "wrong_or_altered"),
        ({"salt": "AAAA"}, "wrong_or_altered"),
        ({"sealed": "AAAA"}, "wrong_or_altered"),
    ],
)
def test_a_file_that_asks_too_much_or_is_none_is_refused(
    changes: dict[str, object], code: str
) -> None:
    told = json.loads(seal(CARRIED, PASSPHRASE)) | changes
    with pytest.raises(SealError) as fault:
        unseal(json.dumps(told).encode(), PASSPHRASE)
    assert fault.value.code == code


@pytest.mark.parametrize("body", [b"", b"\x00\xff" * 40, b"{}", b"[" * 70_000])
def test_any_other_file_is_said_to_be_none(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "holiday.jpg"
    file.write_bytes(body)
    with pytest.raises(CommandError, match="no export"):
        read_export(file, PASSPHRASE)
    with pytest.raises(CommandError, match="nowhere"):
        read_export(tmp_path / "nowhere", PASSPHRASE)


@pytest.mark.parametrize(
    "passphrase", ["", "short", "123456789012345678", "aaaaaaaaaaaaaaaa", "ababababababab", "口令"]
)
def test_a_weak_passphrase_is_refused(tmp_path: Path, passphrase: str) -> None:
    assert is_weak(passphrase)
    with pytest.raises(CommandError, match="guessed"):
        export_to(machine(tmp_path / "first"), tmp_path / "venue", passphrase)
    assert not (tmp_path / "venue").exists()


@pytest.mark.parametrize("passphrase", [PASSPHRASE, "清晨七点开南门北门"])
def test_several_words_are_enough(passphrase: str) -> None:
    assert not is_weak(passphrase)


def test_another_certificate_is_given_up_only_when_told_so(tmp_path: Path) -> None:
    first, spare = machine(tmp_path / "first"), machine(tmp_path / "spare")
    file, before = tmp_path / "venue", read_ca(spare)
    export_to(first, file, PASSPHRASE)
    carried = read_export(file, PASSPHRASE)
    with pytest.raises(CommandError, match="--replace"):
        install(spare, carried, replace=False)
    assert read_ca(spare) == before
    assert install(spare, carried, replace=True)
    assert not install(spare, carried, replace=False)
    assert read_ca(spare) == read_ca(first)


def forged(name: str, *, narrow: bool = True, days: int = 30, other_key: bool = False) -> Carried:
    """Return an export's content with a CA that is not quite ours."""
    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.now(UTC)
    allowed = "local" if narrow else "com"
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(allowed)], None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown = ec.generate_private_key(ec.SECP256R1()) if other_key else key
    return Carried(
        name,
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        shown.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


@pytest.mark.parametrize(
    "carried",
    [
        forged("paifang-1a2b.local", narrow=False),
        forged("paifang-1a2b.local", days=-1),
        forged("paifang-1a2b.local", other_key=True),
        forged("bank.example"),
        forged("paifang-1a2b.local\nother.local"),
        CARRIED,
    ],
    ids=["wide", "over", "other key", "other name", "two names", "nonsense"],
)
def test_a_certificate_that_is_not_as_ours_are_is_refused(tmp_path: Path, carried: Carried) -> None:
    file = tmp_path / "venue"
    file.write_bytes(seal(carried, PASSPHRASE))
    with pytest.raises(CommandError, match="holds no certificate"):
        read_export(file, PASSPHRASE)


def test_a_narrow_one_of_somebody_else_is_taken(tmp_path: Path) -> None:
    carried = forged("paifang-1a2b.local")
    file = tmp_path / "venue"
    file.write_bytes(seal(carried, PASSPHRASE))
    assert msgspec.structs.asdict(read_export(file, PASSPHRASE)) == msgspec.structs.asdict(carried)


def test_an_import_cut_off_half_way_is_noticed_at_the_next_start(tmp_path: Path) -> None:
    first, spare = machine(tmp_path / "first"), machine(tmp_path / "spare")
    (spare.tls / "ca.key").write_bytes((first.tls / "ca.key").read_bytes())
    with pytest.raises(TlsError, match="belong together"):
        own_certificate(spare.tls, spare.secrets().node, HERE)


def test_a_name_that_is_none_is_not_served(tmp_path: Path) -> None:
    data = machine(tmp_path / "data")
    (data.tls / "name").write_text("bank.example\n")
    with pytest.raises(TlsError, match=r"bank\.example"):
        own_certificate(data.tls, data.secrets().node, HERE)
    with pytest.raises(CommandError, match=r"bank\.example"):
        tell(data)


def test_nothing_is_told_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="first start"):
        tell(open_data(tmp_path / "data"))
