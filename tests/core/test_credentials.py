"""Facts about gateway.core.credentials: the file, and who gets in."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.credentials import CredentialsError, hash_line, parse_credentials

SALT = bytes(range(16))
KEY = b"0123456789abcdef"


def credentials_of(*lines: str):
    return parse_credentials("\n".join(lines), name="stations.pw")


def test_the_right_password_is_accepted():
    assert credentials_of(hash_line("CP1", KEY, SALT)).verify("CP1", b"CP1:" + KEY)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"CP1",
        b"CP1:",
        b":" + KEY,
        KEY,
        b"CP1:" + KEY + b"\n",
        b"CP1:" + KEY[:-1],
        b"CP2:" + KEY,
        b"cp1:" + KEY,
        b"CP1:CP1:" + KEY,
    ],
)
def test_anything_else_is_refused(raw):
    assert not credentials_of(hash_line("CP1", KEY, SALT)).verify("CP1", raw)


def test_a_station_cannot_use_the_password_of_another():
    credentials = credentials_of(hash_line("CP1", KEY, SALT), hash_line("CP2", b"f" * 20, SALT))
    assert not credentials.verify("CP2", b"CP1:" + KEY)
    assert not credentials.verify("CP2", b"CP2:" + KEY)


def test_a_station_without_a_line_is_refused():
    assert not credentials_of().verify("CP1", b"CP1:" + KEY)
    assert "CP1" not in credentials_of()


def test_an_identity_with_a_colon_keeps_it():
    credentials = credentials_of(hash_line("DE:ABC:1", KEY, SALT))
    assert credentials.verify("DE:ABC:1", b"DE:ABC:1:" + KEY)
    assert not credentials.verify("DE", b"DE:ABC:1:" + KEY)


def test_a_key_of_raw_bytes_that_are_no_utf8_is_accepted():
    key = bytes(range(0xF0, 0x100)) + b":\x00"
    assert credentials_of(hash_line("CP1", key, SALT)).verify("CP1", b"CP1:" + key)


def test_two_passwords_are_valid_at_once():
    credentials = credentials_of(hash_line("CP1", KEY, SALT), hash_line("CP1", b"n" * 16, SALT))
    assert credentials.verify("CP1", b"CP1:" + KEY)
    assert credentials.verify("CP1", b"CP1:" + b"n" * 16)
    assert len(credentials) == 1


def test_the_hash_is_blake2b_with_the_salt_of_the_line():
    identity, scheme, salt, digest = hash_line("CP1", KEY, SALT).split(":")
    oracle = hashlib.blake2b(KEY, digest_size=32, salt=SALT, person=b"ocpp-gateway").hexdigest()
    assert (identity, scheme, salt, digest) == ("CP1", "blake2b", SALT.hex(), oracle)


def test_comments_and_empty_lines_are_skipped():
    assert len(credentials_of("# stations of site A", "", "   ", "  # more", hash_line("CP1", KEY, SALT))) == 1


@given(
    identity=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    key=st.binary(min_size=16, max_size=64),
)
def test_any_identity_and_key_survive_the_file(identity, key):
    credentials = parse_credentials(hash_line(identity, key, SALT) + "\n", name="f")
    assert credentials.verify(identity, identity.encode() + b":" + key)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("CP1", "has 1 field, must have 4: identity:blake2b:salt:hash"),
        ("CP1:blake2b:00", "has 3 fields"),
        ("CP1:password:with:colons:in:it", "has 6 fields"),
        (":blake2b:" + "00" * 16 + ":" + "00" * 32, "identity is empty"),
        ("CP1:md5:" + "00" * 16 + ":" + "00" * 32, "unknown scheme 'md5', must be blake2b"),
        ("CP1:blake2b:xyz:" + "00" * 32, "salt is not hexadecimal"),
        ("CP1:blake2b:00:" + "00" * 32, "salt must have 16 bytes, has 1"),
        ("CP1:blake2b:" + "00" * 16 + ":00", "hash must have 32 bytes, has 1"),
        ("CP1:blake2b:" + "00" * 16 + ":zz", "hash is not hexadecimal"),
        ("CP%1:blake2b:" + "00" * 16 + ":" + "00" * 32, "two hexadecimal digits"),
        ("CP%FF:blake2b:" + "00" * 16 + ":" + "00" * 32, "not percent-encoded UTF-8"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_number(line, why):
    with pytest.raises(CredentialsError) as caught:
        credentials_of("# first", line)
    assert str(caught.value).startswith("stations.pw: line 2: ")
    assert why in str(caught.value)


def test_a_third_password_of_one_station_is_an_error():
    with pytest.raises(CredentialsError, match="line 3: 'CP1' has more than 2 passwords"):
        credentials_of(*[hash_line("CP1", bytes([digit]) * 16, SALT) for digit in range(3)])


@pytest.mark.parametrize("key", [b"", b"x" * 15, b"x" * 65])
def test_a_password_too_weak_for_a_fast_hash_is_not_hashed(key):
    with pytest.raises(CredentialsError, match="16 to 64 bytes"):
        hash_line("CP1", key, SALT)


def test_errors_do_not_repeat_the_password():
    with pytest.raises(CredentialsError) as caught:
        hash_line("CP1", b"hunter2", SALT)
    assert "hunter2" not in str(caught.value)


def test_a_salt_of_another_size_and_an_empty_identity_are_refused():
    with pytest.raises(CredentialsError, match="salt has 16 bytes"):
        hash_line("CP1", KEY, b"short")
    with pytest.raises(CredentialsError, match="identity is empty"):
        hash_line("", KEY, SALT)
