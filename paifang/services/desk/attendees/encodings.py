"""Which encoding a text file has, decided from all of its bytes and not from the first few.

UTF-8 if every byte of the file is, else GB18030 if every byte is, else an error that names the
line. A byte order mark decides alone. GB18030 covers all of Unicode (GB 18030-2022) and includes
GBK and GB2312.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from paifang.services.desk.attendees.faults import FileError
from paifang.services.desk.attendees.raw import BLOCK_BYTES

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_PRIVATE_OF_GB18030: Final = {
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14,
    0xE792: 0xFE15, 0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19,
    0xE7C7: 0x1E3F, 0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4,
    0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8,
    0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}  # fmt: skip
"""Characters that had no place in Unicode when GB 18030-2000 was written. The codec of the standard
library still gives private-use code points for them, which no font shows; GB 18030-2022 gives
these."""

_PRIVATE: Final = re.compile("[\ue78d-\ue864]")


class TextFormat(NamedTuple):
    """How the bytes of the file become text.

    Attributes:
        codec: The name Python knows it by.
        name: The name people know it by.
        lines: How many lines the file has; never fewer than it has rows.
    """

    codec: str
    name: str
    lines: int


class _Scan:
    """One pass over the file under one encoding: how many lines it has, and where it fails."""

    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._after_cr = False
        self._breaks = 0
        self._ends_open = False
        self.bad_line = 0

    @property
    def lines(self) -> int:
        return self._breaks + self._ends_open

    def feed(self, block: bytes, *, last: bool) -> None:
        if self.bad_line:
            return
        try:
            text = self._decoder.decode(block, last)
        except UnicodeDecodeError as error:
            self._count(error.object[: error.start].decode(error.encoding, "ignore"))
            self.bad_line = self._breaks + 1
            return
        self._count(text)

    def _count(self, text: str) -> None:
        if not text:
            return
        pairs = text.count("\r\n") + (self._after_cr and text[0] == "\n")
        self._breaks += text.count("\n") + text.count("\r") - pairs
        self._after_cr = text[-1] == "\r"
        self._ends_open = text[-1] not in "\r\n"


def sniff(stream: BinaryIO) -> TextFormat:
    """Find the encoding of a text file by reading all of it once; the stream is left at its start.

    Raises:
        FileError: encoding, mixed_encodings or not_a_list.
    """
    stream.seek(0)
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileError("encoding", line=1, encoding="UTF-8")
    for mark, codec, name in _MARKS:
        if head.startswith(mark):
            return _by_mark(stream, codec, name)
    return _by_content(stream)


def repair(text: str) -> str:
    """Give text decoded from GB18030 the code points of GB 18030-2022 for old private-use ones."""
    return text.translate(_PRIVATE_OF_GB18030) if _PRIVATE.search(text) else text


def _by_content(stream: BinaryIO) -> TextFormat:
    utf8 = _Scan("utf-8")
    for number, (block, last) in enumerate(_blocks(stream)):
        if number == 0 and b"\0" in block.partition(b"\n")[0]:
            raise FileError("not_a_list")
        utf8.feed(block, last=last)
        if utf8.bad_line:
            break
    else:
        return TextFormat("utf-8", "UTF-8", utf8.lines)
    gb18030, strangers = _Scan("gb18030"), _Strangers()
    for block, last in _blocks(stream):
        gb18030.feed(block, last=last)
        strangers.feed(block, last=last)
    bad_line = min(filter(None, (gb18030.bad_line, strangers.first_line)), default=0)
    if not bad_line:
        return TextFormat("gb18030", "GB18030", gb18030.lines)
    if utf8.bad_line == bad_line == 1:
        raise FileError("encoding", line=1, encoding="UTF-8")
    # Of two encodings that both fail, the file was meant in the one that carries further.
    meant = "UTF-8" if utf8.bad_line >= bad_line else "GB18030"
    raise FileError("mixed_encodings", line=max(utf8.bad_line, bad_line), encoding=meant)


def _by_mark(stream: BinaryIO, codec: str, name: str) -> TextFormat:
    scan = _Scan(codec)
    for block, last in _blocks(stream):
        scan.feed(block, last=last)
    if scan.bad_line:
        raise FileError("encoding", line=scan.bad_line, encoding=name)
    return TextFormat(codec, name, scan.lines)


class _Strangers:
    """Lines of UTF-8 in a file that may be GB18030, where most of them decode, but to nonsense.

    A line is one if it is valid UTF-8 beyond ASCII and, read so, needs only the common characters
    of GB2312, while read as GB18030 it needs others. By chance that befalls about one line in a
    hundred thousand of those with a rare character, and none of the rest.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._lines = 0
        self.first_line = 0

    def feed(self, block: bytes, *, last: bool) -> None:
        if self.first_line:
            return
        lines = (self._rest + block).splitlines(keepends=True)
        # A line that never ends is no line; it is refused later and need not be kept for this.
        # One that ends in CR may go on with LF.
        is_open = lines and not last and len(lines[-1]) < BLOCK_BYTES and lines[-1][-1:] != b"\n"
        self._rest = lines.pop() if is_open else b""
        for line in lines:
            self._lines += 1
            if not line.isascii() and _is_stranger(line):
                self.first_line = self._lines
                return


def _is_stranger(line: bytes) -> bool:
    try:
        as_utf8 = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _is_common(as_utf8) and not _is_common(line.decode("gb18030", "replace"))


def _is_common(text: str) -> bool:
    """Whether all of it is in GB2312, whose codec here lacks the middle dot and the long dash."""
    try:
        text.replace("\u00b7", "").replace("\u2014", "").encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _blocks(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield the file from its start in blocks, each with whether it is the last."""
    stream.seek(0)
    block = stream.read(BLOCK_BYTES)
    while following := stream.read(BLOCK_BYTES):
        yield block, False
        block = following
    yield block, True
