"""Joining over HTTPS with the centre's own certificate, known by its number."""

from pathlib import Path

import pytest

from tests.http.evidence import paifang, told_by
from tests.http.server import ServerTree

pytestmark = [pytest.mark.http, pytest.mark.timeout(600)]


def at_centre(server: ServerTree, *words: str) -> dict[str, str]:
    return told_by(paifang(*words, "--json", "--data", server.data))


def test_the_certificate_is_compared_kept_and_checked(
    sqlite_server: ServerTree, tmp_path: Path
) -> None:
    host = tmp_path / "host"
    assert paifang("init", "--username", "boss", "--data", host).returncode == 0
    url = f"https://127.0.0.1:{sqlite_server.https_port}"
    made = at_centre(sqlite_server, "node", "code", "hall-3")
    assert len(made["fingerprint"]) == 64

    untrusted = paifang("join", url, made["code"], "--data", host)
    assert (untrusted.returncode, "not trusted" in untrusted.stderr) == (1, True)
    other = ("--fingerprint", "0" * 64)
    wrong = paifang("join", url, made["code"], *other, "--data", host)
    assert (wrong.returncode, "another number" in wrong.stderr) == (1, True)

    trusted = ("--fingerprint", made["fingerprint"])
    joined = told_by(paifang("join", url, made["code"], *trusted, "--json", "--data", host))
    assert joined["host"] == "hall-3"
    assert (host / "centre.json").stat().st_mode & 0o777 == 0o600

    at_centre(sqlite_server, "lease", "grant", "hall-3", "expo-centre", "tea-expo")
    synced = told_by(paifang("sync", "--json", "--data", host))
    assert synced["refused"] == []
    (lease,) = told_by(paifang("lease", "status", "--json", "--data", host))["leases"]
    assert lease["state"] == "ready"

    asked = paifang("lease", "request", "expo-centre", "tea-expo", "--data", host)
    assert asked.returncode == 0, asked.stderr
    assert paifang("sync", "--data", host).returncode == 0
    (wish,) = told_by(paifang("lease", "status", "--json", "--data", sqlite_server.data))["asked"]
    assert (wish["host"], "expo-centre" in wish["asked"]) == ("hall-3", True)
    granted = paifang("lease", "grant", "x", "y", "z", "--data", host)
    assert (granted.returncode, "at its centre" in granted.stderr) == (1, True)
