"""The files that the configuration names: known stations, station passwords and the bearer token of the API.

Each function reads one file and raises ConfigError, which names the file and where in it the mistake is. (The file of
id tokens has a module of its own, `token_file`; `configured_files` reads them all.)
"""

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.app.config_sources import ConfigError
from gateway.core.credentials import Credentials, CredentialsError, parse_credentials

SIDE_FILE_BYTES_MAX = 64 * 1024 * 1024
"""Largest file that is read: 400,000 lines of credentials, more than one gateway has stations by far."""

IDENTITY_CHARACTERS_MAX = 255
"""Longest identity that the handshake takes."""

BEARER_TOKEN_CHARACTERS_MIN = 16
"""Shortest bearer token; a shorter one can be guessed over a network."""

_COMMENT = re.compile(r"(^|\s)#.*")


def read_station_list(file: Path) -> frozenset[str]:
    """Return the identities in `file`, one a line (see `read_entries`)."""
    identities = set()
    for where, identity in read_entries(file):
        if len(identity) > IDENTITY_CHARACTERS_MAX:
            raise ConfigError([f"{where}: an identity has at most {IDENTITY_CHARACTERS_MAX} characters"])
        if "/" in identity or not identity.isprintable():
            raise ConfigError([f"{where}: {identity!r} cannot be an identity: no / and no control characters"])
        identities.add(identity)
    return frozenset(identities)


def read_entries(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of `file` that is not empty, behind its place, such as `stations.txt: line 3`.

    `#` at the begin of a line or behind a space begins a comment.
    """
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if entry := _COMMENT.sub("", line).strip():
            yield f"{file}: line {number}", entry


def read_credentials(file: Path) -> Credentials:
    """Return the station passwords in `file` (see `core.credentials`)."""
    try:
        return parse_credentials(read_text(file), name=str(file))
    except CredentialsError as error:
        raise ConfigError([str(error)]) from None


def read_bearer_token(file: Path) -> str:
    """Return the bearer token, the only content of `file`. No error repeats it."""
    token = read_text(file).strip()
    if len(token) < BEARER_TOKEN_CHARACTERS_MIN:
        raise ConfigError(
            [f"{file}: the token has {len(token)} characters, must have at least {BEARER_TOKEN_CHARACTERS_MIN}"]
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError([f"{file}: the token must be one word of printable ASCII characters"])
    return token


def read_text(file: Path) -> str:
    """Return the content of `file`, which must be UTF-8 and at most SIDE_FILE_BYTES_MAX long."""
    try:
        with file.open("rb") as stream:
            content = stream.read(SIDE_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    if len(content) > SIDE_FILE_BYTES_MAX:
        raise ConfigError([f"{file}: is larger than {SIDE_FILE_BYTES_MAX} bytes"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{file}: line {line}: is not UTF-8"]) from None
