"""One station and its gateway without input and output, and the invariants that hold after every step."""

import json
from collections.abc import Callable
from typing import Any

from bench.fuzz.hunt import Complaint, Step
from bench.fuzz.reading import Said, beyond_records, leak, read
from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import Commander, CommandError, Fault
from gateway.core.quirks import BY_NAME
from gateway.core.quirks.policy import QuirkGroup, QuirkPolicy
from gateway.core.quirks.second_look import SecondLook
from gateway.core.records import Entry
from gateway.wire.versions import VERSIONS
from tests.core.station_bench import CODES, MESSAGES, Bench, Line, ManualJournal
from tests.parity.test_envelope import is_strict_json
from tests.wire import schema_oracle

CALL_STEP = "call"
"""`call ACTION BODY` has an operator command the station."""

MOVES = ("commit", "commit", "full", "room", "later", "reconnect")

CALL_TIMEOUT_S = 30.0
IDENTITY = "STATION-UNDER-TEST"

DESCRIPTION_CHARACTERS_MAX = 255
"""OCPP 2.x Part 4 section 4.2.3."""

SIGNED = "-Signed"
"""Behind the name of an action whose payload is signed (OCPP 2.x Part 4 section 7)."""

TRANSACTION_ACTIONS = {"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"}

_validators = {key: schema_oracle.validator(message.schema) for key, message in MESSAGES.items()}


class WrongError(Exception):
    """An invariant does not hold."""

    def __init__(self, kind: str, detail: object) -> None:
        super().__init__(kind)
        self.complaint = Complaint(kind, str(detail))


class Command:
    """A call of ours, as far as it can be seen from outside."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.message_id: str | None = None
        self.ends: list[CallEnded] = []

    def __repr__(self) -> str:
        return f"{self.action} {self.message_id}: {self.ends}"


class WatchedJournal(ManualJournal):
    """Knows which entries of CALLs are not on disk yet; `owner` is who appends."""

    def __init__(self) -> None:
        super().__init__()
        self.owner: object = None
        self.pending: list[object] = []

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        """Note an entry whose answer must wait."""
        super().append(entry, self._noted(durable) if entry.answer else durable)

    def barrier(self, durable: Callable[[], None]) -> None:
        """Note a repeat whose answer must wait."""
        super().barrier(self._noted(durable))

    def _noted(self, durable: Callable[[], None]) -> Callable[[], None]:
        owner = self.owner
        self.pending.append(owner)

        def on_disk() -> None:
            self.pending.remove(owner)
            durable()

        return on_disk


class World:
    """Takes steps. What is wrong raises WrongError; what the gateway raises is let through.

    With `quirks` on, what breaks its schema may be mended and accepted.
    """

    def __init__(self, version: str, strict: bool, registration: Any, quirks: Any) -> None:
        self._version = version
        self._mends = quirks == "on"
        self._strict = strict
        self._registration = registration
        self._journal = WatchedJournal()
        self._bench = Bench(journal=self._journal, registration=registration)
        policy = QuirkPolicy(quirks, [QuirkGroup(enable=frozenset(BY_NAME))])
        for service in self._bench.services.values():
            service.second_look = SecondLook(policy, counted=self._bench.tally.quirk, log=lambda event, **fields: None)
        self._commander = Commander(self._bench.registry, VERSIONS, lambda: self._bench.monotonic_s)
        self._commands: list[Command] = []
        self._transactions: dict[int, str] = {}
        self._line = self._connect()

    def take(self, step: Step) -> None:
        """Do one step and look at what came of it."""
        if isinstance(step, bytes):
            self._say(step)
        elif step.startswith(CALL_STEP):
            self._call_station(step)
        else:
            {
                "commit": self._journal.commit,
                "full": self._fill,
                "room": self._bench.make_room,
                "later": self._wait,
                "reconnect": self._reconnect,
            }[step]()
        self._look()

    def end(self) -> None:
        """Let everything come to its end, and see that it did."""
        self._bench.make_room()
        self._journal.commit_all()
        self._look()
        self._check_all_answered()
        if not self._line.session.idle or not self._line.link.is_reading:
            raise WrongError("it does not come to rest", f"idle {self._line.session.idle}")
        self._line.session.close()
        if any(len(command.ends) != 1 for command in self._commands):
            raise WrongError("a call of ours did not end once", self._commands)
        if failures := [fields for event, fields in self._bench.logged if event == "answer_failed"]:
            raise WrongError(f"answer_failed: {failures[0]['error'][:60]}", failures)

    def _connect(self) -> Line:
        line = self._bench.connect(self._version, IDENTITY, strict=self._strict)
        line.link.written.clear()
        line.link.write = self._watched(line)  # type: ignore[method-assign, assignment]
        self._journal.owner = line
        self._said: list[Said] = []
        self._answered: list[list[Any]] = []
        self._early: list[bytes] = []
        return line

    def _watched(self, line: Line) -> Callable[[bytes], bool]:
        """Return the line's way to write, which notes what is answered while an entry of the line is not on disk."""
        write, pending = line.link.write, self._journal.pending

        def watched(message: bytes) -> bool:
            if line in pending and message.startswith(b"[3,"):
                self._early.append(message)
            return write(message)

        return watched

    def _reconnect(self) -> None:
        self._look()
        self._line.link.is_reading = True
        self._line = self._connect()

    def _fill(self) -> None:
        self._journal.has_room = False

    def _wait(self) -> None:
        self._bench.monotonic_s += CALL_TIMEOUT_S
        scheduled, self._bench.scheduled = self._bench.scheduled, []
        for queue, _ in scheduled:
            due_s = queue.tick(self._bench.monotonic_s)
            if due_s is not None:
                self._bench.scheduled.append((queue, due_s))

    def _call_station(self, step: str) -> None:
        _, action, body = step.split(" ", 2)
        command = Command(action)
        self._commands.append(command)
        faults: list[Fault] = []
        try:
            self._commander.send(
                self._line.station, action, body.encode(), timeout_s=CALL_TIMEOUT_S, ended=command.ends.append
            )
        except CommandError as error:
            faults.append(error.fault)
            self._commands.remove(command)
        if not faults and self._registration == "Rejected":
            raise WrongError("a rejected station is called", step)
        if not faults or faults[0] in (Fault.INVALID, Fault.NOT_JSON):
            self._check_body(action, body.encode(), bool(faults))

    def _check_body(self, action: str, body: bytes, refused: bool) -> None:
        """A command is sent if and only if its body is JSON and keeps to the schema."""
        validator = _validators[self._version, action, "request"]
        valid = is_strict_json(b"[" + body + b"]") and len(json.loads(b"[" + body + b"]")) == 1
        if valid:
            request = json.loads(body)
            valid = not schema_oracle.verdicts(validator, {} if request is None else request)
        if valid == refused:
            raise WrongError(f"command {action} is {'refused' if refused else 'sent'}, but valid is {valid}", body)

    def _say(self, text: bytes) -> None:
        try:
            text.decode()
        except UnicodeDecodeError:
            return  # the frame reader lets nothing through that is not UTF-8
        self._said.append(read(text))
        under_way = [command for command in self._commands if command.message_id is not None and not command.ends]
        self._line.session.receive(text)
        if len(under_way) > 1:
            raise WrongError("two calls of ours are open", under_way)
        for command in under_way:
            self._check_end(command, command.ends, text)

    def _check_end(self, command: Command, ends: list[CallEnded], text: bytes) -> None:
        """See that the open call ended if `text` is its answer, in the right way, and only then."""
        if not is_strict_json(text):
            return
        match json.loads(text):
            case [3, str(message_id), payload] if message_id == command.message_id:
                verdicts = schema_oracle.verdicts(
                    _validators[self._version, command.action, "response"], {} if payload is None else payload
                )
                is_error = bool(ends) and ends[0].outcome is Outcome.CALL_ERROR
                if len(ends) != 1 or (is_error != bool(verdicts) and not (verdicts and self._mends)):
                    raise WrongError(f"an answer to {command.action} is misjudged", f"{ends}: {verdicts}")
            case [4, str(message_id), str(), str(), _] if message_id == command.message_id:
                if len(ends) != 1 or ends[0].outcome is not Outcome.CALL_ERROR:
                    raise WrongError("a CALLERROR does not end the call", ends)
            case [_, message_id, *_] if message_id == command.message_id:
                pass
            case _ if ends and not self._mends:
                raise WrongError("what is no answer ended the call", ends)

    def _look(self) -> None:
        """Check what was written since the last look."""
        link = self._line.link
        if link.failures:
            raise WrongError(f"the session failed with {type(link.failures[0]).__name__}", link.failures)
        messages = [json.loads(text) for text in link.written]
        link.written.clear()
        for message in messages:
            kind = message[0]
            if kind == 3:
                self._check_result(*message[1:])
            elif kind == 4 or (kind == 5 and VERSIONS[self._version].sends):
                self._check_error(*message)
            elif kind == 2:
                self._note_sent(*message[1:])
            else:
                raise WrongError("nobody may write this", message)
        if self._early:
            raise WrongError("answered before it is on disk", self._early)

    def _note_sent(self, message_id: str, action: str, payload: Any) -> None:
        """Find the command that was sent: commands are sent in order."""
        waiting = [command for command in self._commands if command.message_id is None and not command.ends]
        if not waiting or waiting[0].action != action:
            raise WrongError("another call is sent than was commanded", [action, payload])
        waiting[0].message_id = message_id

    def _check_result(self, message_id: str, payload: Any) -> None:
        actions = {said.action for said in self._said if said.message_id == message_id and said.action is not None}
        if not actions and self._mends:
            actions = set(VERSIONS[self._version].from_station)  # a quirk may make out an action where we do not
        valid = [
            action
            for action in (action.removesuffix(SIGNED) for action in actions)
            if (self._version, action, "response") in _validators
            and not schema_oracle.verdicts(_validators[self._version, action, "response"], payload)
        ]
        if not valid:
            raise WrongError(f"answer of {sorted(actions)} is not valid", f"{message_id}: {payload}")
        self._answered.append([3, message_id, payload])

    def _check_error(self, kind: int, message_id: Any, code: str, description: str, details: Any) -> None:
        if details != {} or not isinstance(message_id, str) or len(description) > DESCRIPTION_CHARACTERS_MAX:
            raise WrongError("error is malformed", [kind, message_id, code, description, details])
        if code not in CODES[self._version]:
            raise WrongError(f"{code} is no code of {self._version}", description)
        if code == "InternalError":
            raise WrongError("InternalError", [event for event in self._bench.logged if event[0] == "answer_failed"])
        for said in self._said:
            if said.message_id == message_id and (leaked := leak(said.text, description)):
                raise WrongError("a value of the sender is in the description", f"{leaked!r} in {description!r}")
        if kind == 4:
            self._answered.append([4, message_id, code, description])

    def _check_all_answered(self) -> None:
        calls = [said.call for said in self._said if said.call is not None]
        ids = [call[0] for call in calls]
        broken_ids = {said.message_id for said in self._said if said.call is None}
        answers = [answer for answer in self._answered if answer[1] in ids]
        if not broken_ids & set(ids) and [answer[1] for answer in answers] != ids:
            raise WrongError("not every CALL is answered once, in order", f"{ids} got {self._answered}")
        if len(self._answered) > len(self._said):
            raise WrongError("more answers than messages", self._answered)
        if not broken_ids & set(ids):
            for call, answer in zip(calls, answers, strict=True):
                self._check_verdict(*call, answer)

    def _check_verdict(self, _: str, action: str, payload: Any, answer: list[Any]) -> None:
        """What is accepted and what is refused, by the schema alone."""
        if action.endswith(SIGNED):
            return
        validator = _validators.get((self._version, action, "request"))
        known = action in VERSIONS[self._version].from_station
        if self._registration != "Accepted" and action != "BootNotification":
            if self._registration == "Rejected" and answer[0] != 4:
                raise WrongError("a rejected station is answered", answer)
            return
        if not known or validator is None:
            if answer[0] != 4:
                raise WrongError("an unknown action is answered", answer)
            return
        verdicts = schema_oracle.verdicts(validator, {} if payload is None else payload)
        if action in TRANSACTION_ACTIONS and not self._strict:
            if answer[0] != 3:
                raise WrongError("a transaction message is refused", answer)
        elif verdicts and answer[0] == 3 and not self._mends:
            raise WrongError(f"an invalid {action} is accepted", verdicts)
        elif not verdicts and answer[0] == 4 and not beyond_records(payload):
            raise WrongError(f"a valid {action} is refused", answer)
        if action == "StartTransaction" and answer[0] == 3:
            self._check_transaction_id(payload, answer[2]["transactionId"])

    def _check_transaction_id(self, payload: Any, transaction_id: int) -> None:
        text = json.dumps(payload)
        if self._transactions.setdefault(transaction_id, text) != text:
            raise WrongError("one transaction id for two transactions", transaction_id)
