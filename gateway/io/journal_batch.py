"""A batch: the entries of one commit, and how they lie on disk.

A blob is `OGB` and one version byte, the CRC-32 of batch id and body (little-endian), then the body: one msgpack array
of `Entry`. The batch id is part of the checksum, so a blob that ended up in another row is found too.
"""

import struct
import zlib
from pathlib import Path

import msgspec

from gateway.core.records import Entry

MAGIC = b"OGB\x01"
_HEADER = struct.Struct("<4sI")
_ARRAY_32 = struct.Struct(">BI")
_ARRAY_32_TAG = 0xDD
_BODY_AT = _HEADER.size
_ENTRIES_AT = _HEADER.size + _ARRAY_32.size

_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


class JournalError(Exception):
    """The journal cannot be opened, or what it holds is not what was written. One line, naming the file."""


class JournalClosedError(JournalError):
    """The journal was closed while, or before, something was asked of it."""


class Batch(msgspec.Struct, frozen=True):
    """Entries that were committed together. Ids grow by one from batch to batch and are never used again."""

    id: int
    written_at: float
    """Wall clock, seconds since 1970."""
    size_bytes: int
    entries: list[Entry]


class SealedBatch(msgspec.Struct, frozen=True):
    """A batch as it lies on disk, found to be whole but not decoded."""

    id: int
    written_at: float
    """Wall clock, seconds since 1970."""
    size_bytes: int
    entries: int
    checksum: int
    body: memoryview
    """The entries: one msgpack array of `Entry`."""

    def decode(self, path: Path) -> Batch:
        """Decode the entries. Raises JournalError, naming `path` and the batch."""
        try:
            decoded = _decode(self.body)
        except msgspec.DecodeError as error:
            raise JournalError(f"{path}: batch {self.id} cannot be decoded: {error}") from error
        if len(decoded) != self.entries:
            raise JournalError(
                f"{path}: batch {self.id} is corrupt: it holds {len(decoded)} entries, not {self.entries}"
            )
        return Batch(self.id, self.written_at, self.size_bytes, decoded)


class OpenBatch:
    """Entries that wait for their commit, encoded as they come."""

    __slots__ = ("blob", "entries")

    def __init__(self) -> None:
        self.entries = 0
        self.blob = bytearray(_ENTRIES_AT)

    def append(self, entry: Entry) -> int:
        """Encode `entry` and return how many bytes that took. Leaves the batch as it was if it cannot be encoded."""
        blob = self.blob
        start = len(blob)
        try:
            _encode_into(entry, blob, -1)
        except BaseException:
            del blob[start:]
            raise
        self.entries += 1
        return len(blob) - start

    def seal(self, batch_id: int) -> bytearray:
        """Fill in the header. Nothing may be appended afterwards."""
        blob = self.blob
        _ARRAY_32.pack_into(blob, _BODY_AT, _ARRAY_32_TAG, self.entries)
        _HEADER.pack_into(blob, 0, MAGIC, _checksum(batch_id, memoryview(blob)[_BODY_AT:]))
        return blob


def check_batch(path: Path, batch_id: int, written_at: float, entries: int, blob: bytes | bytearray) -> SealedBatch:
    """Check what `OpenBatch.seal` made. Raises JournalError, naming `path` and the batch."""
    if len(blob) < _ENTRIES_AT:
        raise JournalError(f"{path}: batch {batch_id} is corrupt: {len(blob)} bytes are too few for a header")
    magic, checksum = _HEADER.unpack_from(blob)
    if magic != MAGIC:
        raise JournalError(f"{path}: batch {batch_id} has the unknown format {magic!r}, not {MAGIC!r}")
    body = memoryview(blob)[_BODY_AT:]
    if _checksum(batch_id, body) != checksum:
        raise JournalError(f"{path}: batch {batch_id} is corrupt: its checksum does not match")
    return SealedBatch(batch_id, written_at, len(blob), entries, checksum, body)


def decode_batch(path: Path, batch_id: int, written_at: float, entries: int, blob: bytes | bytearray) -> Batch:
    """Check and decode what `OpenBatch.seal` made. Raises JournalError, naming `path` and the batch."""
    return check_batch(path, batch_id, written_at, entries, blob).decode(path)


def _checksum(batch_id: int, body: memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(batch_id.to_bytes(8, "little")))
