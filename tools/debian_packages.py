"""Installs the Debian packages the tests need when root, and otherwise names what is missing.

What the tests need is looked for by what it gives (a program, a font), not by package name, so
another system that brings the same is as good. Exit code 1 only if an installation failed.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
CJK_FONTS = ("NotoSansCJK*", "NotoSansSC*", "SourceHanSans*", "wqy-*", "PingFang*")


def has_chromium() -> bool:
    """Tell whether a Chromium the browser tests can drive is on the path."""
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def has_chinese_font() -> bool:
    """Tell whether a font with Chinese is installed; without one pictures show empty boxes."""
    return any(
        next(folder.rglob(pattern), None) for folder in FONT_FOLDERS for pattern in CJK_FONTS
    )


def has_certutil() -> bool:
    """Tell whether a certificate can be put into the store of a browser on Linux."""
    return shutil.which("certutil") is not None


def has_pdftoppm() -> bool:
    """Tell whether PDFs can be made pictures of by a renderer that is not ours."""
    return shutil.which("pdftoppm") is not None


def has_zbar() -> bool:
    """Tell whether the library is there that reads bar codes beside the one we write them by."""
    return ctypes.util.find_library("zbar") is not None


def has_network_tools() -> bool:
    """Tell whether machines of their own can be made on a network that is cut and slowed down."""
    return all(shutil.which(tool) is not None for tool in ("ip", "tc"))


NEEDED: dict[str, Callable[[], bool]] = {
    "chromium": has_chromium,
    "libnss3-tools": has_certutil,
    "fonts-noto-cjk": has_chinese_font,
    "poppler-utils": has_pdftoppm,
    "libzbar0": has_zbar,
    "iproute2": has_network_tools,
}


def main() -> int:
    """Install or name the missing packages; return the exit code."""
    missing = [package for package, is_there in NEEDED.items() if not is_there()]
    if not missing:
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"missing, and needed by some tests: {' '.join(missing)}", file=sys.stderr)
        print(f"  sudo apt-get install {' '.join(missing)}", file=sys.stderr)
        return 0
    print(f"installing {' '.join(missing)}", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    for command in (["apt-get", "update", "--quiet"], install):
        done = subprocess.run(command, env=environment, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            print(f"failed: {' '.join(command)}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
