"""Contents that are damaged, that lie about their size, or that would fill the disk."""

import random
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from macropod_server.domain.archive import ArchiveLimits

from tests.archives import (
    BZIP2,
    DEFLATED,
    LIMITS,
    LZMA,
    MIB,
    STORED,
    Member,
    archive,
    compressed,
    lzma_properties,
    lzma_stream,
    problem_codes,
    read,
    refusal,
    zip64_extra,
)

TEXT = b"".join(b"line %d of the table\n" % number for number in range(500))
METHODS = {"stored": STORED, "deflate": DEFLATED, "bzip2": BZIP2, "lzma": LZMA}
PACKING_METHODS = {name: method for name, method in METHODS.items() if method != STORED}


def with_entry(data: bytes = TEXT, **spoiled) -> bytes:
    return archive(Member(), Member("table.csv", data, **spoiled))


def declaring(size: int, method: int = DEFLATED, data: bytes = TEXT, **spoiled) -> bytes:
    """Both headers agree on a size that is not the real one."""
    return with_entry(data, method=method, local={"size": size}, central={"size": size}, **spoiled)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_wrong_checksum_is_found(method):
    wrong = {"crc32": zlib.crc32(TEXT) ^ 1}
    assert problem_codes(with_entry(method=method, local=wrong, central=wrong)) == {"bad_crc"}


def test_a_flipped_bit_in_stored_data_is_found():
    damaged = bytearray(TEXT)
    damaged[1000] ^= 4
    assert problem_codes(with_entry(method=STORED, packed=bytes(damaged))) == {"bad_crc"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
@pytest.mark.parametrize("position", [20, 40, 80, -8])
def test_a_flipped_byte_in_packed_data_is_found(method, position):
    damaged = bytearray(compressed(TEXT, method))
    damaged[position] ^= 0xFF
    codes = problem_codes(with_entry(method=method, packed=bytes(damaged)))
    assert codes <= {"data_broken", "size_wrong", "bad_crc"}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("size", [0, 1, len(TEXT) - 1, len(TEXT) + 1, 10 * MIB])
def test_a_declared_size_that_is_not_the_real_one_is_found(method, size):
    assert problem_codes(declaring(size, method)) == {"size_wrong"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
@pytest.mark.parametrize("cut", [1, 2, 5, 30])
def test_packed_data_that_ends_early_is_found(method, cut):
    codes = problem_codes(with_entry(method=method, packed=compressed(TEXT, method)[:-cut]))
    assert codes <= {"data_broken", "size_wrong"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
@pytest.mark.parametrize("surplus", [b"\0", b"hidden " * 40, bytes(200_000)], ids=["a byte", "text", "200 kB"])
def test_bytes_behind_the_end_of_packed_data_are_found(method, surplus):
    assert problem_codes(with_entry(method=method, packed=compressed(TEXT, method) + surplus)) == {"data_broken"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
def test_two_streams_in_one_entry_are_found(method):
    twice = compressed(TEXT, method) * 2
    assert problem_codes(with_entry(TEXT * 2, method=method, packed=twice)) == {"data_broken"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
def test_packed_data_of_no_bytes_is_found(method):
    assert problem_codes(with_entry(b"", method=method, packed=b"")) == {"data_broken"}


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
def test_noise_instead_of_packed_data_is_found(method):
    noise = random.Random(7).randbytes(3000)
    codes = problem_codes(with_entry(method=method, packed=noise))
    assert codes <= {"data_broken", "size_wrong", "dictionary_too_large"}


LZMA_HEADS = {
    "nothing": b"",
    "half a head": b"\x09\x04\x05",
    "a head without data": b"\x09\x04\x05\x00" + lzma_properties(MIB),
    "properties of four bytes": b"\x09\x04\x04\x00" + lzma_properties(MIB) + lzma_stream(TEXT),
    "properties of 64 KiB": b"\x09\x04\xff\xff" + lzma_properties(MIB) + lzma_stream(TEXT),
    "impossible properties": b"\x09\x04\x05\x00" + lzma_properties(MIB, 225) + lzma_stream(TEXT),
    "properties liblzma does not know": b"\x09\x04\x05\x00" + lzma_properties(MIB, 44) + lzma_stream(TEXT),
}


@pytest.mark.parametrize("packed", LZMA_HEADS.values(), ids=LZMA_HEADS)
def test_broken_lzma_heads_are_found(packed):
    assert problem_codes(with_entry(method=LZMA, packed=packed)) == {"data_broken"}


@pytest.mark.parametrize("dictionary", [64 * MIB + 1, 2**31, 2**32 - 1])
def test_an_lzma_dictionary_that_would_fill_the_memory_is_refused(dictionary):
    packed = b"\x09\x04\x05\x00" + lzma_properties(dictionary) + lzma_stream(TEXT)
    assert problem_codes(with_entry(method=LZMA, packed=packed)) == {"dictionary_too_large"}


def test_damage_is_listed_entry_by_entry_beside_other_problems():
    wrong = {"crc32": 1}
    data = archive(
        Member("lib/../main.py"),
        Member("a.csv", TEXT, local=wrong, central=wrong),
        Member("b.csv", TEXT, packed=b"\xff" * 9),
        Member("c.csv", TEXT),
    )
    problems = refusal(data).problems
    assert [(problem.code, problem.where) for problem in problems] == [
        ("name_parent_folder", "lib/../main.py"),
        ("bad_crc", "a.csv"),
        ("data_broken", "b.csv"),
    ]


def test_too_many_entries_are_refused():
    members = [Member(f"{number}.txt", b"", STORED) for number in range(LIMITS.max_entries)]
    assert problem_codes(archive(Member(), *members)) == {"too_many_entries"}
    assert read(archive(Member(), *members[1:])).entry_count == LIMITS.max_entries


def test_too_many_entries_are_refused_whatever_the_end_record_counts():
    members = [Member(f"{number}.txt", b"", STORED) for number in range(LIMITS.max_entries)]
    liar = archive(Member(), *members, end={"entries": 1, "entries_on_disk": 1})
    assert problem_codes(liar) == {"too_many_entries"}


def test_too_much_to_unpack_is_refused():
    limits = replace(LIMITS, unpacked_max_bytes=len(TEXT))
    assert problem_codes(with_entry(), limits) == {"unpacked_too_large"}
    assert read(archive(Member("main.py", TEXT)), limits).unpacked_bytes == len(TEXT)


def test_declared_sizes_are_added_up_before_anything_is_unpacked():
    damaged = [Member(f"{n}", TEXT, packed=b"\xff") for n in range(3)]
    limits = replace(LIMITS, unpacked_max_bytes=2 * len(TEXT))
    assert problem_codes(archive(Member(), *damaged), limits) == {"unpacked_too_large"}


def test_a_declared_size_of_eight_exbibytes_is_refused():
    extra = zip64_extra(2**63, len(compressed(TEXT, DEFLATED)))
    masked = {"size": 2**32 - 1, "packed": 2**32 - 1}
    data = with_entry(local_extra=extra, central_extra=extra, local=masked, central=masked)
    assert problem_codes(data) == {"unpacked_too_large", "ratio_too_high"}


def test_a_bomb_is_refused_by_its_ratio():
    assert problem_codes(with_entry(bytes(65 * MIB))) == {"ratio_too_high"}


def test_a_bomb_beside_bytes_that_do_not_pack_is_refused_by_its_own_ratio():
    ballast = Member("ballast.bin", random.Random(7).randbytes(MIB), STORED)
    (problem,) = refusal(archive(Member(), ballast, Member("zeros.bin", bytes(65 * MIB)))).problems
    assert (problem.code, problem.where) == ("ratio_too_high", "zeros.bin")


def test_many_small_bombs_are_refused_by_the_ratio_of_the_archive():
    packed = compressed(bytes(MIB), DEFLATED)
    bombs = [Member(f"{number}", bytes(MIB), packed=packed) for number in range(65)]
    (problem,) = refusal(archive(Member(), *bombs)).problems
    assert (problem.code, problem.where) == ("ratio_too_high", "The archive")


def test_the_ratio_does_not_matter_below_its_floor():
    assert read(with_entry(bytes(60 * MIB))).unpacked_bytes > 60 * MIB


@pytest.mark.parametrize("method", PACKING_METHODS.values(), ids=PACKING_METHODS)
def test_a_bomb_that_declares_little_is_stopped_in_bounded_memory(method):
    bomb = declaring(100_000, method, data=bytes(16 * MIB))
    tracemalloc.start()
    try:
        assert problem_codes(bomb) == {"size_wrong"}
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_large_sound_files_are_read_in_bounded_memory(method):
    data = with_entry(bytes(12 * MIB), method=method)
    tracemalloc.start()
    try:
        assert read(data).unpacked_bytes > 12 * MIB
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB + (len(data) if method == STORED else 0)
    finally:
        tracemalloc.stop()


def test_limits_have_a_floor_of_64_mib_unless_told():
    limits = ArchiveLimits(unpacked_max_bytes=1, max_entries=1, max_ratio=1)
    assert limits.ratio_floor_bytes == 64 * MIB
