"""Keeps wheels whole: a wheel carries the built terminal page, the catalogues and the fonts.

Editable installs are left alone; `make demo` and `make test` build all of it in the checkout.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = (
    "paifang/web/desk/static/terminal/.vite/manifest.json",
    "paifang/web/desk/static/terminal/charts/plot.js",
    "paifang/locale/zh_Hans/LC_MESSAGES/django.mo",
    "paifang/services/desk/paper/fonts/NotoSansSC_400Regular.ttf",
    "paifang/services/desk/paper/fonts/noto-sans-sc-OFL.txt",
)


class WholeWheel(BuildHookInterface[BuilderConfig]):
    """Refuses to pack a wheel whose built parts are missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - its interface
        """Check before a standard wheel is packed; raises RuntimeError naming what is missing."""
        if version == "editable":
            return
        missing = [name for name in BUILT if not (Path(self.root) / name).is_file()]
        if missing:
            raise RuntimeError(f"not built yet: {', '.join(missing)}; run `make wheel` instead")
