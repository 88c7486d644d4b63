"""Readings of the journal as rows of a binary COPY: the compiled form of `gateway/hot/reading_rows.py`.

A cursor (`gateway/hot/entries_cursor.py`) runs over the msgpack once. No step of it reads at or behind the end; what does not fit raises ValueError.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError
from cpython.ref cimport PyObject
from libc.math cimport isfinite
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy

from gateway.hot.entries_cursor import BODY_BYTES_MAX as _BODY_BYTES_MAX
from gateway.hot.entries_cursor import NO_ENTRIES
from gateway.hot.entries_cursor import SECONDS_END as _SECONDS_END
from gateway.hot.entries_cursor import SECONDS_MIN as _SECONDS_MIN
from gateway.hot.reading_rows import CHANNELS_MAX as _CHANNELS_MAX
from gateway.hot.reading_rows import COPY_HEADER, COPY_TRAILER, Merged
from gateway.hot.reading_rows import EPOCH_US as _EPOCH_US
from gateway.hot.reading_rows import HOUR_US as _HOUR_US
from gateway.hot.reading_rows import POWER as _POWER
from gateway.hot.reading_rows import QUARTER_US as _QUARTER_US
from gateway.hot.reading_rows import REGISTER as _REGISTER
from gateway.hot.reading_rows import STATIONS_MAX as _STATIONS_MAX
from gateway.hot.reading_rows import Updates as SaidTogether

cdef extern from *:
    """
    #define from_big_16 __builtin_bswap16
    #define from_big_32 __builtin_bswap32
    #define from_big_64 __builtin_bswap64
    #if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #undef from_big_16
    #undef from_big_32
    #undef from_big_64
    #define from_big_16(number) (number)
    #define from_big_32(number) (number)
    #define from_big_64(number) (number)
    #endif
    """
    uint16_t from_big_16(uint16_t) noexcept nogil
    uint32_t from_big_32(uint32_t) noexcept nogil
    uint64_t from_big_64(uint64_t) noexcept nogil

cdef int64_t EPOCH_US = _EPOCH_US
cdef int64_t HOUR_US = _HOUR_US
cdef int64_t QUARTER_US = _QUARTER_US
cdef int64_t SECONDS_MIN = _SECONDS_MIN
cdef int64_t SECONDS_END = _SECONDS_END
cdef int REGISTER = _REGISTER
cdef int POWER = _POWER
cdef Py_ssize_t STATIONS_MAX = _STATIONS_MAX
cdef Py_ssize_t CHANNELS_MAX = _CHANNELS_MAX
cdef Py_ssize_t BODY_BYTES_MAX = _BODY_BYTES_MAX
cdef bytes NO_INTEGERS = b"\x90"

cdef enum:
    CODES_BYTES = 30  # five columns of two bytes, each behind its length
    TIMES_BYTES = 38  # the number of columns, and three columns of eight bytes
    WHERE_BYTES = 24  # three columns of four bytes
    ROW_BYTES = 112  # a row whose texts are empty, at most: these three, 12 of the value, 8 lengths of texts
    BUFFER_BYTES = 65536
    KEPT_BYTES_MAX = 16777216  # a buffer that a large group made larger is given back

cdef enum Kind:
    NIL, BOOL, INT, UINT, FLOAT32, FLOAT64, STR, BIN, ARRAY, MAP, EXT


cdef struct Cursor:
    const uint8_t* place
    const uint8_t* end


cdef struct Head:
    Kind kind
    uint64_t number  # size in bytes or items, or the value itself: bool, int (two's complement), bits of a double


cdef struct Optional:
    bint present
    int32_t number


cdef struct Shared:  # what the rows of one meter value have in common, as columns
    uint8_t[TIMES_BYTES] times
    Py_ssize_t times_size
    uint8_t[WHERE_BYTES] where
    Py_ssize_t where_size


cdef int refuse() except -1:
    raise ValueError(NO_ENTRIES)


cdef inline uint64_t big_endian(const uint8_t* place, int width) noexcept nogil:
    """Read an unsigned number of 1, 2, 4 or 8 bytes."""
    cdef uint16_t two
    cdef uint32_t four
    cdef uint64_t eight
    if width == 1:
        return place[0]
    if width == 2:
        memcpy(&two, place, 2)
        return from_big_16(two)
    if width == 4:
        memcpy(&four, place, 4)
        return from_big_32(four)
    memcpy(&eight, place, 8)
    return from_big_64(eight)


cdef inline bint take_number(Cursor* cursor, int width, uint64_t* number) noexcept nogil:
    if cursor.end - cursor.place < width:
        return False
    number[0] = big_endian(cursor.place, width)
    cursor.place += width
    return True


cdef bint take_long_head(Cursor* cursor, uint8_t tag, Head* head) noexcept nogil:
    """Take what follows the first byte of a head whose size or value is not in that byte."""
    cdef bint taken
    if 0xC4 <= tag <= 0xC6:
        head.kind = BIN
        return take_number(cursor, 1 << (tag - 0xC4), &head.number)
    if 0xC7 <= tag <= 0xC9:
        head.kind = EXT
        taken = take_number(cursor, 1 << (tag - 0xC7), &head.number)
        head.number += 1
        return taken
    if tag == 0xCA:
        head.kind = FLOAT32
        return take_number(cursor, 4, &head.number)
    if 0xCC <= tag <= 0xCF:
        head.kind = UINT
        return take_number(cursor, 1 << (tag - 0xCC), &head.number)
    if 0xD0 <= tag <= 0xD3:
        head.kind = INT
        taken = take_number(cursor, 1 << (tag - 0xD0), &head.number)
        if tag == 0xD0:
            head.number = <uint64_t> <int64_t> <signed char> head.number
        elif tag == 0xD1:
            head.number = <uint64_t> <int64_t> <int16_t> head.number
        elif tag == 0xD2:
            head.number = <uint64_t> <int64_t> <int32_t> head.number
        return taken
    if 0xD4 <= tag <= 0xD8:
        head.kind = EXT
        head.number = 1 + (1 << (tag - 0xD4))
        return True
    if 0xDA <= tag <= 0xDB:
        head.kind = STR
        return take_number(cursor, 2 << (tag - 0xDA), &head.number)
    if 0xDC <= tag <= 0xDD:
        head.kind = ARRAY
        return take_number(cursor, 2 << (tag - 0xDC), &head.number)
    if 0xDE <= tag <= 0xDF:
        head.kind = MAP
        return take_number(cursor, 2 << (tag - 0xDE), &head.number)
    return False


cdef inline bint take_head(Cursor* cursor, Head* head) noexcept nogil:
    """Take the head of a value, and all of it if it is a number, a bool or nil. False: there is none, or it is cut."""
    cdef uint8_t tag
    if cursor.place >= cursor.end:
        return False
    tag = cursor.place[0]
    cursor.place += 1
    if tag >= 0xE0:
        head.kind = INT
        head.number = <uint64_t> <int64_t> <signed char> tag
    elif tag <= 0x7F:
        head.kind = UINT
        head.number = tag
    elif 0xA0 <= tag <= 0xBF:
        head.kind = STR
        head.number = tag & 0x1F
    elif 0x90 <= tag <= 0x9F:
        head.kind = ARRAY
        head.number = tag & 0x0F
    elif tag == 0xC0:
        head.kind = NIL
        head.number = 0
    elif tag == 0xCB:
        head.kind = FLOAT64
        return take_number(cursor, 8, &head.number)
    elif tag == 0xD9:
        head.kind = STR
        return take_number(cursor, 1, &head.number)
    elif 0xC2 <= tag <= 0xC3:
        head.kind = BOOL
        head.number = tag & 1
    elif 0x80 <= tag <= 0x8F:
        head.kind = MAP
        head.number = tag & 0x0F
    else:
        return take_long_head(cursor, tag, head)
    return True


cdef bint skipped(Cursor* cursor, int64_t values) noexcept nogil:
    """Skip so many values, with all that is inside them. None if `values` is not positive."""
    cdef Head head
    while values > 0:
        # Each value has a byte at least. So `values` stays below 2^64 too: no head adds more than 2^33.
        if values > cursor.end - cursor.place or not take_head(cursor, &head):
            return False
        values -= 1
        if head.kind == ARRAY:
            values += <int64_t> head.number
        elif head.kind == MAP:
            values += <int64_t> (2 * head.number)
        elif head.kind == STR or head.kind == BIN or head.kind == EXT:
            if <uint64_t> (cursor.end - cursor.place) < head.number:
                return False
            cursor.place += head.number
    return True


cdef inline int skip(Cursor* cursor, int64_t values) except -1:
    if values > 0 and not skipped(cursor, values):
        refuse()
    return 0


cdef inline int64_t take_array(Cursor* cursor, uint64_t fields_min) except -1:
    """Enter an array of at least `fields_min` fields and return how many it has."""
    cdef Head head
    if not take_head(cursor, &head) or head.kind != ARRAY or head.number < fields_min:
        refuse()
    return <int64_t> head.number


cdef inline Py_ssize_t take_text(Cursor* cursor, const char** text) except -1:
    """Take a text and return its size in bytes."""
    cdef Head head
    if not take_head(cursor, &head) or head.kind != STR or head.number > <uint64_t> (cursor.end - cursor.place):
        refuse()
    text[0] = <const char*> cursor.place
    cursor.place += head.number
    return <Py_ssize_t> head.number


cdef inline bint took_nil(Cursor* cursor) noexcept nogil:
    if cursor.place < cursor.end and cursor.place[0] == 0xC0:
        cursor.place += 1
        return True
    return False


cdef bytes take_clean_text_or_none(Cursor* cursor):
    return None if took_nil(cursor) else take_clean_text(cursor)


cdef bytes take_clean_text(Cursor* cursor):
    """Take a text, as PostgreSQL can hold it: it knows no U+0000."""
    cdef const char* text
    cdef Py_ssize_t size, index
    cdef uint8_t seen = 0
    size = take_text(cursor, &text)
    for index in range(size):
        seen |= <uint8_t> text[index]
    if seen < 0x80 and memchr(text, 0, size) is NULL:
        return PyBytes_FromStringAndSize(text, size)
    return text[:size].decode().replace("\0", "\ufffd").encode()


cdef inline int64_t take_time(Cursor* cursor) except? -1:
    """Take a timestamp, as microseconds since 1970."""
    cdef Py_ssize_t left = cursor.end - cursor.place
    cdef const uint8_t* place = cursor.place
    cdef uint64_t packed, nanoseconds = 0
    cdef int64_t seconds = SECONDS_END
    if left >= 10 and place[0] == 0xD7 and place[1] == 0xFF:
        packed = big_endian(place + 2, 8)
        nanoseconds = packed >> 34
        seconds = <int64_t> (packed & ((<uint64_t> 1 << 34) - 1))
        cursor.place += 10
    elif left >= 6 and place[0] == 0xD6 and place[1] == 0xFF:
        seconds = <int64_t> big_endian(place + 2, 4)
        cursor.place += 6
    elif left >= 15 and place[0] == 0xC7 and place[1] == 12 and place[2] == 0xFF:
        nanoseconds = big_endian(place + 3, 4)
        seconds = <int64_t> big_endian(place + 7, 8)
        cursor.place += 15
    else:
        refuse()
    if nanoseconds >= 1000000000 or seconds < SECONDS_MIN or seconds >= SECONDS_END:
        refuse()
    return seconds * 1000000 + <int64_t> (nanoseconds // <uint64_t> 1000)


cdef inline int take_integer_or_none(Cursor* cursor, Optional* taken) except -1:
    """Take an integer; one that has no place in four bytes becomes the nearest that has."""
    cdef Head head
    cdef int64_t number
    if not take_head(cursor, &head):
        refuse()
    taken.present = head.kind != NIL
    taken.number = 0
    if head.kind == UINT:
        taken.number = <int32_t> min(head.number, <uint64_t> 0x7FFFFFFF)
    elif head.kind == INT:
        number = <int64_t> head.number
        taken.number = <int32_t> max(<int64_t> -0x80000000, min(number, <int64_t> 0x7FFFFFFF))
    elif taken.present:
        refuse()
    return 0


cdef inline int take_large_integer_or_none(Cursor* cursor, Head* head) except -1:
    """Take an integer as it is, or nil."""
    if not take_head(cursor, head) or (head.kind != UINT and head.kind != INT and head.kind != NIL):
        refuse()
    return 0


cdef bytes take_integers(Cursor* cursor):
    """Take an array of integers, as it is."""
    cdef const uint8_t* start = cursor.place
    cdef Head head
    for _ in range(take_array(cursor, 0)):
        take_large_integer_or_none(cursor, &head)
        if head.kind == NIL:
            refuse()
    if cursor.place - start == 1:
        return NO_INTEGERS
    return PyBytes_FromStringAndSize(<const char*> start, cursor.place - start)


cdef inline bint take_bool(Cursor* cursor) except -1:
    cdef Head head
    if not take_head(cursor, &head) or head.kind != BOOL:
        refuse()
    return head.number == 1


cdef inline bint took_other(Cursor* cursor) except -1:
    """Take any value; return whether it is one, and not nil."""
    if took_nil(cursor):
        return False
    skip(cursor, 1)
    return True


cdef inline bint take_value(Cursor* cursor, double* value) except -1:
    """Take a number, or nil: then return False."""
    cdef Head head
    cdef uint32_t four
    cdef float single
    if not take_head(cursor, &head):
        refuse()
    if head.kind == FLOAT64:
        memcpy(value, &head.number, 8)
    elif head.kind == NIL:
        return False
    elif head.kind == UINT:
        value[0] = <double> head.number
    elif head.kind == INT:
        value[0] = <double> <int64_t> head.number
    elif head.kind == FLOAT32:
        four = <uint32_t> head.number
        memcpy(&single, &four, 4)
        value[0] = single
    else:
        refuse()
    return True


@cython.cdivision(True)
cdef inline int64_t floor_divided(int64_t time_us, int64_t span_us) noexcept nogil:
    return time_us // span_us - (time_us % span_us < 0)


cdef inline Py_ssize_t put_16(uint8_t* place, uint16_t number) noexcept nogil:
    number = from_big_16(number)
    memcpy(place, &number, 2)
    return 2


cdef inline Py_ssize_t put_32(uint8_t* place, uint32_t number) noexcept nogil:
    number = from_big_32(number)
    memcpy(place, &number, 4)
    return 4


cdef inline Py_ssize_t put_column_64(uint8_t* place, uint64_t number) noexcept nogil:
    number = from_big_64(number)
    put_32(place, 8)
    memcpy(place + 4, &number, 8)
    return 12


cdef inline Py_ssize_t put_column_32(uint8_t* place, uint32_t number) noexcept nogil:
    put_32(place, 4)
    put_32(place + 4, number)
    return 8


cdef inline Py_ssize_t put_null(uint8_t* place) noexcept nogil:
    return put_32(place, 0xFFFFFFFF)


cdef inline Py_ssize_t put_optional(uint8_t* place, Optional value) noexcept nogil:
    return put_column_32(place, <uint32_t> value.number) if value.present else put_null(place)


cdef inline Py_ssize_t put_text(uint8_t* place, bytes text) noexcept:
    if text is None:
        return put_null(place)
    put_32(place, <uint32_t> PyBytes_GET_SIZE(text))
    memcpy(place + 4, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
    return 4 + PyBytes_GET_SIZE(text)


@cython.final
cdef class Station:
    cdef bytes identity
    cdef str name
    cdef int32_t id
    cdef bint touched
    """Whether it has been heard of since the last `take_merged`; when, is said by the two below."""
    cdef int64_t first_us
    cdef int64_t last_us


@cython.final
cdef class Channel:
    cdef bytes encoded
    """Its msgpack. A value is never the beginning of another, so equal bytes are the whole channel."""
    cdef uint8_t[CODES_BYTES] columns
    cdef int phase
    cdef int role
    cdef Channel following
    """What came after this one the last time: most likely it will again."""


@cython.final
cdef class Register:
    """What one transaction's register said in one hour."""

    cdef int32_t station_id
    cdef bytes transaction
    cdef int64_t hour
    cdef Optional evse
    cdef Optional connector
    cdef int64_t first_us
    cdef int64_t last_us
    cdef double first_wh
    cdef double last_wh
    cdef double min_wh
    cdef double max_wh

    cdef inline int add(self, int64_t time_us, double lowest_wh, double register_wh) except -1:
        if time_us < self.first_us or (time_us == self.first_us and register_wh < self.first_wh):
            self.first_us, self.first_wh = time_us, register_wh
        if time_us > self.last_us or (time_us == self.last_us and register_wh > self.last_wh):
            self.last_us, self.last_wh = time_us, register_wh
        if lowest_wh < self.min_wh:
            self.min_wh = lowest_wh
        if register_wh > self.max_wh:
            self.max_wh = register_wh
        return 0


@cython.final
cdef class Power:
    """What one EVSE drew in one quarter of an hour, over all phases or on one."""

    cdef int32_t station_id
    cdef int32_t evse
    cdef int64_t quarter
    cdef int phase
    cdef double sum_w
    cdef int64_t count


@cython.final
cdef class Updates:
    """What one transaction's events said."""

    cdef int32_t station_id
    cdef bytes transaction
    cdef Optional evse
    cdef Optional connector
    cdef int64_t last_ms
    cdef int64_t state_ms
    cdef bint state_numbered
    cdef uint64_t state_seq_no
    cdef bytes charging_state
    cdef bint valued
    cdef int64_t first_ms
    cdef int64_t register_ms
    cdef double first_wh
    cdef double register_wh
    cdef bytes missing_seq_nos
    cdef bint offline

    cdef inline int add_state(self, int64_t time_ms, Head seq_no, bytes state) except -1:
        cdef bint numbered = seq_no.kind != NIL
        if self.charging_state is not None:
            if time_ms != self.state_ms:
                if time_ms < self.state_ms:
                    return 0
            elif numbered != self.state_numbered:
                if self.state_numbered:
                    return 0
            elif numbered and seq_no.number != self.state_seq_no:
                if seq_no.number < self.state_seq_no:
                    return 0
            elif state <= self.charging_state:
                return 0
        self.state_ms, self.state_numbered, self.charging_state = time_ms, numbered, state
        self.state_seq_no = seq_no.number
        return 0

    cdef inline int add_register(self, int64_t time_ms, double register_wh) except -1:
        if not self.valued or time_ms < self.first_ms or (time_ms == self.first_ms and register_wh < self.first_wh):
            self.first_ms, self.first_wh = time_ms, register_wh
        if (
            not self.valued
            or register_wh > self.register_wh
            or (register_wh == self.register_wh and time_ms > self.register_ms)
        ):
            self.register_ms, self.register_wh = time_ms, register_wh
        self.valued = True
        return 0

    cdef object values(self):
        return SaidTogether._make((
            self.station_id, self.transaction, optional(self.evse), optional(self.connector), self.last_ms,
            self.state_ms, self.state_seq_no if self.state_numbered else None, self.charging_state,
            self.first_ms, self.first_wh if self.valued else None,
            self.register_ms, self.register_wh if self.valued else None,
            self.missing_seq_nos, self.offline,
        ))


cdef inline object optional(Optional value):
    return value.number if value.present else None


cdef inline void raise_to(Optional* known, Optional said) noexcept nogil:
    """A message that says None or 0 does not know at which EVSE a transaction happens."""
    if said.present and (not known.present or said.number > known.number):
        known[0] = said


@cython.final
cdef class ReadingRows:
    """Rows and sums of the batches taken in. After any exception of `take` the object must be thrown away."""

    cdef object _station_id_of
    cdef object _codes_of
    cdef dict _stations
    cdef dict _channels
    cdef list _touched
    cdef dict _registers
    cdef dict _powers
    cdef dict _updates
    cdef Channel _latest
    cdef uint8_t* _buffer
    cdef Py_ssize_t _capacity
    cdef readonly Py_ssize_t rows
    cdef readonly Py_ssize_t size_bytes
    cdef readonly Py_ssize_t updates

    def __cinit__(self):
        self._buffer = NULL

    def __dealloc__(self):
        free(self._buffer)

    def __init__(self, station_id_of, codes_of):
        self._station_id_of = station_id_of
        self._codes_of = codes_of
        self.forget()

    def forget(self):
        """Forget all that was learned and taken in."""
        self._stations = {}
        self._channels = {}
        self._latest = Channel()
        self._begin_rows()
        self._begin_merged()

    def take(self, body, *, bint copied=True, Py_ssize_t first=0, Py_ssize_t stop=-1):
        """Take in the entries from `first` up to, not including, `stop` (negative: all); return what it leaves.

        It leaves all records that are neither Readings nor a TransactionEvent of the kind Updated that names no token,
        reason or request. With `copied` False nothing is counted and no row added: it is only merged. Raises ValueError
        where `body` is no array of entries; what lies behind `stop` is not looked at.
        """
        cdef Py_buffer view
        cdef Cursor cursor
        cdef int64_t entries, position, last
        cdef list others = []
        cdef Station station
        if len(self._stations) >= STATIONS_MAX:
            self._stations = {}
            for station in self._touched:
                self._stations[station.identity] = station
        if len(self._channels) >= CHANNELS_MAX:
            self._channels.clear()
            self._latest = Channel()
        PyObject_GetBuffer(body, &view, PyBUF_SIMPLE)
        try:
            open_cursor(&cursor, &view)
            entries = take_array(&cursor, 0)
            last = entries if stop < 0 else min(stop, entries)
            for position in range(last):
                if position < first:
                    skip(&cursor, 1)
                else:
                    self._take_entry(&cursor, position, copied, others)
            if last == entries and cursor.place != cursor.end:
                refuse()
        finally:
            PyBuffer_Release(&view)
        return others

    def take_copy(self):
        """Return the stream of all rows since the last call, for `COPY ... FROM STDIN (FORMAT binary)`."""
        cdef Py_ssize_t header = len(COPY_HEADER), trailer = len(COPY_TRAILER)
        cdef bytes stream = PyBytes_FromStringAndSize(NULL, header + self.size_bytes + trailer)
        cdef char* place = PyBytes_AS_STRING(stream)
        memcpy(place, PyBytes_AS_STRING(COPY_HEADER), header)
        if self.size_bytes:
            memcpy(place + header, self._buffer, self.size_bytes)
        memcpy(place + header + self.size_bytes, PyBytes_AS_STRING(COPY_TRAILER), trailer)
        self._begin_rows()
        return stream

    def take_merged(self):
        """Return what has been added up since the last call."""
        cdef Station station
        cdef Register known
        cdef Power power
        cdef Updates updates
        cdef list seen = [], registers = [], powers = [], said = []
        for station in self._touched:
            seen.append((station.id, station.first_us, station.last_us))
            station.touched = False
        for known in self._registers.values():
            registers.append((
                known.station_id, known.transaction, known.hour, optional(known.evse), optional(known.connector),
                known.first_us, known.first_wh, known.last_us, known.last_wh, known.min_wh, known.max_wh,
            ))
        for power in self._powers.values():
            powers.append((power.station_id, power.evse, power.quarter, power.phase, power.sum_w, power.count))
        for updates in self._updates.values():
            said.append(updates.values())
        self._begin_merged()
        return Merged(seen, registers, powers, said)

    cdef int _begin_rows(self) except -1:
        self.rows = 0
        self.size_bytes = 0
        self.updates = 0
        if self._capacity > KEPT_BYTES_MAX:
            free(self._buffer)
            self._buffer = NULL
            self._capacity = 0
        return 0

    cdef int _begin_merged(self) except -1:
        self._touched = []
        self._registers = {}
        self._powers = {}
        self._updates = {}
        return 0

    cdef int _take_entry(self, Cursor* cursor, int64_t position, bint copied, list others) except -1:
        cdef const uint8_t* start
        cdef const char* tag
        cdef int64_t fields, record_fields, received_us
        cdef Py_ssize_t tag_size
        cdef bint own = False, left
        cdef list records = None
        cdef Station station
        fields = take_array(cursor, 5)
        station = self._station(cursor)
        received_us = take_time(cursor)
        skip(cursor, 2)  # digest and answer
        for _ in range(take_array(cursor, 0)):
            start = cursor.place
            record_fields = take_array(cursor, 1)
            tag_size = take_text(cursor, &tag)
            if tag_size == 8 and memcmp(tag, b"readings", 8) == 0:
                self._take_readings(cursor, record_fields, station, received_us, copied)
                continue
            if tag_size == 17 and memcmp(tag, b"transaction_event", 17) == 0:
                left = not self._take_event(cursor, record_fields, station.id, copied)
            else:
                left = True
                skip(cursor, record_fields - 1)
            if left:
                if records is None:
                    records = []
                records.append(PyBytes_FromStringAndSize(<const char*> start, cursor.place - start))
        if fields > 5:
            own = take_bool(cursor)
            skip(cursor, fields - 6)
        if not own:
            self._hear(station, received_us)
        if records is not None:
            for record in records:
                others.append((position, station.name, received_us, own, record))
        return 0

    cdef int _take_readings(
        self, Cursor* cursor, int64_t fields, Station station, int64_t received_us, bint copied
    ) except -1:
        cdef Cursor samples
        cdef Shared shared
        cdef Optional evse, connector
        cdef bytes transaction
        cdef int64_t value_fields, time_us, station_us
        cdef Py_ssize_t rows_before, size_before
        cdef uint8_t* place
        if fields < 5:
            refuse()
        take_integer_or_none(cursor, &evse)
        take_integer_or_none(cursor, &connector)
        transaction = take_clean_text_or_none(cursor)
        place = shared.where
        place += put_column_32(place, <uint32_t> station.id)
        place += put_optional(place, evse)
        place += put_optional(place, connector)
        shared.where_size = place - shared.where
        for _ in range(take_array(cursor, 0)):
            value_fields = take_array(cursor, 2)
            time_us = take_time(cursor)
            put_times(&shared, time_us, received_us)
            samples = cursor[0]
            rows_before, size_before = self.rows, self.size_bytes
            self._take_samples(cursor, &shared, station.id, evse, connector, transaction, time_us, copied, True)
            if value_fields > 2 and not took_nil(cursor):
                station_us = take_time(cursor)
                if copied:
                    # The time stands behind the samples, and is rare: their rows are written once more, with it.
                    put_station_time(&shared, station_us)
                    self.rows, self.size_bytes = rows_before, size_before
                    self._take_samples(
                        &samples, &shared, station.id, evse, connector, transaction, time_us, True, False
                    )
            skip(cursor, value_fields - 3)
        skip(cursor, fields - 5)
        return 0

    cdef bint _take_event(self, Cursor* cursor, int64_t fields, int32_t station_id, bint copied) except -1:
        """Take a TransactionEvent; add it up and return True if nothing of it counts but what Updates hold."""
        cdef const char* event
        cdef Py_ssize_t event_size
        cdef int64_t time_ms
        cdef Optional evse, connector
        cdef Head seq_no
        cdef bytes transaction, state, missing_seq_nos
        cdef bint plain, valued, offline = False
        cdef double register_wh = 0.0
        cdef Updates updates
        if fields < 12:
            refuse()
        time_ms = floor_divided(take_time(cursor), 1000)
        event_size = take_text(cursor, &event)
        plain = event_size == 7 and memcmp(event, b"Updated", 7) == 0
        transaction = take_clean_text(cursor)
        take_integer_or_none(cursor, &evse)
        take_integer_or_none(cursor, &connector)
        skip(cursor, 1)  # trigger
        take_large_integer_or_none(cursor, &seq_no)
        plain &= seq_no.kind != INT or <int64_t> seq_no.number >= 0
        plain &= not took_other(cursor)  # token
        state = take_clean_text_or_none(cursor)
        plain &= not took_other(cursor)  # reason
        valued = take_value(cursor, &register_wh)
        plain &= not valued or isfinite(register_wh)
        if fields > 12:
            offline = take_bool(cursor)
        missing_seq_nos = take_integers(cursor) if fields > 13 else NO_INTEGERS
        for _ in range(14, min(fields, 16)):
            plain &= not took_other(cursor)  # requests
        skip(cursor, fields - 16)
        updates = self._find_updates(station_id, transaction, time_ms, plain)
        if not plain:
            if updates is not None:
                updates.missing_seq_nos = None
            return False
        raise_to(&updates.evse, evse)
        raise_to(&updates.connector, connector)
        updates.last_ms = max(updates.last_ms, time_ms)
        if state is not None:
            updates.add_state(time_ms, seq_no, state)
        if valued:
            updates.add_register(time_ms, register_wh)
        updates.missing_seq_nos = missing_seq_nos
        updates.offline |= offline
        self.updates += copied
        return True

    cdef Updates _find_updates(self, int32_t station_id, bytes transaction, int64_t time_ms, bint made):
        """Return what the transaction's events said, None if none did; or, if it is to be `made`, begin it."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(transaction)
        cdef bytes key = PyBytes_FromStringAndSize(NULL, 4 + size)
        cdef char* packed = PyBytes_AS_STRING(key)
        cdef PyObject* found
        cdef Updates updates = None
        memcpy(packed, &station_id, 4)
        memcpy(packed + 4, PyBytes_AS_STRING(transaction), size)
        found = PyDict_GetItemWithError(self._updates, key)
        if found is not NULL:
            updates = <Updates> found
        elif made:
            updates = Updates()
            updates.station_id, updates.transaction, updates.last_ms = station_id, transaction, time_ms
            self._updates[key] = updates
        return updates

    cdef int _take_samples(
        self,
        Cursor* cursor,
        Shared* shared,
        int32_t station_id,
        Optional evse,
        Optional connector,
        bytes transaction,
        int64_t time_us,
        bint copied,
        bint merged,
    ) except -1:
        """Take the samples of one meter value. Of several registers the highest is the one, and all bound the hour."""
        cdef Channel channel
        cdef bytes signed
        cdef int64_t fields
        cdef double value = 0.0, lowest_wh = 0.0, register_wh = 0.0
        cdef bint present, any_register = False
        for _ in range(take_array(cursor, 0)):
            fields = take_array(cursor, 2)
            channel = self._channel(cursor)
            present = take_value(cursor, &value)
            signed = take_clean_text_or_none(cursor) if fields > 2 else None
            skip(cursor, fields - 3)
            if copied:
                self._append(shared, channel, present, value, transaction, signed)
            if merged and channel.role != 0 and present and isfinite(value):
                if channel.role == REGISTER:
                    if not any_register or value > register_wh:
                        register_wh = value
                    if not any_register or value < lowest_wh:
                        lowest_wh = value
                    any_register = True
                elif channel.role == POWER and evse.present and evse.number > 0:
                    self._add_power(station_id, evse.number, floor_divided(time_us, QUARTER_US), channel.phase, value)
        if any_register and transaction is not None:
            self._add_register(station_id, evse, connector, transaction, time_us, lowest_wh, register_wh)
        return 0

    cdef int _append(
        self, Shared* shared, Channel channel, bint present, double value, bytes transaction, bytes signed
    ) except -1:
        """Append one row."""
        cdef Py_ssize_t size = ROW_BYTES
        cdef uint8_t* start
        cdef uint8_t* place
        cdef uint64_t bits
        if transaction is not None:
            size += PyBytes_GET_SIZE(transaction)
        if signed is not None:
            size += PyBytes_GET_SIZE(signed)
        if self._capacity - self.size_bytes < size:
            self._grow(size)
        start = place = self._buffer + self.size_bytes
        memcpy(place, shared.times, TIMES_BYTES)
        place += shared.times_size
        if present:
            memcpy(&bits, &value, 8)
            place += put_column_64(place, bits)
        else:
            place += put_null(place)
        memcpy(place, shared.where, WHERE_BYTES)
        place += shared.where_size
        memcpy(place, channel.columns, CODES_BYTES)
        place += CODES_BYTES
        place += put_text(place, transaction)
        place += put_text(place, signed)
        self.size_bytes += place - start
        self.rows += 1
        return 0

    cdef int _grow(self, Py_ssize_t size) except -1:
        cdef Py_ssize_t capacity = max(2 * self._capacity, self.size_bytes + size, BUFFER_BYTES)
        cdef uint8_t* buffer = <uint8_t*> realloc(self._buffer, capacity)
        if buffer is NULL:
            raise MemoryError
        self._buffer = buffer
        self._capacity = capacity
        return 0

    cdef int _add_register(
        self,
        int32_t station_id,
        Optional evse,
        Optional connector,
        bytes transaction,
        int64_t time_us,
        double lowest_wh,
        double register_wh,
    ) except -1:
        cdef int64_t hour = floor_divided(time_us, HOUR_US)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(transaction)
        cdef bytes key = PyBytes_FromStringAndSize(NULL, 12 + size)
        cdef char* packed = PyBytes_AS_STRING(key)
        cdef PyObject* found
        cdef Register known
        memcpy(packed, &station_id, 4)
        memcpy(packed + 4, &hour, 8)
        memcpy(packed + 12, PyBytes_AS_STRING(transaction), size)
        found = PyDict_GetItemWithError(self._registers, key)
        if found is not NULL:
            known = <Register> found
            known.add(time_us, lowest_wh, register_wh)
        else:
            known = Register()
            known.station_id, known.transaction, known.hour = station_id, transaction, hour
            known.first_us = known.last_us = time_us
            known.first_wh = known.last_wh = known.max_wh = register_wh
            known.min_wh = lowest_wh
            self._registers[key] = known
        raise_to(&known.evse, evse)
        raise_to(&known.connector, connector)
        return 0

    cdef int _add_power(self, int32_t station_id, int32_t evse, int64_t quarter, int phase, double power_w) except -1:
        cdef bytes key = PyBytes_FromStringAndSize(NULL, 20)
        cdef char* packed = PyBytes_AS_STRING(key)
        cdef PyObject* found
        cdef Power power
        memcpy(packed, &station_id, 4)
        memcpy(packed + 4, &evse, 4)
        memcpy(packed + 8, &quarter, 8)
        memcpy(packed + 16, &phase, 4)
        found = PyDict_GetItemWithError(self._powers, key)
        if found is not NULL:
            power = <Power> found
        else:
            power = Power()
            power.station_id, power.evse, power.quarter, power.phase = station_id, evse, quarter, phase
            self._powers[key] = power
        power.sum_w += power_w
        power.count += 1
        return 0

    cdef inline int _hear(self, Station station, int64_t received_us) except -1:
        if not station.touched:
            station.touched = True
            station.first_us = station.last_us = received_us
            self._touched.append(station)
        elif received_us < station.first_us:
            station.first_us = received_us
        elif received_us > station.last_us:
            station.last_us = received_us
        return 0

    cdef Station _station(self, Cursor* cursor):
        cdef const char* text
        cdef Py_ssize_t size = take_text(cursor, &text)
        cdef bytes identity = PyBytes_FromStringAndSize(text, size)
        cdef PyObject* found = PyDict_GetItemWithError(self._stations, identity)
        cdef Station station
        if found is not NULL:
            return <Station> found
        station = Station()
        station.identity = identity
        station.name = identity.decode()
        station.id = self._station_id_of(identity)
        self._stations[identity] = station
        return station

    cdef inline Channel _channel(self, Cursor* cursor):
        cdef Channel channel = self._latest.following
        cdef Py_ssize_t size
        if channel is not None:
            size = PyBytes_GET_SIZE(channel.encoded)
            if size <= cursor.end - cursor.place and memcmp(cursor.place, PyBytes_AS_STRING(channel.encoded), size) == 0:
                cursor.place += size
                self._latest = channel
                return channel
        channel = self._look_up(cursor)
        self._latest.following = channel
        self._latest = channel
        return channel

    cdef Channel _look_up(self, Cursor* cursor):
        cdef const uint8_t* start = cursor.place
        cdef bytes encoded
        cdef PyObject* found
        cdef Channel channel
        cdef int16_t[5] codes
        cdef int index
        skip(cursor, take_array(cursor, 0))
        encoded = PyBytes_FromStringAndSize(<const char*> start, cursor.place - start)
        found = PyDict_GetItemWithError(self._channels, encoded)
        if found is not NULL:
            return <Channel> found
        channel = Channel()
        channel.encoded = encoded
        codes[0], codes[1], codes[2], codes[3], codes[4], channel.role = self._codes_of(encoded)
        for index in range(5):
            put_32(channel.columns + 6 * index, 2)
            put_16(channel.columns + 6 * index + 4, <uint16_t> codes[index])
        channel.phase = codes[1]
        self._channels[encoded] = channel
        return channel


cdef inline void put_times(Shared* shared, int64_t time_us, int64_t received_us) noexcept nogil:
    cdef uint8_t* place = shared.times
    place += put_16(place, 14)
    place += put_column_64(place, <uint64_t> (time_us - EPOCH_US))
    place += put_column_64(place, <uint64_t> (received_us - EPOCH_US))
    place += put_null(place)
    shared.times_size = place - shared.times


cdef inline void put_station_time(Shared* shared, int64_t station_us) noexcept nogil:
    """Put it in place of the NULL that `put_times` left."""
    shared.times_size -= 4
    shared.times_size += put_column_64(shared.times + shared.times_size, <uint64_t> (station_us - EPOCH_US))


cdef int open_cursor(Cursor* cursor, Py_buffer* view) except -1:
    if view.len > BODY_BYTES_MAX:
        refuse()
    cursor.place = <const uint8_t*> view.buf
    cursor.end = cursor.place + view.len
    return 0


def stations_in(body):
    """Return the identities of the stations in `body`, as UTF-8. Raises ValueError where it is no array of entries."""
    cdef Py_buffer view
    cdef Cursor cursor
    cdef int64_t fields
    cdef const char* text
    cdef Py_ssize_t size
    cdef set identities = set()
    PyObject_GetBuffer(body, &view, PyBUF_SIMPLE)
    try:
        open_cursor(&cursor, &view)
        for _ in range(take_array(&cursor, 0)):
            fields = take_array(&cursor, 5)
            size = take_text(&cursor, &text)
            identities.add(PyBytes_FromStringAndSize(text, size))
            skip(&cursor, fields - 1)
        if cursor.place != cursor.end:
            refuse()
    finally:
        PyBuffer_Release(&view)
    return identities
