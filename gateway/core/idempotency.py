"""What is kept of a command that came with an idempotency key, so that asking again does not do it again.

The key is on disk before the station hears of the command, and what was answered is on disk before it is answered. So
a key that is there without an answer is of a command that a crash cut off: whether it took effect is not known, and it
is never sent again. Of the request only a fingerprint is kept, and of an answer that names a secret only the outcome.
The header is that of draft-ietf-httpapi-idempotency-key-header.
"""

import re
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from gateway.core.device_model import names_secret
from gateway.core.facts.kind import FactKind
from gateway.core.records import Fact
from gateway.core.stations import Station

KEPT: Final = timedelta(hours=24)
"""How long a key is good for. Who asks again later asks anew."""

KEY_CHARACTERS_MAX: Final = 255
"""Longest key; a UUID has 36 characters."""

BODY_BYTES_MAX: Final = 32 * 1024
"""Largest body that is kept to be answered again. Few answers are beyond 1 KiB: configurations and reports."""

STATION_BYTES_MAX: Final = 128 * 1024
"""Most that is kept for one station, since its whole state is written when it is saved."""

OUTLINE: Final = ("type", "title", "status", "detail", "outcome", "sent", "error_code", "error_description")
"""The members of a body that are kept even where the rest is too large."""

OUTLINE_CHARACTERS_MAX: Final = 255
"""Of each of these members: what OCPP-J allows for the description of an error, but no station is held to."""

FINGERPRINT_BYTES: Final = 16

COMMAND_CHARACTERS_MAX: Final = 80
"""Of the name of a command: no action has more than 50, but a client may write any."""

_BARE: Final = re.compile(rf"[!-~](?:[ -~]{{0,{KEY_CHARACTERS_MAX - 2}}}[!-~])?")
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])+)"')
"""A String of RFC 9651 section 3.3.3."""


class KeyInvalidError(Exception):
    """A header that is no idempotency key."""


class Key(Struct, frozen=True):
    """An idempotency key, and the fingerprint of the request that came with it."""

    text: str
    fingerprint: str


class Kept(Struct, frozen=True, omit_defaults=True):
    """The value of a fact: a command that was begun, and once it ended, the HTTP status and the JSON of its answer."""

    fingerprint: str
    begun_at: datetime
    status: int | None = None
    body: Raw = Raw(b"null")
    command: str | None = None
    """Which command it was, such as `POST reset` or `calls/Reset`; None if it was kept before this was."""


COMMANDS: Final = FactKind("command", Kept)
"""The commands of a station, by key. Its live state holds the last `stations.FACTS_MAX` of them."""


def key_of(header: str, *request: bytes) -> Key:
    """Return the key in a header, quoted as the draft has it or bare as most clients send it.

    `request` is everything in which another request differs. Raises KeyInvalidError.
    """
    quoted = _QUOTED.fullmatch(header)
    text = header if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])
    if len(text) > KEY_CHARACTERS_MAX or (quoted is None and (text.startswith('"') or not _BARE.fullmatch(text))):
        raise KeyInvalidError(f"an idempotency key has 1 to {KEY_CHARACTERS_MAX} printable ASCII characters")
    digest = blake2b(digest_size=FINGERPRINT_BYTES)
    for part in request:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return Key(text, digest.hexdigest())


def kept(station: Station, key: str, now: datetime) -> Kept | None:
    """Return what is kept of the command with this key, None if there is none or it is too old."""
    found = COMMANDS.get(station, key)
    return found if found is not None and now - found.begun_at < KEPT else None


def begun(key: Key, now: datetime, command: str | None = None) -> Fact:
    """Return the fact that a command is about to be carried out."""
    return COMMANDS.holds(key.text, Kept(key.fingerprint, now, command=command), now)


def ended(
    station: Station,
    key: Key,
    begun_at: datetime,
    now: datetime,
    *,
    status: int,
    body: bytes,
    command: str | None = None,
) -> Fact:
    """Return the fact that a command was answered with `status` and `body`, a JSON object.

    A body for which there is no room, or that names a secret, is kept in outline, with `response_omitted`.
    """
    others = sum(len(value) for other, value in station.facts(COMMANDS.kind).items() if other != key.text)
    whole: dict[str, Any] = msgspec.json.decode(body)
    if len(body) > BODY_BYTES_MAX or others + len(body) > STATION_BYTES_MAX or names_secret(whole):
        outline = {name: _cut(whole[name]) for name in OUTLINE if name in whole}
        body = msgspec.json.encode({**outline, "response_omitted": True})
    return COMMANDS.holds(key.text, Kept(key.fingerprint, begun_at, status, Raw(body), command), now)


def _cut(value: Any) -> Any:
    return value[:OUTLINE_CHARACTERS_MAX] if isinstance(value, str) else value


def forgotten(key: Key, now: datetime) -> Fact:
    """Return the fact that nothing is kept of a command: it was refused before anything was done."""
    return COMMANDS.ends(key.text, now)
