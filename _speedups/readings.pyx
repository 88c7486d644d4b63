"""Meter values of OCPP 1.6: the compiled form of `gateway/hot/readings.py`, which says what it does and why.

A cursor runs over the payload once. It takes only plain things, and gives up (returns None) at the first other one.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.datetime cimport datetime_new, import_datetime
from cpython.dict cimport PyDict_GetItemWithError
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t
from libc.string cimport memcmp, memcpy

from datetime import UTC

from gateway.hot.readings import DECIMALS as _DECIMALS
from gateway.hot.readings import DIGITS_MAX as _DIGITS_MAX
from gateway.hot.readings import SAMPLED_VALUE_BYTES_MAX as _SAMPLED_VALUE_BYTES_MAX
from gateway.hot.readings import TEMPLATES_MAX as _TEMPLATES_MAX

import_datetime()

cdef int DECIMALS = _DECIMALS
cdef int DIGITS_MAX = _DIGITS_MAX
cdef Py_ssize_t SAMPLED_VALUE_BYTES_MAX = _SAMPLED_VALUE_BYTES_MAX
cdef Py_ssize_t TEMPLATES_MAX = _TEMPLATES_MAX

cdef double[16] POWERS_OF_TEN = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
]


cdef struct Cursor:
    const char* place
    const char* end


cdef struct Span:
    const char* begin
    const char* end


cdef inline void skip_space(Cursor* cursor) noexcept nogil:
    while cursor.place < cursor.end and cursor.place[0] in (b" ", b"\t", b"\n", b"\r"):
        cursor.place += 1


cdef inline bint took(Cursor* cursor, char token) noexcept nogil:
    """Skip white space and take `token` if it is there."""
    skip_space(cursor)
    if cursor.place < cursor.end and cursor.place[0] == token:
        cursor.place += 1
        return True
    return False


cdef inline bint take_string(Cursor* cursor, Span* content) noexcept nogil:
    """Take a string without escapes and control characters."""
    cdef const char* place
    if not took(cursor, b'"'):
        return False
    place = cursor.place
    content.begin = place
    while place < cursor.end and place[0] != b'"':
        if place[0] == b"\\" or 0 <= <signed char>place[0] < 0x20:
            return False
        place += 1
    if place >= cursor.end:
        return False
    content.end = place
    cursor.place = place + 1
    return True


cdef inline bint take_key(Cursor* cursor, Span* key) noexcept nogil:
    return take_string(cursor, key) and took(cursor, b":")


cdef inline bint equals(Span* span, const char* text, Py_ssize_t size) noexcept nogil:
    return span.end - span.begin == size and memcmp(span.begin, text, size) == 0


cdef bint take_integer(Cursor* cursor, int64_t* value) noexcept nogil:
    """Take an integer of at most DIGITS_MAX digits, written as JSON writes integers."""
    cdef bint negative
    cdef int digits = 0
    cdef int64_t number = 0
    cdef const char* first
    skip_space(cursor)
    negative = cursor.place < cursor.end and cursor.place[0] == b"-"
    cursor.place += negative
    first = cursor.place
    while cursor.place < cursor.end and b"0" <= cursor.place[0] <= b"9":
        number = number * 10 + (cursor.place[0] - c"0") if digits < DIGITS_MAX else 0
        digits += 1
        cursor.place += 1
    if digits == 0 or digits > DIGITS_MAX or (digits > 1 and first[0] == b"0"):
        return False
    if cursor.place < cursor.end and cursor.place[0] in (b".", b"e", b"E"):
        return False
    value[0] = -number if negative else number
    return True


cdef bint read_number(Span* text, double* value) noexcept nogil:
    """Read a decimal of at most DIGITS_MAX digits, without an exponent.

    Its digits and the power of ten are exact as doubles, so their quotient is the double nearest to it.
    """
    cdef const char* place = text.begin
    cdef bint negative = place < text.end and place[0] == b"-"
    cdef int digits = 0, decimals = 0
    cdef int64_t number = 0
    place += negative
    while place < text.end and b"0" <= place[0] <= b"9":
        number = number * 10 + (place[0] - c"0")
        place += 1
        digits += 1
        if digits > DIGITS_MAX:
            return False
    if digits == 0:
        return False
    if place < text.end and place[0] == b".":
        place += 1
        while place < text.end and b"0" <= place[0] <= b"9":
            number = number * 10 + (place[0] - c"0")
            place += 1
            decimals += 1
            if digits + decimals > DIGITS_MAX:
                return False
        if decimals == 0:
            return False
    if place != text.end:
        return False
    value[0] = number / POWERS_OF_TEN[decimals]
    if negative:
        value[0] = -value[0]
    return True


cdef inline int two_digits(const char* place) noexcept nogil:
    """Return the number of two digits, or a negative one if they are none."""
    cdef int tens = place[0] - c"0", ones = place[1] - c"0"
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -10000


@cython.final
cdef class Template:
    """A sampled value without its number: what stands before and behind it, and what was learned of it."""

    cdef bytes before
    cdef bytes behind
    cdef object channel
    cdef double factor
    cdef double offset
    cdef Template following
    """What came after this one the last time: most likely it will again. It points forward only, so a template that is
    forgotten keeps alive none that came before it."""


@cython.final
cdef class MeterValuesReader:
    """Reads payloads of MeterValues. `make_sample(channel, value)` makes what stands for a sample; never None."""

    cdef object _learn
    cdef object _make_sample
    cdef dict _known
    cdef Template _latest

    def __init__(self, learn, make_sample):
        self._learn = learn
        self._make_sample = make_sample
        self._known = {}
        self._latest = Template()

    def read(self, bytes payload not None):
        """Return what `payload`, which is valid JSON, says; None to leave it to the general decoder."""
        cdef Cursor cursor
        cdef Span key
        cdef int64_t number = 0
        cdef object connector_id = None, transaction_id = None
        cdef list meter_values = None
        cursor.place = PyBytes_AS_STRING(payload)
        cursor.end = cursor.place + len(payload)
        if not took(&cursor, b"{"):
            return None
        while True:
            if not take_key(&cursor, &key):
                return None
            if equals(&key, b"connectorId", 11):
                if not take_integer(&cursor, &number):
                    return None
                connector_id = number
            elif equals(&key, b"transactionId", 13):
                if not take_integer(&cursor, &number):
                    return None
                transaction_id = number
            elif equals(&key, b"meterValue", 10):
                meter_values = self._meter_values(&cursor)
                if meter_values is None:
                    return None
            else:
                return None
            if not took(&cursor, b","):
                break
        if not took(&cursor, b"}") or connector_id is None or meter_values is None:
            return None
        skip_space(&cursor)
        return (connector_id, transaction_id, meter_values) if cursor.place == cursor.end else None

    cdef list _meter_values(self, Cursor* cursor):
        cdef list meter_values = []
        cdef object meter_value
        if not took(cursor, b"["):
            return None
        while True:
            meter_value = self._meter_value(cursor)
            if meter_value is None:
                return None
            meter_values.append(meter_value)
            if not took(cursor, b","):
                break
        return meter_values if took(cursor, b"]") else None

    cdef object _meter_value(self, Cursor* cursor):
        cdef Span key
        cdef object time = None
        cdef list samples = None
        if not took(cursor, b"{"):
            return None
        while True:
            if not take_key(cursor, &key):
                return None
            if equals(&key, b"timestamp", 9):
                time = self._time(cursor)
                if time is None:
                    return None
            elif equals(&key, b"sampledValue", 12):
                samples = self._samples(cursor)
                if samples is None:
                    return None
            else:
                return None
            if not took(cursor, b","):
                break
        return (time, samples) if took(cursor, b"}") and time is not None and samples is not None else None

    cdef object _time(self, Cursor* cursor):
        """Take a timestamp in UTC with at most six digits of the second; None if it is another."""
        cdef Span text
        cdef const char* place
        cdef int year, month, day, hour, minute, second, microsecond = 0, scale = 100000
        if not take_string(cursor, &text) or text.end - text.begin < 20:
            return None
        place = text.begin
        if place[4] != b"-" or place[7] != b"-" or place[10] != b"T" or place[13] != b":" or place[16] != b":":
            return None
        year = two_digits(place) * 100 + two_digits(place + 2)
        month, day = two_digits(place + 5), two_digits(place + 8)
        hour, minute, second = two_digits(place + 11), two_digits(place + 14), two_digits(place + 17)
        if year < 0 or month < 0 or day < 0 or hour < 0 or minute < 0 or second < 0:
            return None
        place += 19
        if place[0] == b".":
            place += 1
            if not b"0" <= place[0] <= b"9":
                return None
            while place < text.end and b"0" <= place[0] <= b"9":
                if scale == 0:
                    return None
                microsecond += (place[0] - c"0") * scale
                scale //= 10
                place += 1
        if place + 1 != text.end or place[0] != b"Z":
            return None
        try:
            return datetime_new(year, month, day, hour, minute, second, microsecond, UTC)
        except ValueError:
            return None

    cdef list _samples(self, Cursor* cursor):
        cdef list samples = []
        cdef object sample
        if not took(cursor, b"["):
            return None
        while True:
            sample = self._sample(cursor)
            if sample is None:
                return None
            samples.append(sample)
            if not took(cursor, b","):
                break
        return samples if took(cursor, b"]") else None

    cdef object _sample(self, Cursor* cursor):
        cdef double value = 0.0
        cdef Template template
        skip_space(cursor)
        template = self._latest.following
        if template is None or not take_predicted(template, cursor, &value):
            template = self._look_up(cursor, &value)
            if template is None:
                return None
            self._latest.following = template
        self._latest = template
        if template.factor != 1.0 or template.offset != 0.0:
            value = round(<object>(value * template.factor + template.offset), DECIMALS)
        return self._make_sample(template.channel, value)

    cdef Template _look_up(self, Cursor* cursor, double* value):
        """Take a sampled value whose template is known or can be learned."""
        cdef Span key, text, hole
        cdef const char* start = cursor.place
        cdef bytes whole
        cdef char* copied
        cdef Py_ssize_t before
        cdef PyObject* known
        hole.begin = hole.end = NULL
        if not took(cursor, b"{"):
            return None
        while True:
            if not take_key(cursor, &key) or not take_string(cursor, &text):
                return None
            if equals(&key, b"value", 5):
                hole = text
            if not took(cursor, b","):
                break
        if not took(cursor, b"}") or hole.begin == NULL or cursor.place - start > SAMPLED_VALUE_BYTES_MAX:
            return None
        if not read_number(&hole, value):
            return None
        before = hole.begin - start
        whole = PyBytes_FromStringAndSize(NULL, before + (cursor.place - hole.end))
        copied = PyBytes_AS_STRING(whole)
        memcpy(copied, start, before)
        memcpy(copied + before, hole.end, cursor.place - hole.end)
        known = PyDict_GetItemWithError(self._known, whole)
        if known is not NULL:
            return <object>known
        template = self._learned(PyBytes_FromStringAndSize(start, cursor.place - start), before, cursor.place - hole.end)
        if len(self._known) >= TEMPLATES_MAX:
            self._known.clear()
        self._known[whole] = template
        return template

    cdef Template _learned(self, bytes sampled_value, Py_ssize_t before, Py_ssize_t behind):
        cdef Template template
        learned = self._learn(sampled_value)
        if learned is None:
            return None
        template = Template()
        template.before = sampled_value[:before]
        template.behind = sampled_value[len(sampled_value) - behind:]
        template.channel, template.factor, template.offset = learned
        return template


cdef bint take_predicted(Template template, Cursor* cursor, double* value) noexcept:
    """Take a sampled value if it is of this template. Otherwise the cursor stays where it is."""
    cdef Span number
    cdef const char* place = cursor.place
    cdef Py_ssize_t before = len(template.before), behind = len(template.behind)
    if cursor.end - place < before + behind or memcmp(place, PyBytes_AS_STRING(template.before), before) != 0:
        return False
    place += before
    number.begin = place
    while place < cursor.end and place[0] != b'"':
        place += 1
    number.end = place
    if not read_number(&number, value):
        return False
    if cursor.end - place < behind or memcmp(place, PyBytes_AS_STRING(template.behind), behind) != 0:
        return False
    if place + behind - cursor.place > SAMPLED_VALUE_BYTES_MAX:
        return False
    cursor.place = place + behind
    return True
