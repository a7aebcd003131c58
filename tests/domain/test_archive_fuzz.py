"""Damage at random: nothing but `Invalid` is ever raised, and what is taken unpacks as the sound archive does."""

import io
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from macropod_server.domain.errors import Invalid

from tests.archives import BZIP2, DEFLATED, LZMA, STORED, Member, archive, read

TEXT = b"".join(b"row %d\n" % number for number in range(60))

SOUND = {
    "plain": archive(Member(), Member("requirements.txt", b"pandas\n"), Member("données.csv", TEXT, STORED)),
    "streamed": archive(Member(streamed=True), Member("lib/", b"", STORED), Member("lib/b", TEXT, streamed=True)),
    "every method": archive(Member(), *(Member(f"{m}", TEXT, m) for m in (STORED, DEFLATED, BZIP2, LZMA))),
    "Zip64": archive(Member(zip64=True), Member("b", TEXT, streamed=True, zip64=True), zip64_end={}, comment=b"wide"),
}


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archived:
        return {info.filename: archived.read(info) for info in archived.infolist()}


def check(damaged: bytes, sound: bytes) -> None:
    try:
        accepted = read(damaged)
    except Invalid:
        return
    files = unpacked(damaged)
    assert files == unpacked(sound)
    assert accepted.entry_count == len(files)
    assert accepted.unpacked_bytes == sum(map(len, files.values()))


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND)
def test_any_single_damaged_byte_is_refused_or_changes_nothing(sound):
    for position in range(len(sound)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(sound)
            damaged[position] ^= mask
            check(bytes(damaged), sound)


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damage_at_several_places_is_refused_or_changes_nothing(sound, data):
    damaged = bytearray(sound)
    positions = st.integers(0, len(sound) - 1)
    for position, value in data.draw(st.lists(st.tuples(positions, st.integers(0, 255)), min_size=2, max_size=6)):
        damaged[position] = value
    check(bytes(damaged), sound)


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_pieces_left_out_doubled_or_put_in_are_refused(sound, data):
    start = data.draw(st.integers(0, len(sound)))
    stop = data.draw(st.integers(start, len(sound)))
    piece = data.draw(st.one_of(st.binary(max_size=40), st.just(sound[start:stop] * 2)))
    check(sound[:start] + piece + sound[stop:], sound)


@settings(max_examples=150, deadline=None, derandomize=True)
@example(b"PK\x05\x06" + bytes(18))
@example(b"PK\x06\x06" + bytes(52) + b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18))
@given(st.binary(max_size=2000))
def test_noise_is_refused(noise):
    with pytest.raises(Invalid):
        read(noise)


RECORDS = st.sampled_from([b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(RECORDS, st.binary(min_size=16, max_size=60)), max_size=8))
def test_noise_made_of_records_is_refused(records):
    with pytest.raises(Invalid):
        read(b"".join(mark + body for mark, body in records))
