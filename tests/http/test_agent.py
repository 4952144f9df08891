"""The lane agent against a real server: killed and started anew, it admits nobody twice."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from paifang.ledger import tables as t
from paifang.ledger.facts import AdmissionFact, fact_of
from paifang.ledger.opening import open_reader
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.http, pytest.mark.kill]


class Process:
    """An agent as a person starts it."""

    def __init__(self, config: Path) -> None:
        self.out = config.with_suffix(".out").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "paifang", "agent", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=self.out,
            text=True,
        )

    def show(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        self.out.close()
        return code


def verdicts(config: Path) -> list[dict[str, Any]]:
    """Return the verdicts that were shown whole."""
    lines = config.with_suffix(".out").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def waits(config: Path, count: int) -> None:
    """Wait until so many verdicts were shown."""
    deadline = time.monotonic() + 60
    while len(verdicts(config)) < count:
        assert time.monotonic() < deadline, verdicts(config)
        time.sleep(0.05)


def config_of(directory: Path, server: ServerTree, terminal: dict[str, Any]) -> Path:
    config = directory / "lane.toml"
    config.write_text(
        f'host = "{server.url}"\ntoken = "{terminal["token"]}"\ngate = "{terminal["gate"]}"\n'
        f'store = "{directory / "lane.db"}"\nterminal = "lane-1"\npatience_s = 30\n',
        encoding="utf-8",
    )
    return config


def test_an_agent_killed_again_and_again_loses_nothing_and_admits_nobody_twice() -> None:
    with ExitStack() as stack:
        directory = stack.enter_context(temporary_directory())
        server = ServerTree(directory / "data", tickets=30)
        stack.callback(server.kill)
        server.start(240)
        demo = server.demo()
        terminal = next(each for each in demo["terminals"] if each["role"] == "gate")
        codes = [ticket["code"] for ticket in demo["tickets"]][:12]
        config = config_of(directory, server, terminal)
        agent = Process(config)
        agent.show(codes[0], codes[0], f"{codes[1]} nobody")
        waits(config, 3)
        assert [each["reason"] for each in verdicts(config)] == ["ok", "already_used", "ok"]
        agent.show(codes[1])
        waits(config, 4)
        assert verdicts(config)[-1]["reason"] == "ok"
        for n in range(2, 10):
            agent.show(codes[n], codes[n])
            time.sleep(0.1 * (n % 4))
            if n % 3 == 0:
                agent.kill()
                agent = Process(config)
            if n == 5:
                server.kill()
                server.start(240)
        agent.show(*codes)
        assert agent.end() == 0
        shown = verdicts(config)
        opened = Counter(each["code"] for each in shown if each["opens"])
        # The one that was annulled is let in again.
        assert opened.pop(codes[1]) == 2
        assert set(opened.values()) == {1}
        for code in codes:
            # What was recorded and never shown is looked into, not refused as used.
            reasons = [each["reason"] for each in shown if each["code"] == code]
            assert {"ok", "recorded_not_opened"} & set(reasons), (code, reasons)
        assert server.stop() == 0
        done = subprocess.run(
            [sys.executable, "-m", "paifang", "verify", "--data", str(directory / "data")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        with closing(open_reader(directory / "data" / "ledger.db")) as reader:
            rows = {row.request_id: row for row in reader.raw.scan(t.JOURNAL) if row.request_id}
        for each in shown:
            fact = fact_of("admission", rows[each["request_id"]].payload)
            assert isinstance(fact, AdmissionFact)
            assert (fact.reason, fact.people > 0) == (each["reason"], each["opens"])
