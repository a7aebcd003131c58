"""A sealed value opens with its master key, for what it was sealed for, and for nothing else."""

from dataclasses import replace

import pytest
from macropod_server.domain.envelope import (
    KeyRing,
    MasterKeyMissing,
    NotAsSealed,
    Subject,
    opened,
    rewrapped,
    seal,
)

RING = KeyRing.of_texts("k" * 32)
NEW = KeyRing.of_texts("n" * 32, "k" * 32)
VALUE = b"hunter22 \xc3\xa4"
SECRET = Subject("the secret", ("secret", 1, "password", "id-1", 1))


def sealed(value=VALUE, subject=SECRET):
    return seal(value, subject, ring=RING, key_id=RING.first)


def test_what_was_sealed_opens_and_is_nowhere_in_what_is_stored():
    stored = sealed()
    assert opened(stored, SECRET, ring=RING) == VALUE
    assert VALUE not in stored.ciphertext + stored.wrapped_key


def test_each_value_has_a_key_of_its_own_and_no_two_ciphertexts_are_alike():
    one, other = sealed(), sealed()
    assert one.ciphertext != other.ciphertext
    with pytest.raises(NotAsSealed):
        opened(replace(one, wrapped_key=other.wrapped_key), SECRET, ring=RING)


@pytest.mark.parametrize(
    "parts",
    [
        ("secret", 2, "password", "id-1", 1),
        ("secret", 1, "passwords", "id-1", 1),
        ("secret", 1, "password", "id-2", 1),
        ("secret", 1, "password", "id-1", 2),
        ("given", 1, "password", "id-1", 1),
        ("secret", "1", "password", "id-1", 1),
        ("secret", 1, "password", "id-1"),
    ],
)
def test_a_ciphertext_put_in_anothers_place_does_not_open(parts):
    with pytest.raises(NotAsSealed, match="the other cannot be read"):
        opened(sealed(), Subject("the other", parts), ring=RING)


@pytest.mark.parametrize("place", [0, 12, -1])
@pytest.mark.parametrize("part", ["ciphertext", "wrapped_key"])
def test_a_changed_byte_is_noticed(part, place):
    stored = sealed()
    content = bytearray(getattr(stored, part))
    content[place] ^= 1
    with pytest.raises(NotAsSealed):
        opened(replace(stored, **{part: bytes(content)}), SECRET, ring=RING)


@pytest.mark.parametrize("rest", [b"", b"x", b"x" * 12])
def test_what_is_cut_off_is_noticed(rest):
    with pytest.raises(NotAsSealed):
        opened(replace(sealed(), ciphertext=rest), SECRET, ring=RING)


def test_without_its_master_key_nothing_opens_and_the_sentence_names_the_key():
    stranger = KeyRing.of_texts("s" * 32)
    with pytest.raises(MasterKeyMissing, match=f"the master key {RING.first[:12]}, which this server does not have"):
        opened(sealed(), SECRET, ring=stranger)
    with pytest.raises(NotAsSealed):
        opened(replace(sealed(), key_id=stranger.first), SECRET, ring=stranger)


def test_a_value_under_a_new_master_key_is_the_same_and_does_not_open_with_the_old_one():
    stored = sealed()
    moved = rewrapped(stored, SECRET, ring=NEW, key_id=NEW.first)
    assert moved.ciphertext == stored.ciphertext
    assert opened(moved, SECRET, ring=KeyRing.of_texts("n" * 32)) == VALUE
    with pytest.raises(MasterKeyMissing):
        opened(moved, SECRET, ring=RING)


def test_the_name_of_a_key_tells_nothing_of_the_key():
    (name,), (key,) = zip(*RING.keys.items(), strict=True)
    assert len(key) == 32
    assert key.hex() != name
    assert "k" * 4 not in name
