"""The line to the centre: HTTP/1.1 over TLS, one connection that is kept, bounded answers.

Certificates are checked as everywhere, by the system's list or by the ones given at joining. Plain
HTTP is spoken only to this machine itself: what travels names people.
"""

import http.client
import ipaddress
import json
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from paifang.core import limits
from paifang.runtime.words import _
from paifang.services.live.sync_host import NOTHING, LineFault, Measured

CONNECT_S: Final = 10.0
ANSWER_S: Final = 30.0
PIECE_BYTES: Final = 64 * 1024
_JSON_BYTES_MAX: Final = 64 * 1024
_OCTETS: Final = "application/octet-stream"
_RTT_AT: Final = 68
_RESENT_AT: Final = 100
_SENT_AT: Final = 136
"""Where Linux' `struct tcp_info` (linux/tcp.h) has the round trip in µs, and counts of packets."""


class AddressError(Exception):
    """An address no centre can be reached at; the message says why, in the person's language."""


def check_address(url: str) -> str:
    """Return the address of a centre without what stands behind host and port.

    Raises AddressError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username:
        raise AddressError(
            _("“{url}” is no address of a centre, such as https://tickets.example.org.").format(
                url=url[:100]
            )
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise AddressError(
            _("Names of guests would travel in the clear. Use the centre's https:// address.")
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpLine:
    """`services.live.sync_host.Line` over HTTP; used by one thread at a time."""

    def __init__(self, url: str, certificate: str = "") -> None:
        """Take the address, as `check_address` returns it, and PEM of what TLS is checked by.

        Raises ssl.SSLError if that is no certificate.
        """
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._context = ssl.create_default_context(cadata=certificate or None)
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._kept: http.client.HTTPConnection | None = None
        self._counted = (0, 0)
        self._began_s = 0.0
        self.measured: Measured = NOTHING
        """How the last `post` was under way."""

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], media: str = _OCTETS
    ) -> bytes:
        """Return the body of the answer to a body. Raises LineFault."""
        self.measured = NOTHING
        answer = self._ask("POST", path, body, {**headers, "content-type": media})
        with self._faults():
            told = answer.read(limits.SYNC_ANSWER_BYTES_MAX + 1)
        if len(told) > limits.SYNC_ANSWER_BYTES_MAX:
            self.close()
            raise LineFault("answer_wrong")
        self.measured = self._measure(len(body) + len(told))
        return told

    def _measure(self, size: int) -> Measured:
        """Return how an exchange was under way that has just ended."""
        taken_ms = round((time.monotonic() - self._began_s) * 1000)
        connection = self._kept
        info = b""
        if connection is not None and connection.sock is not None and hasattr(socket, "TCP_INFO"):
            with suppress(OSError):
                info = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        if len(info) < _SENT_AT + 4:
            return Measured(size, taken_ms)
        rtt_us, resent, sent = (
            struct.unpack_from("=I", info, at)[0] for at in (_RTT_AT, _RESENT_AT, _SENT_AT)
        )
        before, self._counted = self._counted, (sent, resent)
        return Measured(size, taken_ms, rtt_us // 1000, sent - before[0], resent - before[1])

    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the bytes of what stands at a path, as they come. Raises LineFault."""
        answer = self._ask("GET", path, None, headers)
        try:
            while True:
                with self._faults():
                    piece = answer.read(PIECE_BYTES)
                if not piece:
                    break
                yield piece
        finally:
            # What was not read would stand before the next answer.
            if not answer.isclosed():
                self.close()

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Return an answer whose status is good. Raises LineFault."""
        is_kept = self._kept is not None
        try:
            return self._asked(method, path, body, headers)
        except LineFault as fault:
            # A connection that was kept may have been closed meanwhile; whatever was asked may be
            # asked again, a nonce that came twice excepted, which is met by the next round.
            if not is_kept or fault.code != "unreachable":
                raise
        return self._asked(method, path, body, headers)

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        with self._faults():
            connection = self._connection()
            self._began_s = time.monotonic()
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            if answer.status in {200, 206}:
                return answer
            told = answer.read(_JSON_BYTES_MAX)
        if not answer.isclosed():
            self.close()
        raise LineFault(_code_of(told), _time_of(answer.getheader("paifang-now", "")))

    def _connection(self) -> http.client.HTTPConnection:
        if self._kept is None:
            made: http.client.HTTPConnection
            if self._context is None:
                made = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
            else:
                made = http.client.HTTPSConnection(
                    self._host, self._port, timeout=CONNECT_S, context=self._context
                )
            made.connect()
            made.sock.settimeout(ANSWER_S)
            self._kept, self._counted = made, (0, 0)
        return self._kept

    def _faults(self) -> "_Faults":
        return _Faults(self)

    def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            with suppress(OSError):
                self._kept.close()
            self._kept = None


class Unverified(HttpLine):
    """A line to fetch a certificate over that is then compared by its number; good for no more."""

    def __init__(self, url: str) -> None:
        """Take the address."""
        super().__init__(url)
        if self._context is not None:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE


class _Faults:
    """Tells what goes wrong on a line as LineFault, and hangs up."""

    def __init__(self, line: HttpLine) -> None:
        self._line = line

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, LineFault):
            return
        self._line.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise LineFault("certificate") from error
        if isinstance(error, TimeoutError):
            raise LineFault("timeout") from error
        if isinstance(error, OSError | http.client.HTTPException):
            raise LineFault("unreachable") from error


def _code_of(body: bytes) -> str:
    """Return the code of a problem document, `answer_wrong` of anything else."""
    try:
        told = json.loads(body)
        code = told["code"]
    except (ValueError, TypeError, KeyError):
        return "answer_wrong"
    is_code = isinstance(code, str) and code.replace("_", "").isalpha() and len(code) <= 40
    return code if is_code else "answer_wrong"


def _time_of(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 15 else 0
