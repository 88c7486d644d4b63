"""OCPP-J envelopes, and JSON as this gateway defines it (the docstring of the plain twin, gateway/hot/envelope.py).

One pass over the text, without recursion, and without a Python object for anything in the payload.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport isinf
from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcmp

from gateway.hot.envelope import DEPTH_MAX as DEPTH_MAX_OF_TWIN
from gateway.hot.envelope import MESSAGE_ID_CHARACTERS_MAX as MESSAGE_ID_CHARACTERS_MAX_OF_TWIN
from gateway.hot.envelope import EnvelopeError, EnvelopeFault, unescaped

cdef enum:
    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6

    DEPTH_MAX = 32
    ELEMENTS_MAX = 5
    KEYS_COMPARED_MAX = 16      # objects with more keys, or with an escape in one, get a set
    INTEGER_DIGITS_MAX = 308    # the largest double has 309

assert DEPTH_MAX == DEPTH_MAX_OF_TWIN

cdef Py_ssize_t MESSAGE_ID_CHARACTERS_MAX = MESSAGE_ID_CHARACTERS_MAX_OF_TWIN

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    /* How many of the 8 bytes at `at` come before the first quote, backslash or control character. */
    static inline unsigned plain_bytes(const uint8_t *at) {
        const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
        uint64_t word, quote, backslash, found;
        memcpy(&word, at, 8);
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        quote = word ^ (ones * '"');
        backslash = word ^ (ones * 0x5C);
        found = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word);
        found &= high;
        return found ? (unsigned) __builtin_ctzll(found) >> 3 : 8;
    }
    """
    unsigned int plain_bytes(const uint8_t* at) noexcept nogil


cdef struct Span:
    Py_ssize_t start
    Py_ssize_t end


cdef struct Level:
    uint8_t closing                 # the byte that closes this array or object
    bint has_set                    # its keys are in the last of `sets`
    Py_ssize_t key_count
    Span keys[KEYS_COMPARED_MAX]    # without quotes


cdef struct Scan:
    const uint8_t* text             # a NUL follows the last byte, so that one byte may be read without asking
    Py_ssize_t size
    Py_ssize_t element_count        # of the outermost array so far, also beyond ELEMENTS_MAX
    Span elements[ELEMENTS_MAX]
    int depth
    Level levels[DEPTH_MAX]


def split_envelope(bytes text not None):
    """Check the whole text of an OCPP-J message and return (type, message id, word, description, start, end).

    `text[start:end]` is the payload, or the details of a CALLERROR or CALLRESULTERROR: any JSON value. `word` is the
    action of a CALL or SEND, the error code of an error, "" in a CALLRESULT. `description` is "" but for errors.

    The caller has checked that `text` is UTF-8; if it is not, UnicodeDecodeError may be raised. Everything else that
    is wrong raises EnvelopeError. Whether the type exists in the station's version is for the caller to rule on.

    Source: OCPP-J 1.6 section 4.2, OCPP 2.1 Part 4 section 4.2.
    """
    cdef Scan scan
    cdef int message_type
    cdef Py_ssize_t expected
    cdef str message_id, word = "", description = ""
    scan_text(&scan, text)
    if scan.text[skip_space(&scan, 0)] != c"[":
        raise EnvelopeError(EnvelopeFault.NOT_AN_ENVELOPE, None, "not an array", None)
    message_type = known_message_type(&scan)
    if message_type == 0:
        raise no_known_message_type(&scan)
    message_id = read_message_id(&scan)
    if message_id is None and scan.element_count > 1:
        raise error(&scan, EnvelopeFault.BAD_MESSAGE_ID, f"not a string of 1 to {MESSAGE_ID_CHARACTERS_MAX} characters")
    expected = 3 if message_type == CALLRESULT else 4 if message_type == CALL or message_type == SEND else 5
    if scan.element_count != expected:
        raise error(&scan, EnvelopeFault.NOT_AN_ENVELOPE, f"{scan.element_count} elements instead of {expected}")
    if message_type != CALLRESULT:
        word = read_string(&scan, 2, "action" if expected == 4 else "error code")
    if expected == 5:
        description = read_string(&scan, 3, "error description")
    return message_type, message_id, word, description, scan.elements[expected - 1].start, scan.elements[expected - 1].end


cdef int scan_text(Scan* scan, bytes text) except -1:
    """Walk over the whole text and note where the elements of the outermost array are."""
    cdef list sets = []         # of the open objects that have one, innermost last
    cdef Level* level
    cdef Py_ssize_t at
    cdef uint8_t byte
    scan.text = <const uint8_t*> PyBytes_AS_STRING(text)
    scan.size = PyBytes_GET_SIZE(text)
    scan.element_count = 0
    scan.depth = 0
    at = skip_space(scan, 0)
    while True:
        # A value starts at `at`.
        byte = scan.text[at]
        if byte == c'"':
            at = skip_string(scan, at, NULL)
        elif byte == c"{" or byte == c"[":
            level = open_level(scan, at)
            at = skip_space(scan, at + 1)
            if scan.text[at] != level.closing:
                if byte == c"{":
                    at = read_key(scan, level, at, sets)
                start_element(scan, at)
                continue
            scan.depth -= 1
            at += 1
        elif byte == c"-" or c"0" <= byte <= c"9":
            at = skip_number(scan, at)
        else:
            at = skip_literal(scan, at)
        # A value has ended before `at`, and perhaps what holds it.
        while True:
            end_element(scan, at)
            at = skip_space(scan, at)
            if scan.depth == 0:
                if at != scan.size:
                    raise unexpected(scan, at)
                return 0
            level = &scan.levels[scan.depth - 1]
            if scan.text[at] != level.closing:
                break
            if level.has_set:
                sets.pop()
            scan.depth -= 1
            at += 1
        if scan.text[at] != c",":
            raise unexpected(scan, at)
        at = skip_space(scan, at + 1)
        if level.closing == c"}":
            at = read_key(scan, level, at, sets)
        start_element(scan, at)


cdef Level* open_level(Scan* scan, Py_ssize_t at) except NULL:
    """Enter the array or object that starts at `at`."""
    cdef Level* level
    if scan.depth == DEPTH_MAX:
        raise not_json(scan, at, f"nested deeper than {DEPTH_MAX}")
    level = &scan.levels[scan.depth]
    level.closing = c"}" if scan.text[at] == c"{" else c"]"
    level.has_set = False
    level.key_count = 0
    scan.depth += 1
    return level


cdef inline void start_element(Scan* scan, Py_ssize_t at) noexcept:
    if scan.depth == 1 and scan.element_count < ELEMENTS_MAX:
        scan.elements[scan.element_count].start = at


cdef inline void end_element(Scan* scan, Py_ssize_t at) noexcept:
    if scan.depth == 1 and scan.levels[0].closing == c"]":
        if scan.element_count < ELEMENTS_MAX:
            scan.elements[scan.element_count].end = at
        scan.element_count += 1


cdef Py_ssize_t read_key(Scan* scan, Level* level, Py_ssize_t at, list sets) except -1:
    """Read the key that starts at `at` and the colon behind it; return where the value starts."""
    cdef bint has_escape = False
    cdef Py_ssize_t end
    if scan.text[at] != c'"':
        raise unexpected(scan, at)
    end = skip_string(scan, at, &has_escape)
    if not add_key(scan, level, Span(at + 1, end - 1), has_escape, sets):
        raise not_json(scan, at, "duplicate key")
    at = skip_space(scan, end)
    if scan.text[at] != c":":
        raise unexpected(scan, at)
    return skip_space(scan, at + 1)


cdef bint add_key(Scan* scan, Level* level, Span key, bint has_escape, list sets) except -1:
    """Note a key of the innermost object; False if it has been there. Linear over any number of keys."""
    cdef Py_ssize_t index
    cdef Py_ssize_t size = key.end - key.start
    cdef Span other
    cdef set keys
    if not level.has_set:
        if not has_escape:
            for index in range(level.key_count):
                other = level.keys[index]
                if other.end - other.start == size and not memcmp(scan.text + other.start, scan.text + key.start, size):
                    return False
            if level.key_count < KEYS_COMPARED_MAX:
                level.keys[level.key_count] = key
                level.key_count += 1
                return True
        sets.append({plain_string(scan, level.keys[index]) for index in range(level.key_count)})
        level.has_set = True
    keys = sets[-1]
    string = string_value(scan, Span(key.start - 1, key.end + 1)) if has_escape else plain_string(scan, key)
    if string in keys:
        return False
    keys.add(string)
    return True


cdef inline Py_ssize_t skip_space(Scan* scan, Py_ssize_t at) noexcept:
    cdef uint8_t byte = scan.text[at]
    while byte == c" " or byte == c"\n" or byte == c"\r" or byte == c"\t":
        at += 1
        byte = scan.text[at]
    return at


cdef Py_ssize_t skip_string(Scan* scan, Py_ssize_t start, bint* has_escape) except -1:
    """Return the end of the string that starts at `start`, quotes included; `has_escape` may be NULL."""
    cdef const uint8_t* text = scan.text
    cdef Py_ssize_t at = start + 1
    cdef bint lone_surrogate = False
    cdef unsigned int plain
    cdef int unit
    while True:
        while at + 8 <= scan.size:
            plain = plain_bytes(text + at)
            at += plain
            if plain < 8:
                break
        while text[at] >= 0x20 and text[at] != c'"' and text[at] != c"\\":
            at += 1
        if text[at] != c"\\":
            break
        if has_escape is not NULL:
            has_escape[0] = True
        if text[at + 1] == c"u":
            unit = code_unit(text + at)
            if unit < 0:
                break
            at += 6
            if 0xD800 <= unit < 0xDC00 and 0xDC00 <= code_unit(text + at) < 0xE000:
                at += 6
            elif 0xD800 <= unit < 0xE000:
                lone_surrogate = True
        elif text[at + 1] and memchr(b'"\\/bfnrt', text[at + 1], 8) is not NULL:
            at += 2
        else:
            break
    if text[at] != c'"':
        raise not_json(scan, start, "invalid string")
    if lone_surrogate:
        raise not_json(scan, start, "lone surrogate")
    return at + 1


cdef int code_unit(const uint8_t* at) noexcept:
    """Return the value of the escape `\\uXXXX` at `at`, or -1 if there is none. Stops at the NUL behind the text."""
    cdef int value = 0
    cdef int index
    cdef uint8_t byte
    if at[0] != c"\\" or at[1] != c"u":
        return -1
    for index in range(2, 6):
        byte = at[index]
        if c"0" <= byte <= c"9":
            value = value << 4 | byte - c"0"
        elif c"a" <= byte | 0x20 <= c"f":
            value = value << 4 | (byte | 0x20) - c"a" + 10
        else:
            return -1
    return value


cdef Py_ssize_t skip_number(Scan* scan, Py_ssize_t start) except -1:
    """Return the end of the number that starts at `start`."""
    cdef const uint8_t* text = scan.text
    cdef Py_ssize_t at = start + (text[start] == c"-")
    cdef Py_ssize_t digits = at
    cdef bint may_overflow
    cdef bint valid = c"0" <= text[at] <= c"9"
    at = at + 1 if text[at] == c"0" else skip_digits(text, at)
    may_overflow = at - digits > INTEGER_DIGITS_MAX
    if text[at] == c".":
        digits = at + 1
        at = skip_digits(text, digits)
        valid &= at > digits
    if text[at] == c"e" or text[at] == c"E":
        may_overflow = True
        digits = at + 2 if text[at + 1] == c"+" or text[at + 1] == c"-" else at + 1
        at = skip_digits(text, digits)
        valid &= at > digits
    if not valid or c"0" <= text[at] <= c"9" or (text[at] and memchr(b".eE+-", text[at], 5) is not NULL):
        raise not_json(scan, start, "invalid number")
    if may_overflow and isinf(<double> float(text[start:at])):
        raise not_json(scan, start, "number is too large for a double")
    return at


cdef inline Py_ssize_t skip_digits(const uint8_t* text, Py_ssize_t at) noexcept:
    while c"0" <= text[at] <= c"9":
        at += 1
    return at


cdef Py_ssize_t skip_literal(Scan* scan, Py_ssize_t at) except -1:
    """Return the end of the `true`, `false` or `null` that starts at `at`; anything else is an error."""
    cdef const uint8_t* text = scan.text + at
    cdef Py_ssize_t left = scan.size - at
    if left >= 4 and (not memcmp(text, b"true", 4) or not memcmp(text, b"null", 4)):
        return at + 4
    if left >= 5 and not memcmp(text, b"false", 5):
        return at + 5
    raise unexpected(scan, at)


cdef inline int known_message_type(Scan* scan) noexcept:
    """Return the message type number, or 0 if it is none of 2 to 6."""
    cdef Span span
    if scan.element_count == 0:
        return 0
    span = scan.elements[0]
    if span.end - span.start != 1 or not c"2" <= scan.text[span.start] <= c"6":
        return 0
    return scan.text[span.start] - c"0"


cdef object read_message_type(Scan* scan):
    """Return the integer that is the first element, or None."""
    cdef Span span
    if scan.element_count == 0:
        return None
    span = scan.elements[0]
    token = scan.text[span.start:span.end]
    return int(token) if token.removeprefix(b"-").isdigit() else None


cdef str read_message_id(Scan* scan):
    """Return the message id, or None if the second element is not there or cannot be one."""
    cdef str message_id
    if scan.element_count < 2 or scan.text[scan.elements[1].start] != c'"':
        return None
    message_id = string_value(scan, scan.elements[1])
    return message_id if 1 <= len(message_id) <= MESSAGE_ID_CHARACTERS_MAX else None


cdef str read_string(Scan* scan, int index, str name):
    """Return the element at `index`, which must be a string."""
    if scan.text[scan.elements[index].start] != c'"':
        raise error(scan, EnvelopeFault.NOT_AN_ENVELOPE, f"{name} is not a string")
    return string_value(scan, scan.elements[index])


cdef str string_value(Scan* scan, Span token):
    """Return the value of a string token that has been checked, quotes included."""
    cdef Py_ssize_t size = token.end - token.start
    if memchr(scan.text + token.start, c"\\", size) is NULL:
        return plain_string(scan, Span(token.start + 1, token.end - 1))
    return unescaped(scan.text[token.start:token.end])


cdef inline str plain_string(Scan* scan, Span span):
    """Return the text in `span`, which holds no escape."""
    return PyUnicode_DecodeUTF8(<const char*> scan.text + span.start, span.end - span.start, NULL)


cdef object error(Scan* scan, object kind, str reason):
    """Return the error, with what could be read of the message type and id."""
    message_type = read_message_type(scan)
    message_id = None if message_type is None else read_message_id(scan)
    return EnvelopeError(kind, message_id, reason, message_type)


cdef object no_known_message_type(Scan* scan):
    if scan.element_count == 0:
        return error(scan, EnvelopeFault.NOT_AN_ENVELOPE, "empty array")
    if read_message_type(scan) is None:
        return error(scan, EnvelopeFault.NOT_AN_ENVELOPE, "no message type number")
    return error(scan, EnvelopeFault.UNKNOWN_TYPE, "message type number is none of 2 to 6")


cdef object not_json(Scan* scan, Py_ssize_t at, str reason):
    return error(scan, EnvelopeFault.NOT_JSON, f"byte {at}: {reason}")


cdef object unexpected(Scan* scan, Py_ssize_t at):
    if at >= scan.size:
        return error(scan, EnvelopeFault.NOT_JSON, "text ends too early")
    return not_json(scan, at, "unexpected character")
