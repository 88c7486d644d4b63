"""Station passwords (OCPP security profiles 1 and 2): salted hashes, cheap enough for a fleet that reconnects at once.

The hash is fast on purpose. A station's key is generated, not chosen: at least 16 random bytes, which nobody guesses,
however fast the guessing. A slow hash would protect nothing and cost 50,000 reconnecting stations 100 ms of CPU each.
That is why `hash_line` refuses shorter keys.

One line of the file is one password:

    identity, percent-encoded : scheme : salt in hex : hash in hex

Empty lines and lines that begin with `#` are skipped. Two lines for one identity are two passwords that are both
valid, as they must be while a password is being changed.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from hmac import compare_digest
from urllib.parse import quote, unquote

from msgspec import Struct

SCHEME = "blake2b"
SALT_BYTES = 16
HASH_BYTES = 32

PASSWORD_BYTES_MIN = 16
"""Shortest password that a fast hash protects, and the shortest that OCPP allows (1.6 security white paper, A00)."""

PASSWORD_BYTES_MAX = 64
"""Longest password of any version (2.0.1 errata 2025-09; before, 40 characters)."""

PASSWORDS_MAX = 2
"""Passwords valid at once for one station: the present one, and the next while it is being changed."""

_PERSON = b"ocpp-gateway"
_MALFORMED_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class CredentialsError(ValueError):
    """A credentials file or a password cannot be used; the text says where and why, without the password."""


class HashedPassword(Struct, frozen=True, gc=False):
    """A salted hash of one password."""

    salt: bytes
    digest: bytes


class Credentials:
    """Which passwords each station may use. Identities are compared exactly."""

    __slots__ = ("_passwords",)

    def __init__(self, passwords: Mapping[str, tuple[HashedPassword, ...]]) -> None:
        self._passwords = passwords

    def __len__(self) -> int:
        return len(self._passwords)

    def __contains__(self, identity: str) -> bool:
        return identity in self._passwords

    def __iter__(self) -> Iterator[str]:
        return iter(self._passwords)

    def verify(self, identity: str, raw: bytes) -> bool:
        """Whether `raw`, the base64-decoded Basic credentials, is `identity:` and one of its passwords.

        The prefix is taken off on bytes: a 1.6 identity may hold ":", and a 1.6 key is raw bytes, maybe not UTF-8.
        """
        prefix = identity.encode("utf-8", "surrogatepass") + b":"
        passwords = self._passwords.get(identity)
        if passwords is None or not raw.startswith(prefix):
            return False
        password = raw[len(prefix) :]
        return any(compare_digest(_digest(password, known.salt), known.digest) for known in passwords)


def parse_credentials(text: str, *, name: str) -> Credentials:
    """Read the text of a credentials file; `name` is what errors call the file. Raises CredentialsError."""
    passwords: dict[str, tuple[HashedPassword, ...]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            identity, password = _parse_line(line.strip())
        except CredentialsError as error:
            raise CredentialsError(f"{name}: line {number}: {error}") from None
        passwords[identity] = (*passwords.get(identity, ()), password)
        if len(passwords[identity]) > PASSWORDS_MAX:
            raise CredentialsError(f"{name}: line {number}: {identity!r} has more than {PASSWORDS_MAX} passwords")
    return Credentials(passwords)


def hash_line(identity: str, password: bytes, salt: bytes) -> str:
    """Return the line of a credentials file for `password`; `salt` is 16 random bytes. Raises CredentialsError."""
    if len(salt) != SALT_BYTES:
        raise CredentialsError(f"a salt has {SALT_BYTES} bytes, this one {len(salt)}")
    if not PASSWORD_BYTES_MIN <= len(password) <= PASSWORD_BYTES_MAX:
        raise CredentialsError(
            f"a station's password has {PASSWORD_BYTES_MIN} to {PASSWORD_BYTES_MAX} bytes, this one {len(password)}"
        )
    if not identity:
        raise CredentialsError("the identity is empty")
    return f"{quote(identity, safe='')}:{SCHEME}:{salt.hex()}:{_digest(password, salt).hex()}"


def _digest(password: bytes, salt: bytes) -> bytes:
    return blake2b(password, digest_size=HASH_BYTES, salt=salt, person=_PERSON).digest()


def _parse_line(line: str) -> tuple[str, HashedPassword]:
    fields = line.split(":")
    if len(fields) != 4:
        has = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        raise CredentialsError(f"has {has}, must have 4: identity:{SCHEME}:salt:hash")
    encoded, scheme, salt, digest = fields
    if scheme != SCHEME:
        raise CredentialsError(f"unknown scheme {scheme!r}, must be {SCHEME}")
    return _decode_identity(encoded), HashedPassword(
        _decode_hex(salt, SALT_BYTES, "salt"), _decode_hex(digest, HASH_BYTES, "hash")
    )


def _decode_identity(encoded: str) -> str:
    if not encoded:
        raise CredentialsError("the identity is empty")
    if _MALFORMED_ESCAPE.search(encoded):
        raise CredentialsError(f"identity {encoded!r}: % must be followed by two hexadecimal digits")
    try:
        return unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        raise CredentialsError(f"identity {encoded!r} is not percent-encoded UTF-8") from None


def _decode_hex(digits: str, size: int, what: str) -> bytes:
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        raise CredentialsError(f"the {what} is not hexadecimal") from None
    if len(value) != size:
        raise CredentialsError(f"the {what} must have {size} bytes, has {len(value)}")
    return value
