"""Changes a person would make in the desk, made in a process of their own by the desk's parts."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_FRAME: Final = """
from paifang.runtime.bootstrap import desk_context
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings

with desk_context(Settings.from_environment()):
    models = __import__("paifang.store.models", fromlist=["Zone"])
{body}
    verb("paifang.services.desk.compile", "publish")("test")
"""


def at_the_desk(data: Path, body: str, database: str = "") -> None:
    """Run lines that change the store's `models`, then bring them into force at the gates."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    subprocess.run(
        [sys.executable, "-c", _FRAME.format(body=indented)],
        env={**os.environ, "PAIFANG_DATA": str(data), "PAIFANG_DATABASE": database},
        check=True,
        timeout=120,
    )
