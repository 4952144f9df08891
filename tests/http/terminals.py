"""A paired terminal over HTTP, as its page works: pair, sign on, ask."""

from typing import Any

import httpx

from tests.device import Device
from tests.http.evidence import paifang, told_by
from tests.http.server import ServerTree


def made_by(server: ServerTree, database: str, *arguments: str) -> dict[str, Any]:
    """Run a command on a server's data directory and return its report."""
    return told_by(paifang(*arguments, "--json", "--data", server.data, database=database))


def post(base: str, path: str, body: dict[str, Any], token: str = "") -> httpx.Response:
    """Send JSON to the API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{base}/api/v1/{path}", json=body, headers=headers, timeout=60)


class Phone:
    """A device with a key, and the terminal it has become."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.device = Device()
        self.id = ""

    def pair(self, code: str) -> httpx.Response:
        """Show a manager's code."""
        body = {"code": code, "key": self.device.jwk, "request_id": "pair-1", "version": "0.1.0"}
        answered = post(self.base, "terminals/pair", body)
        if answered.status_code == 200:
            self.id = answered.json()["terminal"]["id"]
        return answered

    def proof(self, **more: Any) -> dict[str, Any]:
        """Return a proof for a fresh challenge."""
        answered = post(self.base, "terminals/challenge", {"terminal": self.id})
        return self.device.proof(self.id, answered.json()["challenge"], **more)

    def sign_on(self, **more: Any) -> httpx.Response:
        """Ask for a token."""
        return post(self.base, "terminals/token", self.proof(**more))
