"""Archives whose records do not fit together: cut, padded, doubled, overlapping, or wrong about where things are."""

import struct
from dataclasses import replace

import pytest

from tests.archives import DESCRIPTOR_FOLLOWS, LIMITS, MASKED, STORED, Member, archive, problem_codes, zip64_extra

SOUND = archive(Member(), Member("lib/table.csv", b"a,b\n" * 50), comment=b"made by hand")
NESTED = archive(Member("inner.txt", b"inner"))
END = b"PK\x05\x06"


def end_record(comment_size: int = 0, *, entries: int = 0, size: int = 0, offset: int = 0) -> bytes:
    return END + struct.pack("<4H2LH", 0, 0, entries, entries, size, offset, comment_size)


NOT_ZIPS = {
    "nothing at all": b"",
    "two letters": b"PK",
    "a script": b"print('hello')\n" * 100,
    "a gzip file": b"\x1f\x8b\x08\x00" + bytes(100),
    "a tar file": b"main.py" + bytes(1017),
    "zeros": bytes(100_000),
    "a lone central header": b"PK\x01\x02" + bytes(42),
}

FRAMING = {
    "a script before": ("bytes_before", archive(prefix=b"#!/usr/bin/env python3\n")),
    "one byte before": ("bytes_before", archive(prefix=b"\0")),
    "64 KiB before": ("bytes_before", archive(prefix=bytes(65536))),
    "a prefix the offsets do not know of": ("bytes_before", b"MZ-stub" + archive()),
    "another zip before": ("bytes_before", NESTED + archive()),
    "a prefix before a zip without entries": ("bytes_before", b"stub" + end_record()),
    "a local header no directory knows of before": ("bytes_before", archive(prefix=NESTED[:40])),
    "one byte after": ("bytes_after", SOUND + b"\0"),
    "a newline after": ("bytes_after", archive() + b"\n"),
    "a page of zeros after": ("bytes_after", archive() + bytes(4096)),
    "a suffix behind the comment": ("bytes_after", archive(comment=b"comment", suffix=b"more")),
    "70,000 bytes after": ("truncated", archive() + bytes(70_000)),
    "a comment longer than announced": ("bytes_after", archive(comment=b"comment", end={"comment_size": 3})),
    "a comment shorter than announced": ("truncated", archive(comment=b"comment", end={"comment_size": 8})),
    "a comment announced and missing": ("truncated", archive(end={"comment_size": 65535})),
    "a byte between members": ("bytes_between", archive(Member(gap_after=b"\0"), Member("b.txt"))),
    "a hidden member between members": ("bytes_between", archive(Member(gap_after=NESTED[:60]), Member("b.txt"))),
    "a descriptor nobody announced": ("bytes_between", archive(Member(descriptor=b"PK\x07\x08" + bytes(12)))),
    "bytes before the directory": ("bytes_between", archive(before_directory=b"padding")),
    "bytes behind the directory": ("bytes_between", archive(after_directory=b"padding")),
    "a signature record behind the directory": (
        "bytes_between",
        archive(after_directory=b"PK\x05\x05" + struct.pack("<H", 4) + b"sign"),
    ),
    "bytes between a streamed member and the next": (
        "bytes_between",
        archive(Member(streamed=True, gap_after=b"\0\0"), Member("b.txt")),
    ),
    "an end record in the comment": ("end_record_ambiguous", archive(comment=end_record() + b"tail")),
    "an end record that is the comment": ("end_record_ambiguous", archive(comment=end_record())),
    "a whole zip in the comment": ("end_record_ambiguous", archive(comment=NESTED)),
    "only the mark of an end record in the comment": ("end_record_ambiguous", archive(comment=b"see PK\x05\x06")),
    "two end records, the first with the second as comment": (
        "end_record_ambiguous",
        archive(end={"comment_size": 22}) + end_record(entries=1, size=53, offset=44),
    ),
    "end records over and over": ("end_record_ambiguous", archive(comment=END * 16_000)),
    "an end record on another disk": ("split_archive", archive(end={"disk": 1})),
    "a directory on another disk": ("split_archive", archive(end={"directory_disk": 2})),
    "a member on another disk": ("split_archive", archive(Member(central={"disk": 3}))),
    "more entries counted than there are": ("wrong_count", archive(end={"entries": 2, "entries_on_disk": 2})),
    "fewer entries counted than there are": (
        "wrong_count",
        archive(Member(), Member("b.txt"), end={"entries": 1, "entries_on_disk": 1}),
    ),
    "no entries counted": ("wrong_count", archive(end={"entries": 0, "entries_on_disk": 0})),
    "two counts that differ": ("wrong_count", archive(end={"entries_on_disk": 7})),
    "a directory offset too small": ("wrong_offset", archive(end={"directory_offset": 3})),
    "a directory offset too large": ("wrong_offset", archive(end={"directory_offset": 10_000})),
    "a directory offset of all ones": ("wrong_offset", archive(end={"directory_offset": MASKED})),
    "a directory size too large": ("wrong_offset", archive(end={"directory_size": 10_000})),
    "a directory size of all ones": ("wrong_offset", archive(end={"directory_size": MASKED})),
    "a directory size and offset that only add up": (
        "directory_broken",
        archive(end={"directory_size": len(archive()) - 22, "directory_offset": 0}),
    ),
    "a directory entry without its mark": ("directory_broken", archive(Member(central={"signature": b"PK\x01\x03"}))),
    "a directory name longer than the directory": ("directory_broken", archive(Member(central={"name_size": 5000}))),
    "a directory comment longer than the directory": (
        "directory_broken",
        archive(Member(central={"comment_size": 1})),
    ),
    "a directory name shorter than written": (
        "directory_broken",
        archive(Member(central={"name_size": 3}), Member("b.txt")),
    ),
    "a member placed behind the directory": ("wrong_offset", archive(Member(), Member("b", central={"offset": 9999}))),
    "a member placed in the directory": ("wrong_offset", archive(Member("b", b"", STORED, central={"offset": 40}))),
    "a local header without its mark": (
        "local_header_missing",
        archive(Member(), Member("b.txt", local={"signature": b"PK\x03\x05"})),
    ),
}


def placed_at(offset: int, name: str = "again.py") -> Member:
    return Member(name, central={"offset": offset})


FIRST = Member("main.py", bytes(1000), STORED)

OVERLAPS = {
    "two entries with one local header": archive(FIRST, Member("main.py", central={"offset": 0})),
    "two names for one local header": archive(FIRST, placed_at(0)),
    "a thousand names for one kernel": archive(FIRST, *(placed_at(0, f"{number}.py") for number in range(900))),
    "a member that runs into the next": archive(Member(local={"packed": 99}, central={"packed": 99}), Member("b")),
    "a member that runs into the directory": archive(Member(local={"packed": 5000}, central={"packed": 5000})),
    "a member that claims 4 GiB": archive(Member(local={"packed": MASKED - 1}, central={"packed": MASKED - 1})),
    "a member that claims 16 EiB": archive(Member(zip64=True, central_extra=b"")).replace(
        zip64_extra(300, len(Member().packed_data), 0), zip64_extra(300, 2**64 - 1, 0)
    ),
    "a local name that swallows the data": archive(Member(local={"name_size": 30}), Member("b.txt")),
    "local extra fields that swallow the next member": archive(
        Member(local={"extra_size": 40}, local_extra=struct.pack("<HH", 0xCAFE, 36)), Member("b.txt", bytes(99), STORED)
    ),
    "a member without room for its header": archive(
        Member(), Member("b", b"", STORED), Member("c", central={"offset": 70})
    ),
}


@pytest.mark.parametrize("data", NOT_ZIPS.values(), ids=NOT_ZIPS)
def test_what_is_not_a_zip_is_refused(data):
    assert problem_codes(data) == {"not_a_zip"}


@pytest.mark.parametrize(("code", "data"), FRAMING.values(), ids=FRAMING)
def test_bad_framing_is_refused(code, data):
    assert code in problem_codes(data)


@pytest.mark.parametrize("data", OVERLAPS.values(), ids=OVERLAPS)
def test_overlapping_entries_are_refused(data):
    assert "overlapping_entries" in problem_codes(data)


@pytest.mark.parametrize("length", range(4, len(SOUND)))
def test_an_archive_cut_anywhere_is_truncated(length):
    assert problem_codes(SOUND[:length]) == {"truncated"}


@pytest.mark.parametrize("start", range(1, len(SOUND) - 34, 7))
def test_an_archive_that_lost_its_beginning_is_refused(start):
    assert problem_codes(SOUND[start:]) == {"wrong_offset"}


ZIP64 = {
    "a locator pointing elsewhere": archive(zip64_end={}, locator={"record_offset": 0}),
    "a locator pointing behind the end": archive(zip64_end={}, locator={"record_offset": 2**63}),
    "a locator on another disk": archive(zip64_end={}, locator={"disk": 1}),
    "a locator of several disks": archive(zip64_end={}, locator={"disks": 2}),
    "a record without its mark": archive(zip64_end={"signature": b"PK\x06\x05"}),
    "a record with more data than is there": archive(zip64_end={"record_size": 144}),
    "a record shorter than it can be": archive(zip64_end={"record_size": 43}),
    "another count of entries": archive(zip64_end={"entries": 2, "entries_on_disk": 2}),
    "another directory size": archive(zip64_end={"directory_size": 10}),
    "another directory offset": archive(zip64_end={"directory_offset": 10}),
    "another disk": archive(zip64_end={"disk": 1}),
    "a lone locator in the last comment": archive(Member(comment=struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1))),
    "bytes before": b"stub" + archive(zip64_end={}),
    "bytes between record and locator": archive(zip64_end={}, locator={"record_offset": 1}),
}
MASKED_END = {"entries": 0xFFFF, "entries_on_disk": 0xFFFF, "directory_size": MASKED, "directory_offset": MASKED}

ZIP64_LIARS = {
    "counts that differ": ("wrong_count", {"entries_on_disk": 9}),
    "a count too high": ("wrong_count", {"entries": 2, "entries_on_disk": 2}),
    "2^63 entries": ("too_many_entries", {"entries": 2**63, "entries_on_disk": 2**63}),
    "a directory of 2^63 bytes": ("wrong_offset", {"directory_size": 2**63}),
    "a directory at 2^63": ("wrong_offset", {"directory_offset": 2**63}),
    "disk 5": ("split_archive", {"disk": 5}),
}


@pytest.mark.parametrize("data", ZIP64.values(), ids=ZIP64)
def test_broken_zip64_records_are_refused(data):
    assert problem_codes(data) == {"zip64_broken"}


@pytest.mark.parametrize(("code", "record"), ZIP64_LIARS.values(), ids=ZIP64_LIARS)
def test_zip64_records_that_lie_are_refused(code, record):
    end = MASKED_END | ({"disk": 0xFFFF} if "disk" in record else {})
    assert problem_codes(archive(zip64_end=record, end=end)) == {code}


ZIP64_FIELDS = {
    "masked sizes and no field": Member(local={"size": MASKED}, central={"size": MASKED}),
    "a masked offset and no field": Member(central={"offset": MASKED}),
    "a central field too short": Member(central_extra=zip64_extra(300), central={"size": MASKED, "packed": MASKED}),
    "a central field too long": Member(central_extra=zip64_extra(300, 1, 0), central={"size": MASKED}),
    "an empty central field": Member(central_extra=zip64_extra(), central={"size": MASKED}),
    "a needless field that lies": Member(central_extra=zip64_extra(301, 20)),
    "a needless field of odd length": Member(central_extra=zip64_extra(300)),
    "two fields": Member(central_extra=zip64_extra(300) * 2, central={"size": MASKED}),
    "a local field too short": Member(local_extra=zip64_extra(300), local={"size": MASKED}),
    "a local field that lies": Member(local_extra=zip64_extra(300, 7777)),
    "two local fields": Member(local_extra=zip64_extra(300, 20) * 2),
    "masked local sizes and no field": Member(local={"size": MASKED, "packed": MASKED}),
    "masked local sizes of a stream and no field": Member(streamed=True, local={"size": MASKED, "packed": MASKED}),
}


@pytest.mark.parametrize("member", ZIP64_FIELDS.values(), ids=ZIP64_FIELDS)
def test_broken_zip64_fields_are_refused(member):
    assert problem_codes(archive(member)) == {"zip64_broken"}


def test_a_zip64_stream_flag_does_not_excuse_wrong_sizes():
    member = Member(zip64=True, local={"flags": DESCRIPTOR_FOLLOWS, "crc32": 0})
    assert "headers_disagree" in problem_codes(archive(member))


def test_a_directory_of_over_32_mib_is_refused_unread():
    comments = [Member(f"{number}", b"", STORED, comment=bytes(65_000)) for number in range(520)]
    assert problem_codes(archive(*comments), replace(LIMITS, max_entries=2000)) == {"directory_too_large"}
