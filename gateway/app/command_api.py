"""Carries out the commands of the API: each to its end, whoever still waits for it, and once per idempotency key."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.app.operator import DISK_FULL, DURABLE_S, JOURNAL_FULL, LoopOperator, recorded
from gateway.core import idempotency
from gateway.core.commands import Commander, CommandError, Fault
from gateway.core.facts.local_list import records_of_raw_call
from gateway.core.flows.flow import Flow, Shown
from gateway.core.idempotency import Key
from gateway.core.recorder import Recorder
from gateway.core.records import Fact
from gateway.core.stations import FACTS_MAX, Station
from gateway.io.problems import (
    Answer,
    Trouble,
    answer_of_lost_command,
    answer_to_call,
    answer_to_fault,
    answer_to_flow,
    answer_to_trouble,
)

UNDER_WAY_MAX: Final = 768
"""Commands that may be under way at once, those included whose clients have left: each holds a task, and while its
client waits one of the admin port's 1,024 connections. The rest of these is for health and metrics."""

Work: TypeAlias = Callable[[LoopOperator, Station], Awaitable[Answer]]


class UnderWay(Struct, eq=False):
    """A command with a key that has not ended."""

    fingerprint: str
    answer: asyncio.Task[Answer]


class CommandApi:
    """What the admin port can have stations do. `timeout_s` is how long a call may take, if the client says nothing."""

    def __init__(
        self,
        commander: Commander,
        recorder: Recorder,
        operator: Callable[[float], LoopOperator],
        *,
        now: Callable[[], datetime],
        timeout_s: float,
        timeout_max_s: float,
        log: Callable[..., None],
    ) -> None:
        """`operator` makes the one who carries out a command, from the time that each of its calls may take."""
        self.timeout_s: Final = timeout_s
        self.timeout_max_s: Final = timeout_max_s
        self.repeats = 0
        """Requests that got the answer of an earlier one with the same key."""
        self._commander = commander
        self._recorder = recorder
        self._operator = operator
        self._now = now
        self._log = log
        self._under_way: set[asyncio.Task[Answer]] = set()
        self._keyed: dict[tuple[str, str], UnderWay] = {}
        self._stopping = False

    @property
    def under_way(self) -> int:
        """How many commands have not ended."""
        return len(self._under_way)

    async def call(self, identity: str, action: str, payload: bytes, *, timeout_s: float, key: Key | None) -> Answer:
        """Send one call, and return what became of it. Never raises for what the client or the station did."""
        if payload.strip() == b"null":  # means the same in OCPP-J, but not every station knows
            payload = b"{}"

        async def work(operator: LoopOperator, station: Station) -> Answer:
            records = records_of_raw_call(action, self._now())
            if records and self._commander.reaches(station, action, payload):
                await operator.record(station, records)
            return answer_to_call(await operator.send(station, action, payload))

        command = f"calls/{action}"[: idempotency.COMMAND_CHARACTERS_MAX]
        return await self._once(identity, command, key, timeout_s, work)

    async def flow(self, identity: str, flow: Flow, request: Struct, *, timeout_s: float, key: Key | None) -> Answer:
        """Carry out a flow, and return what became of it. Never raises for what the client or the station did."""

        async def work(operator: LoopOperator, station: Station) -> Answer:
            return answer_to_flow(await flow.run(operator, station, request))

        return await self._once(identity, f"{flow.method} {flow.path}", key, timeout_s, work)

    def show(self, identity: str, shown: Shown, parameters: Mapping[str, str]) -> Answer | None:
        """Return what there is to see of a station, None if there is no such thing."""
        try:
            content = shown.show(self._commander.station(identity), parameters, self._now())
        except CommandError as error:
            return answer_to_fault(error)
        return None if content is None else Answer(200, msgspec.json.encode(content))

    async def drain(self, grace_s: float) -> None:
        """Take no more commands, and wait up to `grace_s` for those under way."""
        self._stopping = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_s)

    async def stop(self) -> None:
        """End everything: what has a key and no answer by now is unknown for ever."""
        await self.drain(DURABLE_S)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _once(self, identity: str, command: str, key: Key | None, timeout_s: float, work: Work) -> Answer:
        """Do the work for a station, unless its key says that it was done before or is being done."""
        try:
            station = self._commander.station(identity)
        except CommandError as error:
            return answer_to_fault(error)
        if key is None:
            return await self._start(self._done(station, command, timeout_s, work))
        place = (station.identity, key.text)
        under_way = self._keyed.get(place)
        if under_way is not None:
            if under_way.fingerprint != key.fingerprint:
                return answer_to_trouble(Trouble.KEY_REUSED)
            self.repeats += 1
            return msgspec.structs.replace(await asyncio.shield(under_way.answer), repeated=True)
        kept = idempotency.kept(station, key.text, self._now())
        if kept is not None:
            return self._repeated(kept, key)
        facts = station.facts(idempotency.COMMANDS.kind)
        if len(facts) >= FACTS_MAX and (station.identity, next(iter(facts))) in self._keyed:
            return answer_to_fault(CommandError(Fault.TOO_MANY, "the oldest of the kept keys has not ended yet"))
        return await self._start(
            self._done_once(station, command, key, timeout_s, work), partial(self._enter, place, key)
        )

    def _repeated(self, kept: idempotency.Kept, key: Key) -> Answer:
        if kept.fingerprint != key.fingerprint:
            return answer_to_trouble(Trouble.KEY_REUSED)
        self.repeats += 1
        if kept.status is None:
            return msgspec.structs.replace(answer_of_lost_command(), repeated=True)
        return Answer(kept.status, bytes(kept.body), repeated=True)

    def _enter(self, place: tuple[str, str], key: Key, task: asyncio.Task[Answer]) -> None:
        self._keyed[place] = UnderWay(key.fingerprint, task)
        task.add_done_callback(lambda _task: self._keyed.pop(place))

    async def _start(
        self,
        work: Coroutine[Any, Any, Answer],
        enter: Callable[[asyncio.Task[Answer]], None] = lambda _task: None,
    ) -> Answer:
        """Do work that goes on when whoever asked for it has left."""
        if self._stopping:
            work.close()
            return answer_to_trouble(Trouble.STOPPING)
        if len(self._under_way) >= UNDER_WAY_MAX:
            work.close()
            return answer_to_trouble(Trouble.CROWDED)
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        enter(task)
        return await asyncio.shield(task)

    async def _done(self, station: Station, command: str, timeout_s: float, work: Work) -> Answer:
        begun_s = asyncio.get_running_loop().time()
        answer, _taken_up = await self._attempt(station, timeout_s, work)
        self._log_end(station, command, begun_s, answer, with_key=False)
        return answer

    def _log_end(self, station: Station, command: str, begun_s: float, answer: Answer, *, with_key: bool) -> None:
        self._log(
            "command_ended",
            level="debug" if command.startswith("GET ") else "info",  # which asks nothing of the station
            station=station.identity,
            command=command,
            status=answer.status,
            seconds=round(asyncio.get_running_loop().time() - begun_s, 3),
            with_key=with_key,
        )

    async def _done_once(self, station: Station, command: str, key: Key, timeout_s: float, work: Work) -> Answer:
        """Do work between two records: that it begins, and what became of it."""
        if not self._recorder.has_room:
            return answer_to_fault(CommandError(Fault.JOURNAL_FULL, JOURNAL_FULL))
        begun_at, begun_s = self._now(), asyncio.get_running_loop().time()
        if not await self._record(station, idempotency.begun(key, begun_at, command)):
            self._recorder.record(station, [idempotency.forgotten(key, begun_at)], begun_at)
            return answer_to_fault(CommandError(Fault.JOURNAL_FULL, DISK_FULL))
        answer, taken_up = await self._attempt(station, timeout_s, work)
        now = self._now()
        if taken_up:
            fact = idempotency.ended(
                station, key, begun_at, now, status=answer.status, body=answer.body, command=command
            )
        else:
            fact = idempotency.forgotten(key, now)
        if not await self._record(station, fact):
            self._log("outcome_not_durable", level="warning", station=station.identity)
        self._log_end(station, command, begun_s, answer, with_key=True)
        return answer

    async def _attempt(self, station: Station, timeout_s: float, work: Work) -> tuple[Answer, bool]:
        """Return the answer, and whether the command was taken up at all: if not, its key is free again."""
        operator = self._operator(timeout_s)
        try:
            return await work(operator, station), True
        except CommandError as error:
            return answer_to_fault(error), operator.acted
        except Exception as error:
            self._log("command_failed", level="error", station=station.identity, error=repr(error))
            return answer_to_trouble(Trouble.OUR_ERROR), True

    async def _record(self, station: Station, fact: Fact) -> bool:
        """Let a fact take effect, and return whether it is on disk within `DURABLE_S`."""
        return await recorded(self._recorder, station, [fact], self._now())
