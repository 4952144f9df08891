"""A Chromium with a trust store of its own, and servers with certificates it should not believe."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from playwright.sync_api import Browser, Playwright

from tests.browser.gate import CHROMIUM


def trust_ca(home: Path, ca: Path) -> None:
    """Put a CA into the store that Chromium reads in this home, as `/enrol` says for Linux."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for words in (
        ("-N", "--empty-password"),
        ("-A", "-t", "C,,", "-n", "paifang", "-i", str(ca)),
    ):
        command = ["certutil", "-d", f"sql:{store}", *words]
        subprocess.run(command, check=True, capture_output=True)


@contextmanager
def chromium_at_home(playwright: Playwright, home: Path, *names: str) -> Iterator[Browser]:
    """Yield a Chromium with a home of its own; it finds the names on this machine."""
    rules = ", ".join(f"MAP {name} 127.0.0.1" for name in names)
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=[*CHROMIUM, f"--host-resolver-rules={rules}"],
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    try:
        yield browser
    finally:
        browser.close()


def sign_leaf(directory: Path, ca: Path, ca_key: Path, name: str) -> tuple[Path, Path]:
    """Sign a server's certificate for any name with the venue's CA, as a thief of its key could."""
    signer = x509.load_pem_x509_certificate(ca.read_bytes())
    signing = serialization.load_pem_private_key(ca_key.read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    chain, place = directory / f"{name}.pem", directory / f"{name}.key"
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + ca.read_bytes())
    place.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, place


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>inside</h1>")

    def log_message(self, *_words: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_words: object) -> None:
        """Say nothing: a browser that hangs up in mid-handshake is what is tested."""


@contextmanager
def https_server(chain: Path, key: Path) -> Iterator[int]:
    """Serve one page by HTTPS on this machine; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with _Server(("127.0.0.1", 0), _Hello) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
