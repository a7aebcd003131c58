"""Real zip files written byte by byte: sound by default, and every field of every record can be spoiled."""

import bz2
import io
import lzma
import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macropod_server.domain.archive import Archive, ArchiveLimits, read_archive
from macropod_server.domain.errors import Invalid

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
LZMA_END_MARKED, DESCRIPTOR_FOLLOWS, UTF8_NAME = 1 << 1, 1 << 3, 1 << 11
MASKED = 0xFFFFFFFF
MIB = 1024**2

LIMITS = ArchiveLimits(unpacked_max_bytes=256 * MIB, max_entries=1000, max_ratio=200)

_LOCAL = ("<4s5H3L2H", "signature version flags method time date crc32 packed size name_size extra_size")
_CENTRAL = (
    "<4s6H3L5H2L",
    "signature made_by version flags method time date crc32 packed size name_size extra_size comment_size disk "
    "internal attributes offset",
)
_END = (
    "<4s4H2LH",
    "signature disk directory_disk entries_on_disk entries directory_size directory_offset comment_size",
)
_ZIP64_END = (
    "<4sQ2H2L4Q",
    "signature record_size made_by version disk directory_disk entries_on_disk entries directory_size directory_offset",
)
_ZIP64_LOCATOR = ("<4sLQL", "signature disk record_offset disks")

Spoiled = Mapping[str, Any]


@dataclass(frozen=True)
class Member:
    """An entry. `local` and `central` spoil single fields of its two headers, `raw_name` among them."""

    name: str | bytes = "main.py"
    data: bytes = b"print('hello')\n" * 20
    method: int = DEFLATED
    flags: int = 0
    attributes: int | None = None
    packed: bytes | None = None
    streamed: bool = False
    descriptor: bytes | None = None
    zip64: bool = False
    local_extra: bytes = b""
    central_extra: bytes = b""
    comment: bytes = b""
    gap_after: bytes = b""
    local: Spoiled = field(default_factory=dict)
    central: Spoiled = field(default_factory=dict)

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def all_attributes(self) -> int:
        if self.attributes is not None:
            return self.attributes
        return 0o40755 << 16 | 0x10 if self.raw_name.endswith(b"/") else 0o100644 << 16

    @property
    def packed_data(self) -> bytes:
        return compressed(self.data, self.method) if self.packed is None else self.packed

    @property
    def all_flags(self) -> int:
        marked = 0 if isinstance(self.name, bytes) or self.name.isascii() else UTF8_NAME
        ended = LZMA_END_MARKED if self.method == LZMA else 0
        return self.flags | marked | ended | (DESCRIPTOR_FOLLOWS if self.streamed else 0)


def compressed(data: bytes, method: int) -> bytes:
    if method == DEFLATED:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(data) + deflate.flush()
    if method == BZIP2:
        return bz2.compress(data)
    if method == LZMA:
        return b"\x09\x04\x05\x00" + lzma_properties(MIB) + lzma_stream(data)
    return data


def lzma_properties(dictionary: int, packed: int = 0x5D) -> bytes:
    return struct.pack("<BL", packed, dictionary)


def lzma_stream(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": MIB}]
    return lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)


def extra_field(identifier: int, data: bytes) -> bytes:
    return struct.pack("<HH", identifier, len(data)) + data


def zip64_extra(*values: int) -> bytes:
    return extra_field(1, struct.pack(f"<{len(values)}Q", *values))


def unicode_path(raw_name: bytes, path: str, *, version: int = 1) -> bytes:
    return extra_field(0x7075, struct.pack("<BL", version, zlib.crc32(raw_name)) + path.encode())


def archive(
    *members: Member,
    prefix: bytes = b"",
    before_directory: bytes = b"",
    after_directory: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    end: Spoiled | None = None,
    zip64_end: Spoiled | None = None,
    locator: Spoiled | None = None,
    directory_order: Sequence[int] | None = None,
) -> bytes:
    """A zip with these members, or with a main.py alone. `zip64_end={}` adds sound Zip64 end records."""
    members = members or (Member(),)
    body, directory = bytearray(prefix), [b""] * len(members)
    for index, member in enumerate(members):
        directory[index] = _central(member, len(body))
        body += _local(member) + member.gap_after
    body += before_directory
    start = len(body)
    body += b"".join(directory[index] for index in directory_order or range(len(members)))
    size = len(body) - start
    body += after_directory
    place = {
        "entries_on_disk": len(members),
        "entries": len(members),
        "directory_size": size,
        "directory_offset": start,
    }
    if zip64_end is not None:
        body += _zip64_records(place, len(body), zip64_end, locator or {})
    values = {**place, "signature": b"PK\x05\x06", "comment_size": len(comment), **(end or {})}
    return bytes(body) + _record(_END, values) + comment + suffix


def _local(member: Member) -> bytes:
    values = _shared(member, member.local_extra)
    extra = member.local_extra
    if member.zip64:
        announced = (0, 0) if member.streamed else (len(member.data), len(member.packed_data))
        extra += zip64_extra(*announced)
        values |= {"packed": MASKED, "size": MASKED, "extra_size": len(extra)}
    elif member.streamed:
        values |= {"packed": 0, "size": 0}
    if member.streamed:
        values["crc32"] = 0
    values |= {"signature": b"PK\x03\x04", **member.local}
    return _record(_LOCAL, values) + values["raw_name"] + extra + member.packed_data + _descriptor(member)


def _central(member: Member, offset: int) -> bytes:
    values = _shared(member, member.central_extra)
    extra = member.central_extra
    if member.zip64:
        extra += zip64_extra(len(member.data), len(member.packed_data), offset)
        values |= {"packed": MASKED, "size": MASKED, "extra_size": len(extra)}
        offset = MASKED
    values |= {
        "signature": b"PK\x01\x02",
        "made_by": 3 << 8 | 20,
        "comment_size": len(member.comment),
        "attributes": member.all_attributes,
        "offset": offset,
        **member.central,
    }
    return _record(_CENTRAL, values) + values["raw_name"] + extra + member.comment


def _shared(member: Member, extra: bytes) -> dict[str, Any]:
    return {
        "version": 20,
        "flags": member.all_flags,
        "method": member.method,
        "time": 0x6000,
        "date": 0x5A21,
        "crc32": zlib.crc32(member.data),
        "packed": len(member.packed_data),
        "size": len(member.data),
        "raw_name": member.raw_name,
        "name_size": len(member.raw_name),
        "extra_size": len(extra),
    }


def _descriptor(member: Member) -> bytes:
    if member.descriptor is not None or not member.streamed:
        return member.descriptor or b""
    return descriptor(member, wide=member.zip64)


def descriptor(member: Member, *, wide: bool = False, signature: bytes = b"PK\x07\x08") -> bytes:
    sizes = (len(member.packed_data), len(member.data))
    return signature + struct.pack("<L2Q" if wide else "<3L", zlib.crc32(member.data), *sizes)


def _zip64_records(place: Spoiled, offset: int, zip64_end: Spoiled, locator: Spoiled) -> bytes:
    versions = {"made_by": 45, "version": 45}
    record = {"signature": b"PK\x06\x06", "record_size": 44, **versions, **place, **zip64_end}
    pointer = {"signature": b"PK\x06\x07", "record_offset": offset, "disks": 1, **locator}
    return _record(_ZIP64_END, record) + _record(_ZIP64_LOCATOR, pointer)


def _record(layout: tuple[str, str], values: Spoiled) -> bytes:
    form, names = layout
    return struct.pack(form, *(values.get(name, 0) for name in names.split()))


def read(data: bytes, limits: ArchiveLimits = LIMITS) -> Archive:
    return read_archive(io.BytesIO(data), limits=limits)


def refusal(data: bytes, limits: ArchiveLimits = LIMITS) -> Invalid:
    """The refusal of this archive, which has to come within two seconds."""
    began = time.perf_counter()
    try:
        accepted = read(data, limits)
    except Invalid as refused:
        assert time.perf_counter() - began < 2
        return refused
    raise AssertionError(f"accepted: {accepted}")


def problem_codes(data: bytes, limits: ArchiveLimits = LIMITS) -> set[str]:
    return {problem.code for problem in refusal(data, limits).problems}
