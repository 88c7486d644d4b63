"""WebSocket frames as a server reads and writes them (RFC 6455 section 5). The plain twin is gateway/hot/frames.py.

A frame that arrives whole in one read, nearly always so, is unmasked straight into the bytes object that is returned.
Only what is incomplete is copied, into buffers that are freed as soon as they are empty.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove

from gateway.hot.deflate import InflateError, inflate
from gateway.hot.frames import FRAGMENTS_MAX as FRAGMENTS_MAX_OF_TWIN

cdef enum:
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10
    FAILED = -1

    COMPRESSED = 0x40
    RESERVED = 0x70

    CONTROL_BYTES_MAX = 125

    PROTOCOL_ERROR = 1002
    NOT_UTF8 = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009

cdef Py_ssize_t FRAGMENTS_MAX = FRAGMENTS_MAX_OF_TWIN
cdef uint64_t HIGH_BITS = 0x8080808080808080


cdef struct Buffer:
    uint8_t* at
    Py_ssize_t size
    Py_ssize_t capacity


cdef struct Header:
    bint final
    bint compressed
    int opcode
    Py_ssize_t size     # of the header itself, with the mask
    Py_ssize_t length   # of the payload


@cython.final
cdef class FrameReader:
    """Turns the bytes of one client into events: whole messages, control frames, at most one failure.

    `message_bytes_max` bounds the payload of a message, over all of its fragments. What is longer fails as soon as its
    header is read, so that no more than the limit and one read is ever held.

    `deflate` says that permessage-deflate was negotiated, without context takeover by the client (RFC 7692): then a
    message may be compressed. The limit holds for what arrives and for what that is inflated to.
    """

    cdef Py_ssize_t message_bytes_max
    cdef Buffer pending             # bytes of a frame that is not complete
    cdef Buffer message             # unmasked fragments of a message that is not complete
    cdef Py_ssize_t fragments
    cdef int message_opcode
    cdef bint message_has_high_bits
    cdef bint message_is_compressed
    cdef bint deflate
    cdef bint ended

    def __init__(self, Py_ssize_t message_bytes_max, bint deflate=False):
        if message_bytes_max < 1:
            raise ValueError("message_bytes_max must be at least 1")
        self.message_bytes_max = message_bytes_max
        self.deflate = deflate

    def __dealloc__(self):
        release(&self.pending)
        release(&self.message)

    def __sizeof__(self):
        """Bytes held, buffers included."""
        return object.__sizeof__(self) + self.pending.capacity + self.message.capacity

    def feed(self, bytes data not None):
        """Return the events that `data` completes, in order, as (opcode, payload).

        TEXT and BINARY carry a whole message, inflated (text is valid UTF-8); PING and PONG their payload; CLOSE its
        valid raw payload (empty, or code and reason). FAILED carries the payload of the Close frame to answer with: two
        bytes of code and an ASCII reason. After CLOSE or FAILED everything is ignored.
        """
        cdef list events = []
        cdef const uint8_t* at = <const uint8_t*> PyBytes_AS_STRING(data)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t used
        if self.ended:
            return events
        if not self.pending.size:
            used = self.read_frames(at, size, events)
            if used < size and not self.ended:
                append(&self.pending, at + used, size - used)
        else:
            append(&self.pending, at, size)
            used = self.read_frames(self.pending.at, self.pending.size, events)
            consume(&self.pending, used)
        if self.ended:
            release(&self.pending)
            release(&self.message)
        return events

    cdef Py_ssize_t read_frames(self, const uint8_t* at, Py_ssize_t size, list events) except -1:
        """Append the events of all whole frames in `at`; return how many bytes they took."""
        cdef Py_ssize_t used = 0
        cdef Header header
        while self.read_header(at + used, size - used, &header, events) and size - used >= header.size + header.length:
            self.read_payload(at + used + header.size, &header, events)
            used += header.size + header.length
            if self.ended:
                break
        return used

    cdef bint read_header(self, const uint8_t* at, Py_ssize_t size, Header* header, list events) except -1:
        """Read and check a header (RFC 6455 section 5.2). False: it is not complete, or the connection failed."""
        cdef uint64_t length
        cdef Py_ssize_t index
        if size < 2:
            return False
        header.final = at[0] & 0x80 != 0
        header.opcode = at[0] & 0x0F
        header.compressed = at[0] & RESERVED == COMPRESSED
        if at[0] & RESERVED and not (header.compressed and self.deflate and TEXT <= header.opcode <= BINARY):
            return self.fail(PROTOCOL_ERROR, "reserved bits are set", events)
        if header.opcode > PONG or BINARY < header.opcode < CLOSE:
            return self.fail(PROTOCOL_ERROR, "opcode is unknown", events)
        if header.opcode >= CLOSE:
            if not header.final:
                return self.fail(PROTOCOL_ERROR, "control frame is fragmented", events)
        elif header.opcode == CONTINUATION and not self.fragments:
            return self.fail(PROTOCOL_ERROR, "continuation without a message", events)
        elif header.opcode != CONTINUATION and self.fragments:
            return self.fail(PROTOCOL_ERROR, "message begins inside another", events)
        elif self.fragments == FRAGMENTS_MAX:
            return self.fail(POLICY_VIOLATION, "message has too many fragments", events)
        if not at[1] & 0x80:
            return self.fail(PROTOCOL_ERROR, "frame is not masked", events)
        length = at[1] & 0x7F
        if header.opcode >= CLOSE and length > CONTROL_BYTES_MAX:
            return self.fail(PROTOCOL_ERROR, "control frame is too long", events)
        header.size = 6
        if length >= 126:
            header.size += 2 if length == 126 else 8
            if size < header.size - 4:
                return False
            length = 0
            for index in range(2, header.size - 4):
                length = length << 8 | at[index]
            if length >> 63:
                return self.fail(PROTOCOL_ERROR, "length has its highest bit set", events)
        if header.opcode < CLOSE and length > <uint64_t> (self.message_bytes_max - self.message.size):
            return self.fail(TOO_BIG, f"message exceeds {self.message_bytes_max} bytes", events)
        header.length = <Py_ssize_t> length
        return True

    cdef int read_payload(self, const uint8_t* at, Header* header, list events) except -1:
        """Unmask the payload at `at`, whose size has been checked, and append the event that it completes, if any."""
        cdef const uint8_t* key = at - 4
        cdef bytes payload
        cdef bint has_high_bits
        cdef int opcode = header.opcode
        if opcode < CLOSE and (self.fragments or not header.final):
            return self.read_fragment(at, header, events)
        payload = PyBytes_FromStringAndSize(NULL, header.length)
        has_high_bits = unmask(<uint8_t*> PyBytes_AS_STRING(payload), at, header.length, key)
        if opcode == CLOSE:
            if not self.check_close(payload, events):
                return 0
            self.ended = True
        elif opcode <= BINARY:
            return self.deliver(opcode, payload, header.compressed, has_high_bits, events)
        events.append((opcode, payload))
        return 0

    cdef int read_fragment(self, const uint8_t* at, Header* header, list events) except -1:
        """Add a fragment to the message, and append the message if this was its last."""
        cdef bytes message
        if header.opcode != CONTINUATION:
            self.message_opcode = header.opcode
            self.message_is_compressed = header.compressed
            self.message_has_high_bits = False
        reserve(&self.message, header.length)
        self.message_has_high_bits |= unmask(self.message.at + self.message.size, at, header.length, at - 4)
        self.message.size += header.length
        self.fragments += 1
        if not header.final:
            return 0
        message = PyBytes_FromStringAndSize(<char*> self.message.at, self.message.size)
        release(&self.message)
        self.fragments = 0
        return self.deliver(
            self.message_opcode, message, self.message_is_compressed, self.message_has_high_bits, events
        )

    cdef int deliver(self, int opcode, bytes message, bint compressed, bint has_high_bits, list events) except -1:
        """Append a whole message, inflated if it is compressed, or the failure that it is."""
        if compressed:
            try:
                message = inflate(message, self.message_bytes_max)
            except InflateError:
                self.fail(PROTOCOL_ERROR, "message does not inflate", events)
                return 0
            if PyBytes_GET_SIZE(message) > self.message_bytes_max:
                self.fail(TOO_BIG, f"message exceeds {self.message_bytes_max} bytes", events)
                return 0
            has_high_bits = True  # perhaps: nobody has looked
        if opcode == TEXT and has_high_bits and not is_utf8(message, 0):
            self.fail(NOT_UTF8, "text is not UTF-8", events)
        else:
            events.append((opcode, message))
        return 0

    cdef bint check_close(self, bytes payload, list events) except -1:
        """Check the payload of a Close frame (RFC 6455 section 7.4 and the IANA registry of close codes)."""
        cdef const uint8_t* at = <const uint8_t*> PyBytes_AS_STRING(payload)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
        cdef int code
        if size == 0:
            return True
        if size == 1:
            return self.fail(PROTOCOL_ERROR, "close frame of one byte", events)
        code = at[0] << 8 | at[1]
        if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            return self.fail(PROTOCOL_ERROR, "close code is not allowed", events)
        if not is_utf8(payload, 2):
            return self.fail(NOT_UTF8, "close reason is not UTF-8", events)
        return True

    cdef bint fail(self, int code, str reason, list events) except -1:
        """Append the failure and ignore what follows; returns False."""
        self.ended = True
        events.append((FAILED, code.to_bytes(2, "big") + reason.encode("ascii")))
        return False


def server_frame(int opcode, bytes payload not None):
    """Return one unmasked, final frame (RFC 6455 section 5.1: a server never masks). `opcode` may have COMPRESSED."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef Py_ssize_t header_size = 2 if size <= CONTROL_BYTES_MAX else 4 if size < 1 << 16 else 10
    cdef bytes frame = PyBytes_FromStringAndSize(NULL, header_size + size)
    cdef uint8_t* at = <uint8_t*> PyBytes_AS_STRING(frame)
    cdef Py_ssize_t index
    at[0] = 0x80 | opcode
    if header_size == 2:
        at[1] = <uint8_t> size
    else:
        at[1] = 126 if header_size == 4 else 127
        for index in range(2, header_size):
            at[index] = <uint8_t> (size >> 8 * (header_size - 1 - index))
    memcpy(at + header_size, PyBytes_AS_STRING(payload), size)
    return frame


@cython.boundscheck(False)
@cython.wraparound(False)
cdef bint unmask(uint8_t* target, const uint8_t* payload, Py_ssize_t size, const uint8_t* key) noexcept nogil:
    """Write `payload` XOR the 4-byte `key` to `target` (RFC 6455 section 5.3). Returns whether a high bit was seen.

    The caller has checked that both hold `size` bytes.
    """
    cdef uint64_t wide_key, word
    cdef uint64_t seen = 0
    cdef uint8_t byte
    cdef Py_ssize_t index
    cdef Py_ssize_t whole = size & ~7
    memcpy(&wide_key, key, 4)
    memcpy(<uint8_t*> &wide_key + 4, key, 4)
    for index in range(0, whole, 8):
        memcpy(&word, payload + index, 8)
        word ^= wide_key
        seen |= word
        memcpy(target + index, &word, 8)
    for index in range(whole, size):
        byte = payload[index] ^ key[index & 3]
        seen |= byte
        target[index] = byte
    return seen & HIGH_BITS != 0


cdef bint is_utf8(bytes text, Py_ssize_t start) except -1:
    """Whether `text` from `start` on is UTF-8 (RFC 3629: no surrogates, no overlong forms)."""
    try:
        text[start:].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


cdef int reserve(Buffer* buffer, Py_ssize_t size) except -1:
    """Make room for `size` more bytes; growth is geometric, so that many small reads cost linear time."""
    cdef Py_ssize_t capacity
    cdef uint8_t* at
    if buffer.size + size <= buffer.capacity:
        return 0
    capacity = max(buffer.size + size, buffer.capacity + buffer.capacity // 2, 64)
    at = <uint8_t*> realloc(buffer.at, capacity)
    if at is NULL:
        raise MemoryError
    buffer.at = at
    buffer.capacity = capacity
    return 0


cdef int append(Buffer* buffer, const uint8_t* at, Py_ssize_t size) except -1:
    """Add a copy of `size` bytes to the end."""
    reserve(buffer, size)
    memcpy(buffer.at + buffer.size, at, size)
    buffer.size += size
    return 0


cdef int consume(Buffer* buffer, Py_ssize_t used) except -1:
    """Drop the first `used` bytes, and with them the room that they took."""
    cdef uint8_t* at
    if used == buffer.size:
        release(buffer)
    elif used:
        buffer.size -= used
        memmove(buffer.at, buffer.at + used, buffer.size)
        at = <uint8_t*> realloc(buffer.at, buffer.size)
        if at is NULL:
            raise MemoryError
        buffer.at = at
        buffer.capacity = buffer.size
    return 0


cdef void release(Buffer* buffer) noexcept:
    free(buffer.at)
    buffer.at = NULL
    buffer.size = buffer.capacity = 0
