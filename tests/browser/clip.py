"""What a camera sees, as a clip for Chromium's fake camera: QR codes held before it, well or badly.

Written as YUV4MPEG2 by plain Python: grey frames of 640 by 480, played round and round. A browser
plays one file for its whole life and reads it frame by frame; so whoever writes into that file
while it plays holds something else before the camera.
"""

import math
import random
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import zxingcpp

WIDTH: Final = 640
HEIGHT: Final = 480
FPS: Final = 10
_WALL: Final = 150
_DARK: Final = 128
_HEAD: Final = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode()
_FRAME: Final = b"FRAME\n"
# The terminal wants 2.5 s; a picture may still be on its way when a code is taken away.
_AWAY_S: Final = 3.0


class Held(NamedTuple):
    """One code before the camera; `side` in pixels, place from the middle, `turn` in degrees."""

    text: str
    side: int = 220
    x: int = 0
    y: int = 0
    turn: float = 0
    blur: int = 0
    glare: bool = False


class Scene(NamedTuple):
    """What is seen for so many seconds; nothing held is an empty hall."""

    seconds: float
    held: Sequence[Held] = ()


def write_clip(path: Path, scenes: Sequence[Scene]) -> Path:
    """Write scenes one after the other and return the path."""
    colour = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(_HEAD)
        for scene in scenes:
            grey = bytes(_frame(scene.held))
            for _ in range(round(scene.seconds * FPS)):
                file.write(_FRAME + grey + colour)
    return path


class Hands:
    """Somebody's hands before a camera that runs: what they hold is seen with its next picture."""

    def __init__(self, path: Path) -> None:
        """Write the clip the camera plays: one picture of an empty hall, again and again."""
        self.path = write_clip(path, [Scene(1 / FPS)])
        self._away_s: dict[str, float] = {}
        self._held: tuple[Held, ...] = ()

    def show(self, *held: Held) -> Self:
        """Hold these up, each after it was away long enough to count as shown anew."""
        self.take_away()
        back_s = max((self._away_s.get(one.text, 0.0) for one in held), default=0.0) + _AWAY_S
        time.sleep(max(0.0, back_s - time.monotonic()))
        self._paint(held)
        return self

    def take_away(self) -> None:
        """Hold nothing any more."""
        if self._held:
            self._paint(())

    def _paint(self, held: tuple[Held, ...]) -> None:
        with self.path.open("r+b") as file:
            file.seek(len(_HEAD) + len(_FRAME))
            file.write(_frame(held))
        now_s = time.monotonic()
        self._away_s |= {one.text: now_s for one in self._held}
        self._held = held


def camera_arguments(clip: Path) -> tuple[str, ...]:
    """Return what makes Chromium play a clip as its camera, and ask nobody."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )


@cache
def _hall() -> bytes:
    noise = random.Random(7)  # the same clip each time
    return bytes(_WALL + noise.randrange(-12, 13) for _ in range(WIDTH * HEIGHT))


def _frame(held: Sequence[Held]) -> bytearray:
    grey = bytearray(_hall())
    for one in held:
        _draw(grey, one)
    return grey


def _draw(grey: bytearray, held: Held) -> None:
    made = zxingcpp.create_barcode(held.text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = made.to_image(scale=1, add_quiet_zones=True)
    code, size = memoryview(image), image.shape[0]
    cos, sin = math.cos(math.radians(held.turn)), math.sin(math.radians(held.turn))
    reach = math.ceil(held.side * 0.75)
    box: dict[tuple[int, int], int] = {}
    for x, y in _square(WIDTH // 2 + held.x, HEIGHT // 2 + held.y, reach):
        dx, dy = x - WIDTH // 2 - held.x, y - HEIGHT // 2 - held.y
        column = math.floor((dx * cos + dy * sin) / held.side * size + size / 2)
        row = math.floor((dy * cos - dx * sin) / held.side * size + size / 2)
        if 0 <= column < size and 0 <= row < size:
            box[x, y] = 235 if code[row, column] >= _DARK else 25
    for (x, y), value in _blurred(box, held.blur):
        shine = 90 if held.glare and math.hypot(x - WIDTH // 2, y - HEIGHT // 2) < 60 else 0
        grey[y * WIDTH + x] = min(255, value + shine)


def _square(x: int, y: int, reach: int) -> Iterator[tuple[int, int]]:
    for row in range(max(0, y - reach), min(HEIGHT, y + reach)):
        for column in range(max(0, x - reach), min(WIDTH, x + reach)):
            yield column, row


def _blurred(box: dict[tuple[int, int], int], reach: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield the points, each the mean of its neighbours so far away in both directions."""
    for (x, y), value in box.items():
        if reach == 0:
            yield (x, y), value
            continue
        near = [
            box.get((x + dx, y + dy), value)
            for dx in range(-reach, reach + 1)
            for dy in range(-reach, reach + 1)
        ]
        yield (x, y), sum(near) // len(near)
