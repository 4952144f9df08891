"""A host that gets another address: phones trust it there at once, and nobody is cut off."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from paifang.runtime.renewal import RenewingServer
from paifang.runtime.servers import Listener, RunningServer, make_server
from paifang.runtime.settings import Address, ServerKind
from paifang.runtime.tls import Certificate, is_outdated, own_certificate
from paifang.services.desk.reach import IPAddress
from paifang.web.live.ports import Receive, Scope, Send
from tests.http.server import free_port

pytestmark = pytest.mark.http

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
FIRST, SECOND = ip_address("127.0.0.1"), ip_address("127.0.0.2")
WITHIN_S = 20.0


class Host:
    """A machine whose addresses change, with its own certificate and a page that takes its time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.addresses: list[IPAddress] = [FIRST]
        self.port = free_port()
        self.certificate = self.issue()
        self.go_on = asyncio.Event()
        self.made = 0

    def issue(self) -> Certificate:
        return own_certificate(self.directory, NODE, self.addresses)

    def renew(self) -> bool:
        if not is_outdated(self.certificate, self.addresses):
            return False
        self.issue()
        return True

    def make(self) -> RunningServer:
        self.made += 1
        place = Listener(
            Address("127.0.0.1", self.port), self.certificate.chain, self.certificate.key
        )
        return make_server(ServerKind.granian, self.answer, place)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send({**start, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        if scope["path"] == "/slow":
            await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"k", "more_body": False})

    async def connect(self, name: IPAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a phone that opened the host by this address."""
        trusting = ssl.create_default_context(cafile=self.certificate.ca)
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=trusting, server_hostname=str(name)
        )

    async def get(self, name: IPAddress, path: str = "/") -> bytes:
        reader, writer = await self.connect(name)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            return (await reader.read()).rpartition(b"\r\n")[2]
        finally:
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def served(host: Host, make: Callable[[], RunningServer]) -> AsyncIterator[RenewingServer]:
    server = RenewingServer(make, host.renew, check_s=0.05)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                await host.get(FIRST)
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield server
        server.stop()
        await task
    # The server's own threads end a moment after it says so.
    await asyncio.sleep(0.3)


def test_a_new_address_is_trusted_and_requests_in_flight_are_answered(tmp_path: Path) -> None:
    async def run() -> None:
        host = Host(tmp_path / "tls")
        ca = host.certificate.ca.read_bytes() if host.certificate.ca else b""
        async with served(host, host.make):
            with pytest.raises(ssl.SSLCertVerificationError):
                await host.get(SECOND)
            slow = asyncio.create_task(host.get(FIRST, "/slow"))
            await asyncio.sleep(0.2)
            host.addresses = [FIRST, SECOND]
            while True:
                with suppress(ssl.SSLCertVerificationError):
                    assert await host.get(SECOND) == b"ok"
                    break
                await asyncio.sleep(0.1)
            assert not slow.done()
            host.go_on.set()
            assert await slow == b"ok"
            assert host.certificate.ca is not None
            assert host.certificate.ca.read_bytes() == ca
            host.addresses = [SECOND]
            await asyncio.sleep(0.3)
            assert host.made == 2
            assert await host.get(FIRST) == b"ok"

    asyncio.run(run())


async def until_said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    for _try in range(int(WITHIN_S / 0.05)):
        if words in caplog.text:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not said: {words}")


class Ended:
    """A server that ends at once."""

    async def serve(self) -> None:
        return

    def stop(self) -> None:
        return


class Broken:
    """A server that cannot open its port."""

    async def serve(self) -> None:
        raise OSError("address in use")

    def stop(self) -> None:
        return


def test_a_new_server_that_does_not_stand_leaves_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        host = Host(tmp_path / "tls")
        async with served(host, lambda: Broken() if host.made else host.make()):
            host.addresses = [FIRST, SECOND]
            await until_said(caplog, "could not be served")
            assert await host.get(FIRST) == b"ok"

    with caplog.at_level(logging.ERROR, "paifang.live"):
        asyncio.run(run())


def test_a_certificate_that_cannot_be_renewed_stays_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        host = Host(tmp_path / "tls")
        async with served(host, host.make):
            host.certificate.chain.write_text("nonsense")
            await until_said(caplog, "could not be renewed")
            assert await host.get(FIRST) == b"ok"

    asyncio.run(run())


def test_a_server_that_ends_by_itself_is_not_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with asyncio.timeout(WITHIN_S):
            await RenewingServer(Ended, lambda: False).serve()

    asyncio.run(run())
