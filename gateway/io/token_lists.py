"""Versions of the operator's token list on disk, so that a station that is some versions behind gets what changed.

One file a version, `<version>.json`, written whole or not at all. Id tokens are personal: only the owner may read them.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from gateway.core.authorisation import Token
from gateway.core.token_history import VERSIONS_MAX, TokenHistory, TokenList, next_version

DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600

_SUFFIX: Final = ".json"
_decode: Final = msgspec.json.Decoder(tuple[Token, ...]).decode


def open_token_history(directory: Path, tokens: Iterable[Token], now: datetime) -> TokenHistory:
    """Return the versions in `directory`, the newest of which is `tokens`: a new one if they differ from the last.

    Creates the directory. A file that cannot be decoded is no version to start from, but its number stays taken.
    Raises OSError.
    """
    directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    wanted = tuple(sorted(tokens, key=lambda token: token.id.lower()))
    files = dict(sorted(_versions(directory)))
    lists = [kept for version, file in files.items() if (kept := _read(version, file)) is not None]
    newest = max(files, default=None)
    if not lists or lists[-1].version != newest or lists[-1].tokens != wanted:
        version = next_version(newest, now)
        lists.append(TokenList(version, wanted))
        files[version] = directory / f"{version}{_SUFFIX}"
        _write(files[version], wanted)
    for version in sorted(files)[:-VERSIONS_MAX]:
        files[version].unlink()
    return TokenHistory(lists)


def _versions(directory: Path) -> Iterator[tuple[int, Path]]:
    for file in directory.iterdir():
        if file.suffix == _SUFFIX and file.stem.isascii() and file.stem.isdigit():
            yield int(file.stem), file


def _read(version: int, file: Path) -> TokenList | None:
    try:
        return TokenList(version, _decode(file.read_bytes()))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(file: Path, tokens: tuple[Token, ...]) -> None:
    """Write a file so that it is there as a whole after a crash, or not at all."""
    unfinished = file.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(tokens))
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
