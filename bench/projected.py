"""The projector's side, as a process: `python -m bench.projected rebuild|lag`.

`rebuild` makes the tables anew and tells rows and seconds. `lag` says `ready`, looks every 100 ms
how far the store is behind, and once it is told to settle waits until nothing is left.
"""

import json
import sys
import threading
import time
from typing import Final

from paifang.runtime.bootstrap import desk_context
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings

LOOK_S: Final = 0.1


def main(what: str) -> None:
    """Do what is asked for, with the settings of the environment."""
    with desk_context(Settings.from_environment()):
        if what == "rebuild":
            started = time.perf_counter()
            rows = verb("paifang.services.desk.projector", "rebuild")()
            _say({"rows": rows, "seconds": time.perf_counter() - started})
        else:
            _watch()


def _watch() -> None:
    settle = threading.Event()

    def listen() -> None:
        sys.stdin.readline()
        settle.set()

    threading.Thread(target=listen, daemon=True).start()
    behind = verb("paifang.services.desk.flow", "projected_until")
    lags: list[float] = []
    print("ready", flush=True)
    while True:
        now_ms = time.time_ns() // 1_000_000
        lag_ms = now_ms - behind(now_ms)
        if not settle.is_set():
            lags.append(lag_ms / 1000)
        elif not lag_ms:
            _say({"lags_s": lags})
            return
        time.sleep(LOOK_S)


def _say(told: dict[str, object]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
