"""The one door to compiled code. Nothing else in the project knows that `gateway._speedups` exists.

Type checkers read the plain twins, so no stub can drift. With `GATEWAY_PURE=1` in the environment the twins run in
place of the compiled leaves, for tests and debugging only. A missing extension is an error, never a silent slow path.
"""

import os
from typing import TYPE_CHECKING

from gateway.hot.allocate import ALL_PHASES, Link, Share
from gateway.hot.deflate import Deflater
from gateway.hot.envelope import DEPTH_MAX, MESSAGE_ID_CHARACTERS_MAX, Envelope, EnvelopeError, EnvelopeFault
from gateway.hot.frames import BINARY, CLOSE, COMPRESSED, CONTINUATION, FAILED, FRAGMENTS_MAX, PING, PONG, TEXT
from gateway.hot.reading_rows import (
    NO_ROLE,
    POWER,
    REGISTER,
    Codes,
    Merged,
    OtherRecord,
    PowerSum,
    RegisterSpan,
    Seen,
    Updates,
)
from gateway.hot.readings import DECIMALS, Learned, MeterValues

PURE = os.environ.get("GATEWAY_PURE") == "1"

if TYPE_CHECKING or PURE:
    from gateway.hot.allocate import Site
    from gateway.hot.counters import Counters, Histogram
    from gateway.hot.digest import digest64
    from gateway.hot.envelope import split_envelope
    from gateway.hot.frames import FrameReader, server_frame
    from gateway.hot.reading_rows import ReadingRows, stations_in
    from gateway.hot.readings import MeterValuesReader
else:
    try:
        from gateway._speedups.allocate import Site
        from gateway._speedups.counters import Counters, Histogram
        from gateway._speedups.digest import digest64
        from gateway._speedups.envelope import split_envelope
        from gateway._speedups.frames import FrameReader, server_frame
        from gateway._speedups.reading_rows import ReadingRows, stations_in
        from gateway._speedups.readings import MeterValuesReader
    except ModuleNotFoundError as error:
        raise ImportError(f"ocpp-gateway: {error.name} is not compiled. Run: make setup") from None

__all__ = [
    "ALL_PHASES",
    "BINARY",
    "CLOSE",
    "COMPRESSED",
    "CONTINUATION",
    "DECIMALS",
    "DEPTH_MAX",
    "FAILED",
    "FRAGMENTS_MAX",
    "MESSAGE_ID_CHARACTERS_MAX",
    "NO_ROLE",
    "PING",
    "PONG",
    "POWER",
    "PURE",
    "REGISTER",
    "TEXT",
    "Codes",
    "Counters",
    "Deflater",
    "Envelope",
    "EnvelopeError",
    "EnvelopeFault",
    "FrameReader",
    "Histogram",
    "Learned",
    "Link",
    "Merged",
    "MeterValues",
    "MeterValuesReader",
    "OtherRecord",
    "PowerSum",
    "ReadingRows",
    "RegisterSpan",
    "Seen",
    "Share",
    "Site",
    "Updates",
    "digest64",
    "server_frame",
    "split_envelope",
    "stations_in",
]
