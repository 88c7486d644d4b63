"""What really happened, kept beside what was sent, so that somebody can compare it with a database."""

from datetime import datetime

from msgspec import Struct


class SampleTruth(Struct, frozen=True):
    """One periodic meter value that was put into the queue."""

    time: datetime
    register_wh: int
    power_w: float
    soc_percent: int | None


class TransactionTruth(Struct):
    """One transaction. `transaction` is the station's own id; `server_id` the one that a 1.6 server has given it.

    `energy_wh` is exact, the registers are whole Wh. Until the end, `ended_at` and what belongs to it is None.
    """

    station: str
    version: str
    evse: int
    transaction: str
    id_token: str
    started_at: datetime
    register_start_wh: int
    server_id: int | None = None
    ended_at: datetime | None = None
    register_end_wh: int | None = None
    energy_wh: float = 0.0
    stopped_reason: str | None = None
    samples: list[SampleTruth] = []
    acknowledged: int = 0
    """How many of its messages the server has answered with a CALLRESULT."""
    sent_offline: int = 0
    """How many of its steps happened without a connection."""
