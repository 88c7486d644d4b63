"""Charging transactions as live state: what is known of a running one, and which sequence numbers are missing."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.core.records import TransactionEvent

MISSING_SEQ_NOS_MAX: Final = 100
"""Missing sequence numbers remembered per transaction; a station that lost more has lost its whole queue."""


class SeqNos(Struct):
    """Which `seqNo`s of one transaction have arrived (OCPP 2.0.1 Part 2, use case E01 and section 1.3 of Part 4).

    A counter may go on from transaction to transaction, so the first one of a transaction is what its Started event
    carries; only where Started itself is missing are the numbers from 0 counted as missing.
    """

    highest: int = -1
    missing: list[int] = []

    def add(self, seq_no: int, *, started: bool) -> bool:
        """Note `seq_no` as arrived. Return False if it had: with another payload then, or this were a repeat."""
        if started and self.highest < 0:
            self.highest = seq_no
            return True
        if seq_no > self.highest:
            self.missing.extend(range(self.highest + 1, seq_no)[: MISSING_SEQ_NOS_MAX - len(self.missing)])
            self.highest = seq_no
            return True
        is_new = seq_no in self.missing
        if started:
            self.missing = [missing for missing in self.missing if missing > seq_no]
        elif is_new:
            self.missing.remove(seq_no)
        return is_new


class Transaction(Struct):
    """One transaction of a station: running, or ended and remembered for what arrives late.

    `charging_state` is None once it has ended.
    """

    transaction: str
    evse: int | None = None
    connector: int | None = None
    id_token: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    start_wh: float | None = None
    register_wh: float | None = None
    charging_state: str | None = None
    seq_nos: SeqNos | None = None

    def apply(self, event: TransactionEvent) -> None:
        """Take in one step. Steps may come late or twice; what is known is never replaced by what is not."""
        self.evse = self.evse if event.evse is None else event.evse
        self.connector = self.connector if event.connector is None else event.connector
        self.id_token = self.id_token or event.id_token
        if event.charging_state is not None:
            self.charging_state = event.charging_state
        if event.register_wh is not None:
            self.register_wh = event.register_wh
        if event.event == "Started":
            self.started_at = event.time
            self.start_wh = event.register_wh
        elif event.event == "Ended":
            self.ended_at = event.time
        if self.ended_at is not None:
            self.charging_state = None
        if event.seq_no is not None:
            if self.seq_nos is None:
                self.seq_nos = SeqNos()
            self.seq_nos.add(event.seq_no, started=event.event == "Started")
