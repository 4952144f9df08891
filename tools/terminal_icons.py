"""Draw the icons of home screens from the desk's icon, beside it.

    python tools/terminal_icons.py

Committed, because they are small and a build needs no browser. Run it when icon.svg changes.
"""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.gate import chromium  # noqa: E402

OUT: Final = ROOT / "paifang/web/desk/static/desk"
CLEAR: Final = "transparent"
BLUE: Final = "#1f4fd8"
# Side in pixels, how much of it the icon takes, and what lies under it: a maskable one may lose all
# but its middle, and iOS rounds the corners by itself.
ICONS: Final = {
    "icon-192.png": (192, 1, CLEAR),
    "icon-512.png": (512, 1, CLEAR),
    "icon-maskable-512.png": (512, 0.78, BLUE),
    "icon-touch-180.png": (180, 0.96, BLUE),
}


def main() -> None:
    """Draw each."""
    icon = (OUT / "icon.svg").read_text(encoding="utf-8")
    with chromium() as browser:
        for name, (side, share, ground) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            style = f"margin:0;height:100vh;display:grid;place-items:center;background:{ground}"
            drawn = icon.replace("<svg", f'<svg width="{side * share}" height="{side * share}"', 1)
            page.set_content(f'<body style="{style}">{drawn}</body>')
            page.screenshot(path=OUT / name, omit_background=True)
            page.close()


if __name__ == "__main__":
    main()
