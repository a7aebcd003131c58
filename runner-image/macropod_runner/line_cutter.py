"""Cuts one stream of any bytes into whole lines of valid UTF-8, block by block, not line by line."""

LINE_MAX_BYTES = 64 * 1024
CUT_MARK = b" [cut here: the line has "


class LineCutter:
    """Keeps what follows the last newline until the line is whole, so nothing is cut where two reads meet."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._length = 0

    def feed(self, block: bytes) -> bytes:
        """The lines that are whole now, each with its newline."""
        first_end = block.find(b"\n") + 1
        if not first_end:
            self._keep(block)
            return b""
        end = block.rfind(b"\n") + 1
        self._keep(block[: first_end - 1])
        whole = self._kept_line() + _shortened_lines(block[first_end:end])
        self._keep(block[end:])
        return _valid(whole)

    def finish(self) -> bytes:
        """The last line, if it had no newline."""
        return _valid(self._kept_line()) if self._length else b""

    def _keep(self, piece: bytes) -> None:
        self._length += len(piece)
        # One byte more than a line may have tells whether the cut is in the middle of a character.
        self._kept += piece[: LINE_MAX_BYTES + 1 - len(self._kept)]

    def _kept_line(self) -> bytes:
        line = _shortened(bytes(self._kept), self._length) + b"\n"
        self._kept.clear()
        self._length = 0
        return line


def _valid(lines: bytes) -> bytes:
    try:
        lines.decode()
    except UnicodeDecodeError:
        return lines.decode(errors="replace").encode()
    return lines


def _shortened_lines(lines: bytes) -> bytes:
    if len(lines) <= LINE_MAX_BYTES:
        return lines
    pieces, copied, position = [], 0, 0
    while len(lines) - position > LINE_MAX_BYTES + 1:
        end = lines.rfind(b"\n", position, position + LINE_MAX_BYTES + 1)
        if end < 0:
            end = lines.index(b"\n", position)
            line = lines[position : min(end, position + LINE_MAX_BYTES + 1)]
            pieces += [lines[copied:position], _shortened(line, end - position), b"\n"]
            copied = end + 1
        position = end + 1
    return b"".join([*pieces, lines[copied:]])


def _shortened(line: bytes, length: int) -> bytes:
    if length <= LINE_MAX_BYTES:
        return line
    cut = LINE_MAX_BYTES
    while cut > LINE_MAX_BYTES - 3 and line[cut] & 0xC0 == 0x80:
        cut -= 1
    return line[:cut] + CUT_MARK + f"{length:,} bytes]".encode()
