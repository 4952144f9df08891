"""Primary keys of configuration rows."""

import secrets
import time
import uuid
from threading import Lock

from paifang.core.ids import IdSource

_source = IdSource(lambda: time.time_ns() // 1_000_000, secrets.token_bytes, Lock())


def new_uuid() -> uuid.UUID:
    """Return a fresh version 7 UUID; rows made later come later in every index."""
    return uuid.UUID(bytes=_source.next_id())
