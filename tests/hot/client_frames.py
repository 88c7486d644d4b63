"""Frames as a client sends them, written from RFC 6455 section 5.2 alone."""


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    masked: bool = True,
    key: bytes = b"\x12\x34\x56\x78",
    declared: int | None = None,
    length_bytes: int | None = None,
) -> bytes:
    """One frame. `declared` overrides the length, `length_bytes` (0, 2 or 8) the size of its extension."""
    length = len(payload) if declared is None else declared
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 65536 else 8
    short = {0: length, 2: 126, 8: 127}[length_bytes]
    head = bytes(((0x80 if final else 0) | reserved << 4 | opcode, (0x80 if masked else 0) | short))
    if length_bytes:
        head += length.to_bytes(length_bytes, "big")
    if not masked:
        return head + payload
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
