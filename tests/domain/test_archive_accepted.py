"""Odd but sound archives: taken, with the right entry point, and read alike by Python's zipfile."""

import io
import lzma
import random
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import (
    BZIP2,
    DEFLATED,
    LIMITS,
    LZMA,
    MASKED,
    STORED,
    Member,
    archive,
    descriptor,
    extra_field,
    lzma_properties,
    lzma_stream,
    read,
    unicode_path,
    zip64_extra,
)

TEXT = b"".join(b"row %d\n" % number for number in range(400))
NOISE = random.Random(7).randbytes(300_000)


class OneWay(io.RawIOBase):
    """A stream that cannot go back, as a pipe: zipfile writes data descriptors to it."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.written += data
        return len(data)


def by_zipfile(method: int = DEFLATED, *, streamed: bool = False, zip64: bool = False, comment: bytes = b"") -> bytes:
    sink = OneWay() if streamed else io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archived:
        archived.mkdir("lib")
        for name, data in {"main.py": b"print(1)\n", "lib/données.csv": TEXT, "empty": b"", "noise": NOISE}.items():
            with archived.open(zipfile.ZipInfo(name) if zip64 else name, "w", force_zip64=zip64) as entry:
                entry.write(data)
        archived.comment = comment
    return bytes(sink.written) if isinstance(sink, OneWay) else sink.getvalue()


def added_to_later() -> bytes:
    file = io.BytesIO(by_zipfile())
    with zipfile.ZipFile(file, "a") as archived:
        archived.writestr("later.txt", TEXT)
    return file.getvalue()


METHODS = (STORED, DEFLATED, BZIP2, LZMA)
SCRIPTS = ("données.csv", "表/計算.txt", "🐨.py")
ODD_NAMES = (" ", "...", "..x", "-rf", "~", "a b", "$HOME", "con", "x" * 255, "a'\"b")
UNKNOWN = {"local_extra": extra_field(0xCAFE, b""), "central_extra": extra_field(0x5455, b"x")}
NO_TIME = {"time": 0xFFFF, "date": 0}
WIDE_END = {"entries": 0xFFFF, "entries_on_disk": 0xFFFF, "directory_size": MASKED, "directory_offset": MASKED}
STREAMED = Member("table.csv", TEXT, streamed=True)
DEEP = "/".join(["d"] * 128)
LZMA_HEAD = b"\x09\x04\x05\x00" + lzma_properties(64 * 1024**2)

SOUND = {
    "one stored file": archive(Member(method=STORED)),
    "one deflated file": archive(),
    "one file by bzip2": archive(Member(method=BZIP2)),
    "one file by LZMA": archive(Member(method=LZMA)),
    "every method at once": archive(Member(), *(Member(f"{m}", TEXT, m) for m in METHODS)),
    "an LZMA dictionary of 64 MiB": archive(
        Member(),
        Member("x", TEXT, LZMA, packed=LZMA_HEAD + lzma_stream(TEXT)),
    ),
    "bytes that do not pack": archive(Member(), *(Member(f"{m}", NOISE, m) for m in METHODS)),
    "empty files": archive(Member(), *(Member(f"{m}", b"", m) for m in METHODS)),
    "an empty main.py": archive(Member(data=b"", method=STORED)),
    "an empty folder deflated": archive(Member(), Member("folder/", b"")),
    "folders after their files": archive(Member(), Member("a/b.txt"), Member("a/", b"", STORED)),
    "a comment": archive(comment=b"made on a Monday"),
    "a comment of 64 KiB": archive(comment=b"x" * 0xFFFF),
    "a comment that mentions other records": archive(comment=b"PK\x01\x02 PK\x03\x04 PK\x07\x08"),
    "comments of entries": archive(Member(comment=b"run me"), Member("b", comment=b"\xff" * 60_000)),
    "a nested zip stored": archive(Member(), Member("inner.zip", archive(Member("x/../y")), STORED)),
    "a nested zip as last entry, with a comment": archive(
        Member(), Member("inner.zip", archive(comment=b"c"), STORED), comment=b"outer"
    ),
    "records as contents": archive(Member(), Member("x", b"PK\x05\x06" * 50 + b"PK\x07\x08", STORED)),
    "streamed": archive(Member(streamed=True), STREAMED),
    "streamed and stored": archive(Member(streamed=True, method=STORED), Member("b", TEXT, STORED, streamed=True)),
    "streamed without descriptor signature": archive(
        Member(), Member("table.csv", TEXT, streamed=True, descriptor=descriptor(STREAMED, signature=b""))
    ),
    "streamed with the sizes already known": archive(
        Member(), Member("a", TEXT, streamed=True, local={"size": len(TEXT), "packed": len(STREAMED.packed_data)})
    ),
    "streamed in Zip64": archive(Member(streamed=True, zip64=True), Member("b", TEXT, streamed=True, zip64=True)),
    "streamed in Zip64 without descriptor signature": archive(
        Member(),
        Member("a", TEXT, streamed=True, zip64=True, descriptor=descriptor(STREAMED, wide=True, signature=b"")),
    ),
    "Zip64 sizes": archive(Member(zip64=True), Member("b", TEXT, zip64=True)),
    "Zip64 end records": archive(zip64_end={}, end=WIDE_END),
    "Zip64 end records beside plain values": archive(zip64_end={}),
    "Zip64 end records and a comment": archive(zip64_end={}, end=WIDE_END, comment=b"wide"),
    "Zip64 everywhere": archive(Member(zip64=True, streamed=True), zip64_end={}, end=WIDE_END),
    "a Zip64 field that repeats the sizes": archive(Member(central_extra=zip64_extra(300, len(Member().packed_data)))),
    "a directory in another order": archive(Member(), Member("b"), Member("c"), directory_order=[2, 0, 1]),
    "times that are no times": archive(Member(local=NO_TIME, central=NO_TIME)),
    "unknown extra fields": archive(Member(**UNKNOWN)),
    "a Unicode path that agrees": archive(
        Member("é.txt", local_extra=unicode_path("é.txt".encode(), "é.txt")), Member()
    ),
    "names of many scripts": archive(Member(), *(Member(name, TEXT) for name in SCRIPTS)),
    "names that are odd and plain": archive(
        Member(),
        *(Member(name, TEXT) for name in ODD_NAMES),
    ),
    "128 folders": archive(Member(), Member(DEEP + "/file.txt"), Member(DEEP + "/", b"", STORED)),
    "a path of 3,072 bytes": archive(Member(), Member("/".join(["x" * 255] * 12))),
    "macOS extras": archive(
        Member(), Member("__MACOSX/._main.py"), Member("__MACOSX/main.py"), Member(".DS_Store"), Member("lib/.DS_Store")
    ),
    "executable and set-user-ID files": archive(
        Member(attributes=0o100755 << 16), Member("tool", attributes=0o104755 << 16)
    ),
    "by zipfile, stored": by_zipfile(STORED),
    "by zipfile, deflate": by_zipfile(),
    "by zipfile, bzip2": by_zipfile(BZIP2),
    "by zipfile, LZMA": by_zipfile(LZMA),
    "by zipfile, streamed": by_zipfile(streamed=True),
    "by zipfile, stored and streamed": by_zipfile(STORED, streamed=True),
    "by zipfile, LZMA streamed": by_zipfile(LZMA, streamed=True),
    "by zipfile, Zip64 forced": by_zipfile(zip64=True),
    "by zipfile, Zip64 forced and streamed": by_zipfile(zip64=True, streamed=True),
    "by zipfile, with a comment": by_zipfile(comment=b"by hand"),
    "by zipfile, added to later": added_to_later(),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_a_sound_archive_is_taken_and_read_alike_by_zipfile(data):
    accepted = read(data)
    assert accepted.entry_point == "main.py"
    with zipfile.ZipFile(io.BytesIO(data)) as archived:
        assert archived.testzip() is None
        assert len(archived.infolist()) == accepted.entry_count
        assert sum(info.file_size for info in archived.infolist()) == accepted.unpacked_bytes


def test_an_lzma_stream_without_end_mark_is_taken():
    stream = lzma_stream(TEXT)
    without_mark = next(stream[:-cut] for cut in range(6, 0, -1) if unpacked(stream[:-cut]) == TEXT)
    member = Member("x", TEXT, LZMA, packed=LZMA_HEAD + without_mark, local={"flags": 0}, central={"flags": 0})
    data = archive(Member(), member)
    assert read(data).entry_count == 2
    assert zipfile.ZipFile(io.BytesIO(data)).read("x") == TEXT


def unpacked(stream: bytes) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}]).decompress(stream)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "main.py").write_text("print(1)\n")
    (tmp_path / "lib" / "noise.bin").write_bytes(NOISE)
    (tmp_path / "empty").touch()
    (tmp_path / "tool.sh").write_text("#!/bin/sh\n")
    (tmp_path / "tool.sh").chmod(0o755)
    return tmp_path


ZIP_OPTIONS = {
    "as it is": ["-r", "out.zip", "."],
    "best": ["-9r", "out.zip", "."],
    "fastest": ["-1r", "out.zip", "."],
    "stored": ["-0r", "out.zip", "."],
    "bzip2": ["-r", "-Z", "bzip2", "out.zip", "."],
    "without extra fields": ["-Xr", "out.zip", "."],
    "without folders": ["-Dr", "out.zip", "."],
    "with descriptors": ["-fdr", "out.zip", "."],
    "to a pipe": ["-qr", "-", "."],
}


@pytest.mark.skipif(not shutil.which("zip"), reason="needs the zip command")
@pytest.mark.parametrize("options", ZIP_OPTIONS.values(), ids=ZIP_OPTIONS)
def test_what_the_zip_command_writes_is_taken(folder, options):
    written = subprocess.run(["zip", *options], cwd=folder, check=True, capture_output=True).stdout
    data = written if "-" in options else (folder / "out.zip").read_bytes()
    assert read(data).entry_point == "main.py"


def test_what_shutil_writes_is_taken(folder, tmp_path_factory):
    made = shutil.make_archive(str(tmp_path_factory.mktemp("made") / "bundle"), "zip", folder)
    assert read(Path(made).read_bytes()).entry_count == 5


def test_exactly_65535_entries_need_no_zip64():
    limits = replace(LIMITS, max_entries=70_000)
    members = [Member(f"{number}", b"", STORED) for number in range(0xFFFE)]
    assert read(archive(Member(), *members), limits).entry_count == 0xFFFF
