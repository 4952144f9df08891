"""Fresh ids for this process: version 7 UUIDs from the wall clock and the system's randomness."""

import secrets
import time
from threading import Lock

from paifang.core.ids import IdSource

_source = IdSource(lambda: time.time_ns() // 1_000_000, secrets.token_bytes, Lock())


def new_id() -> bytes:
    """Return a fresh id of 16 bytes, greater than every earlier one of this process."""
    return _source.next_id()
