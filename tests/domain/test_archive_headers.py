"""Headers that contradict each other, and members in forms that readers do not share."""

import struct
import zlib

import pytest

from tests.archives import (
    DEFLATED,
    DESCRIPTOR_FOLLOWS,
    LZMA,
    MASKED,
    STORED,
    UTF8_NAME,
    Member,
    archive,
    descriptor,
    extra_field,
    problem_codes,
    refusal,
    unicode_path,
    zip64_extra,
)

DATA = b"a,b\n" * 50
CRC = zlib.crc32(DATA)


def member(**spoiled) -> Member:
    return Member("table.csv", DATA, **spoiled)


DISAGREEMENTS = {
    "name": member(local={"raw_name": b"tabel.csv"}),
    "name in case only": member(local={"raw_name": b"Table.csv"}),
    "name of another length": member(local={"raw_name": b"main.py", "name_size": 7}),
    "name that climbs": member(local={"raw_name": b"../../csv"}),
    "name with a NUL": member(local={"raw_name": b"table\0csv"}),
    "name that is a folder": member(local={"raw_name": b"table.cs/"}),
    "name of the directory": member(central={"raw_name": b"main2.csv"}),
    "compression method": member(local={"method": STORED}),
    "compression method of the directory": member(central={"method": STORED}),
    "unknown local method": member(local={"method": 99}),
    "time": member(local={"time": 1}),
    "date": member(local={"date": 1}),
    "checksum": member(local={"crc32": 1}),
    "checksum left out": member(local={"crc32": 0}),
    "checksum of the directory": member(central={"crc32": 1}),
    "unpacked size": member(local={"size": 199}),
    "unpacked size left out": member(local={"size": 0}),
    "unpacked size of the directory": member(central={"size": 199}),
    "compressed size": member(local={"packed": 5}),
    "compressed size left out": member(local={"packed": 0}),
    "compressed size of the directory": member(method=STORED, central={"packed": 199}),
    "all sizes left out": member(local={"packed": 0, "size": 0, "crc32": 0}),
    "a wrong checksum in a stream": member(streamed=True, local={"crc32": 1}),
    "a wrong size in a stream": member(streamed=True, local={"size": 1}),
    "a wrong compressed size in a stream": member(streamed=True, local={"packed": 1}),
    "a wrong Zip64 size": member(local_extra=zip64_extra(199, 99), local={"size": MASKED, "packed": MASKED}),
    "a Zip64 size of 16 EiB": member(local_extra=zip64_extra(2**64 - 1, 9), local={"size": MASKED, "packed": MASKED}),
    **{f"local flag {bit}": member(local={"flags": 1 << bit}) for bit in (0, 1, 2, 3, 4, 5, 6, 11, 13, 15)},
    **{f"directory flag {bit}": member(central={"flags": 1 << bit}) for bit in (0, 1, 2, 3, 4, 5, 6, 11, 13, 15)},
}


@pytest.mark.parametrize("spoiled", DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_headers_that_disagree_are_refused(spoiled):
    assert "headers_disagree" in problem_codes(archive(Member(), spoiled))


def test_a_disagreement_names_the_entry_the_field_and_both_values():
    (problem,) = refusal(archive(Member(), member(local={"time": 7}))).problems
    assert problem.where == "table.csv"
    assert problem.message == "Its time is 7 in the local header and 24576 in the central directory."


STREAMED = member(streamed=True)
STREAM = (len(STREAMED.packed_data), len(DATA))
SIGNATURE = b"PK\x07\x08"

DESCRIPTORS = {
    "missing": b"",
    "a wrong checksum": SIGNATURE + struct.pack("<3L", CRC ^ 1, *STREAM),
    "a wrong unpacked size": SIGNATURE + struct.pack("<3L", CRC, STREAM[0], 199),
    "a wrong compressed size": SIGNATURE + struct.pack("<3L", CRC, 1, STREAM[1]),
    "sizes the other way round": SIGNATURE + struct.pack("<3L", CRC, STREAM[1], STREAM[0]),
    "only zeros": SIGNATURE + bytes(12),
    "only zeros without signature": bytes(12),
    "wide where it should be narrow": descriptor(STREAMED, wide=True),
    "wide without signature": descriptor(STREAMED, wide=True, signature=b""),
    "another signature": descriptor(STREAMED, signature=b"PK\x07\x09"),
    "cut short": descriptor(STREAMED)[:-1],
}


@pytest.mark.parametrize("spoiled", DESCRIPTORS.values(), ids=DESCRIPTORS)
def test_wrong_data_descriptors_are_refused(spoiled):
    streamed = member(streamed=True, descriptor=spoiled)
    assert problem_codes(archive(Member(), streamed, Member("b.txt"))) == {"descriptor_disagrees"}


def test_a_narrow_descriptor_behind_a_zip64_header_is_refused():
    streamed = member(streamed=True, zip64=True, descriptor=descriptor(STREAMED))
    assert problem_codes(archive(Member(), streamed)) == {"descriptor_disagrees"}


def test_two_descriptors_are_refused():
    streamed = member(streamed=True, descriptor=descriptor(STREAMED) * 2)
    assert problem_codes(archive(Member(), streamed)) == {"bytes_between"}


def test_a_bare_descriptor_that_begins_like_a_signature_is_refused():
    forged = int.from_bytes(SIGNATURE, "little")
    bare = struct.pack("<3L", forged, *STREAM)
    streamed = member(streamed=True, central={"crc32": forged}, descriptor=bare)
    assert problem_codes(archive(Member(), streamed)) == {"descriptor_disagrees", "bad_crc"}


ENCRYPTED = {
    "traditional": member(flags=1 << 0),
    "strong": member(flags=1 << 0 | 1 << 6),
    "strong alone": member(flags=1 << 6),
    "directory": member(flags=1 << 13),
    "streamed": member(flags=1 << 0, streamed=True),
    "AES": member(flags=1 << 0, method=99),
    "AES field": member(central_extra=extra_field(0x9901, b"\x02\x00AE\x03\x08\x00")),
    "AES field in the local header": member(local_extra=extra_field(0x9901, b"\x02\x00AE\x03\x08\x00")),
    "strong encryption field": member(central_extra=extra_field(0x0017, bytes(8))),
}


@pytest.mark.parametrize("spoiled", ENCRYPTED.values(), ids=ENCRYPTED)
def test_encrypted_members_are_refused(spoiled):
    assert "encrypted" in problem_codes(archive(Member(), spoiled))


@pytest.mark.parametrize("method", [1, 2, 5, 6, 7, 9, 10, 11, 13, 15, 18, 19, 20, 93, 94, 95, 96, 97, 98, 0xFFFF])
def test_unknown_compression_is_refused(method):
    assert problem_codes(archive(Member(), member(method=method))) == {"unknown_compression"}


@pytest.mark.parametrize("bit", [4, 5, 7, 8, 9, 10, 12, 14, 15])
def test_flags_that_readers_do_not_share_are_refused(bit):
    assert problem_codes(archive(Member(), member(flags=1 << bit))) == {"unknown_flags"}


@pytest.mark.parametrize("version", [64, 99, 255])
@pytest.mark.parametrize("header", ["local", "central"])
def test_a_newer_version_of_the_format_is_refused(version, header):
    assert problem_codes(archive(Member(), member(**{header: {"version": version}}))) == {"version_too_new"}


EXTRAS = {
    "one byte": b"\0",
    "three bytes": b"\x55\x54\x00",
    "a length beyond the end": struct.pack("<HH", 0x5455, 9) + bytes(8),
    "a length of 64 KiB": struct.pack("<HH", 0x5455, 0xFFFF),
    "a sound one and half of another": extra_field(0x5455, bytes(5)) + b"\x75",
}


@pytest.mark.parametrize("extra", EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize("header", ["local_extra", "central_extra"])
def test_broken_extra_fields_are_refused(extra, header):
    assert problem_codes(archive(Member(), member(**{header: extra}))) == {"extra_field_broken"}


UNICODE_PATHS = {
    "another name": unicode_path(b"table.csv", "main.py"),
    "a name that climbs": unicode_path(b"table.csv", "../table.csv"),
    "an empty name": unicode_path(b"table.csv", ""),
    "the checksum of another name": unicode_path(b"main.py", "table.csv"),
    "another version": unicode_path(b"table.csv", "table.csv", version=2),
    "nothing": extra_field(0x7075, b""),
    "a right one and a wrong one": unicode_path(b"table.csv", "table.csv") + unicode_path(b"table.csv", "main.py"),
}


@pytest.mark.parametrize("extra", UNICODE_PATHS.values(), ids=UNICODE_PATHS)
@pytest.mark.parametrize("header", ["local_extra", "central_extra"])
def test_a_unicode_path_that_disagrees_is_refused(extra, header):
    assert problem_codes(archive(Member(), member(**{header: extra}))) == {"name_disagrees"}


def test_flags_are_understood_together():
    spoiled = Member("é.txt", DATA, LZMA, flags=1 << 2, streamed=True)
    assert spoiled.all_flags == 1 << 2 | UTF8_NAME | 1 << 1 | DESCRIPTOR_FOLLOWS
    assert problem_codes(archive(Member(), spoiled, Member("b", method=DEFLATED | 1 << 6))) == {"unknown_compression"}
