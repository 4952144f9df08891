"""The disk's floor: how often it makes 512 bytes durable."""

import os
import tempfile
import time
from pathlib import Path


def flush_rate(directory: Path, seconds: float = 0.5) -> float:
    """Return how many times a second 512 bytes appended to a file reach the disk (fdatasync)."""
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        count, started = 0, time.perf_counter()
        until = started + seconds
        while (now := time.perf_counter()) < until:
            file.write(bytes(512))
            os.fdatasync(file.fileno())
            count += 1
    return count / (now - started)
