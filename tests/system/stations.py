"""Stations as the field has them, on the `websockets` client: one open CALL, sent again until it is answered.

They keep a ledger of what they sent and what they were told, which is held against the store afterwards.
"""

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.system.process import DEADLINE_S, rows

RECONNECT_S = 0.02

METER_VALUES_PER_TRANSACTION = 3

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")


@dataclass(slots=True)
class Message:
    """One message with a reading. Its value is unique in the test; `is_event` says that it is a transaction's step."""

    station: str
    value: float
    is_event: bool
    last_sent_at: datetime | None = None
    acknowledged: bool = False


READINGS = "SELECT station, value FROM reading WHERE value IS NOT NULL"

TRANSACTIONS = """
    SELECT "transaction", station, start_wh, energy_wh, ended_at, missing_seq_nos FROM charging_transaction
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store has: rows of READINGS and of TRANSACTIONS, and how many steps of transactions it has counted."""

    readings: list[tuple[Any, ...]]
    transaction_events: int
    transactions: list[tuple[Any, ...]]


@dataclass
class Ledger:
    """What all stations sent, and what they were told."""

    messages: list[Message] = field(default_factory=list)
    transactions: dict[str, tuple[str, float]] = field(default_factory=dict)
    """(station, first value) by the id of each transaction that a station knows of."""
    ended: set[str] = field(default_factory=set)
    """Ids of the transactions whose end was acknowledged."""
    last_values: dict[str, float] = field(default_factory=dict)
    """Their last values, by id."""
    acknowledged: int = 0
    connects: int = 0
    cuts: int = 0
    repeated_starts: int = 0
    values: itertools.count = field(default_factory=lambda: itertools.count(1))

    def note_transaction(self, transaction: str, station: str, value: float) -> None:
        known = self.transactions.setdefault(transaction, (station, value))
        assert known == (station, value), f"id {transaction} was given to {known} and to {(station, value)}"

    def note_end(self, transaction: str, value: float) -> None:
        self.last_values[transaction] = value
        self.ended.add(transaction)

    def check(self, store_file: Path) -> None:
        """Hold the ledger against an SQLite store."""
        ((events,),) = rows(store_file, "SELECT total FROM stored WHERE kind = 'transaction_event'")
        self.check_stored(
            Stored(
                readings=rows(store_file, READINGS),
                transaction_events=events,
                transactions=rows(store_file, TRANSACTIONS),
            )
        )

    def check_stored(self, stored: "Stored") -> None:
        """Hold the ledger against what a store has."""
        times_stored = Counter(stored.readings)
        sent = {(message.station, message.value): message for message in self.messages}
        assert not [key for key, times in times_stored.items() if times > 1], "stored twice"
        assert not [key for key in times_stored if key not in sent], "stored, but never sent"
        lost = [key for key, message in sent.items() if message.acknowledged and key not in times_stored]
        assert not lost, f"acknowledged, but not stored: {lost}"

        assert stored.transaction_events == sum(sent[key].is_event for key in times_stored)
        by_id = {transaction: tuple(rest) for transaction, *rest in stored.transactions}
        assert len(by_id) == len(stored.transactions), "a transaction id at two stations"
        for transaction, (station, value) in self.transactions.items():
            stored_at, start_wh, energy_wh, ended_at, missing = by_id[transaction]
            assert (stored_at, start_wh, missing) == (station, value, "[]")
            if transaction in self.ended:
                assert ended_at is not None
                assert energy_wh == self.last_values[transaction] - value

    def journalled_before_the_last_sending(self, store_file: Path) -> int:
        """Return how many acknowledged messages were in the journal already when they were sent for the last time."""
        received = dict(rows(store_file, "SELECT value, received_at FROM reading"))
        return sum(
            message.acknowledged
            and message.last_sent_at is not None
            and received[message.value] < message.last_sent_at.isoformat(timespec="milliseconds")[:23]
            for message in self.messages
        )


class Station:
    """One station. `cut_share` of its messages are followed by the loss of the connection, before any answer."""

    def __init__(
        self, identity: str, version: str, url: str, ledger: Ledger, dice: random.Random, *, cut_share: float = 0.0
    ) -> None:
        self.identity = identity
        self.version = version
        self.ledger = ledger
        self._url = url
        self._dice = dice
        self._cut_share = cut_share
        self._message_ids = itertools.count(1)
        self._connection: ClientConnection | None = None

    async def connect(self) -> ClientConnection:
        """Return the open connection, a new one if it was lost."""
        async with asyncio.timeout(DEADLINE_S):
            while self._connection is None:
                try:
                    self._connection = await connect(
                        self._url, subprotocols=[self.version], ping_interval=None, proxy=None, open_timeout=DEADLINE_S
                    )
                    self.ledger.connects += 1
                except (OSError, EOFError, WebSocketException):
                    await asyncio.sleep(RECONNECT_S * self._dice.uniform(0.5, 1.5))
        return self._connection

    def cut(self) -> None:
        """Lose the connection without a word."""
        if self._connection is not None:
            self._connection.transport.abort()
            self._connection = None

    async def close(self) -> None:
        """Close the connection properly."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def boot(self) -> None:
        """Be accepted."""
        if self.version == "ocpp1.6":
            payload: dict[str, Any] = {"chargePointVendor": "V", "chargePointModel": "M"}
        else:
            payload = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
        assert (await self.call("BootNotification", payload))["status"] == "Accepted"

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a CALL without a reading."""
        return await self._answered(self._text(action, payload), None)

    async def report(self, action: str, payload: dict[str, Any], value: float, *, is_event: bool) -> dict[str, Any]:
        """Return the answer to a CALL with the reading `value`. Now and then ask twice: a repeat, answered alike."""
        message = Message(self.identity, value, is_event)
        self.ledger.messages.append(message)
        text = self._text(action, payload)
        answer = await self._answered(text, message)
        message.acknowledged = True
        self.ledger.acknowledged += 1
        if action == "StartTransaction" and self._dice.random() < 0.3:
            self.ledger.repeated_starts += 1
            assert await self._answered(text, None) == answer
        return answer

    async def say(self, action: str, payload: dict[str, Any], value: float) -> Callable[[], None]:
        """Send a SEND with the reading `value`, which is never answered. What is returned is called after an answer to
        a later CALL: if that came on the same connection, the gateway has taken in what was said before it."""
        message = Message(self.identity, value, is_event=False)
        self.ledger.messages.append(message)
        connection = await self.connect()
        with contextlib.suppress(WebSocketException):
            await connection.send(json.dumps([6, f"{self.identity}-{next(self._message_ids)}", action, payload]))

        def note_answer() -> None:
            message.acknowledged = self._connection is connection

        return note_answer

    async def report_and_leave(self, action: str, payload: dict[str, Any], value: float) -> None:
        """Send a CALL with the reading `value` and lose the connection for good, before it is answered."""
        self.ledger.messages.append(Message(self.identity, value, is_event=False))
        connection = await self.connect()
        await connection.send(self._text(action, payload))
        self.cut()

    def _text(self, action: str, payload: dict[str, Any]) -> str:
        return json.dumps([2, f"{self.identity}-{next(self._message_ids)}", action, payload])

    async def _answered(self, text: str, message: Message | None) -> dict[str, Any]:
        message_id = json.loads(text)[1]
        while True:
            connection = await self.connect()
            if message is not None:
                message.last_sent_at = datetime.now(UTC)
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await connection.send(text)
                    if self._dice.random() < self._cut_share:
                        self.ledger.cuts += 1
                        await asyncio.sleep(0)
                        self.cut()
                        continue
                    answer = json.loads(await connection.recv())
            except WebSocketException:
                self._connection = None
                continue
            assert answer[:2] == [3, message_id], f"{text} was answered {answer}"
            return answer[2]


Charge = Callable[[Station, asyncio.Event], Awaitable[None]]


async def charge_16(station: Station, enough: asyncio.Event) -> None:
    """Charge one car after the other until it is `enough`, and leave in the middle of a transaction."""
    values = station.ledger.values
    while True:
        value = next(values)
        answer = await station.report("StartTransaction", start_16(value), value, is_event=True)
        transaction = answer["transactionId"]
        station.ledger.note_transaction(str(transaction), station.identity, value)
        for value in itertools.islice(values, METER_VALUES_PER_TRANSACTION):
            await station.report("MeterValues", meter_values_16(transaction, value), value, is_event=False)
        value = next(values)
        if enough.is_set():
            await station.report_and_leave("MeterValues", meter_values_16(transaction, value), value)
            return
        await station.report("StopTransaction", stop_16(transaction, value), value, is_event=True)
        station.ledger.note_end(str(transaction), value)


async def charge_201(station: Station, enough: asyncio.Event) -> None:
    """Charge one car after the other until it is `enough`."""
    ledger = station.ledger
    for number in itertools.count(1):
        transaction = f"{station.identity}/{number}"
        for seq_no in range(METER_VALUES_PER_TRANSACTION + 2):
            value = next(ledger.values)
            await station.report("TransactionEvent", event_201(transaction, seq_no, value), value, is_event=True)
            if seq_no == 0:
                ledger.note_transaction(transaction, station.identity, value)
        ledger.note_end(transaction, value)
        if enough.is_set():
            return


async def charge_21(station: Station, enough: asyncio.Event) -> None:
    """Charge as in 2.0.1, with an event stream beside: its values are not answered, but as durable as what is."""
    ledger = station.ledger
    for number in itertools.count(1):
        transaction = f"{station.identity}/{number}"
        for seq_no in range(METER_VALUES_PER_TRANSACTION + 2):
            streamed, value = next(ledger.values), next(ledger.values)
            note_answer = await station.say("NotifyPeriodicEventStream", stream_21(streamed), streamed)
            await station.report("TransactionEvent", event_201(transaction, seq_no, value), value, is_event=True)
            note_answer()
            if seq_no == 0:
                ledger.note_transaction(transaction, station.identity, value)
        ledger.note_end(transaction, value)
        if enough.is_set():
            return


async def meter_16(station: Station, enough: asyncio.Event, *, signed_bytes: int = 0) -> None:
    """Report one meter value after the other until it is `enough`, each with signed data of `signed_bytes`."""
    while not enough.is_set():
        value = next(station.ledger.values)
        payload = meter_values_16(None, value, signed=f"{value:0{signed_bytes}}" if signed_bytes else "")
        await station.report("MeterValues", payload, value, is_event=False)


def start_16(value: int) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "TAG", "meterStart": value, "timestamp": stamp()}


def meter_values_16(transaction: int | None, value: float, *, signed: str = "") -> dict[str, Any]:
    samples = [{"value": str(value)}]
    if signed:
        samples.append({"value": signed, "format": "SignedData"})
    payload = {"connectorId": 1, "meterValue": [{"timestamp": stamp(), "sampledValue": samples}]}
    return payload if transaction is None else {**payload, "transactionId": transaction}


def stop_16(transaction: int, value: int) -> dict[str, Any]:
    return {"transactionId": transaction, "meterStop": value, "timestamp": stamp(), "reason": "Local"}


def event_201(transaction: str, seq_no: int, value: float) -> dict[str, Any]:
    event = {0: "Started", METER_VALUES_PER_TRANSACTION + 1: "Ended"}.get(seq_no, "Updated")
    return {
        "eventType": event,
        "timestamp": stamp(),
        "triggerReason": "MeterValuePeriodic" if event == "Updated" else "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": transaction, "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "TAG", "type": "ISO14443"},
        "meterValue": [{"timestamp": stamp(), "sampledValue": [{"value": value}]}],
    }


def stream_21(value: float) -> dict[str, Any]:
    return {"id": 1, "pending": 0, "basetime": stamp(), "data": [{"t": 0, "v": str(value)}]}


def stamp() -> str:
    """Return the present time as stations write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


CHARGE: dict[str, Charge] = {"ocpp1.6": charge_16, "ocpp2.0.1": charge_201, "ocpp2.1": charge_21}
