"""Whole sessions: what a station may say in any version, and what none should, against the invariants of a session.

Valid requests come from the schemas of the `ocpp` package; verdicts on requests and answers, too. A case is one
station on a bench without sockets, whose journal commits when a step says so.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from random import Random
from typing import Any

from bench.fuzz.damage import any_value, changed, damaged, written
from bench.fuzz.envelopes import envelope
from bench.fuzz.hunt import Case, Complaint, Step
from bench.fuzz.station_world import CALL_STEP, MOVES, World, WrongError
from gateway.core.protocols import PROTOCOLS
from tests.core.station_bench import MESSAGES
from tests.wire.schema_oracle import Maker

REGISTRATIONS = ("Accepted",) * 8 + ("Pending", "Rejected")
QUIRK_MODES = ("off", "shadow", "on", "on")
STEPS_MAX = 12

RELATED = (
    {"StartTransaction", "MeterValues", "StopTransaction"},
    {"TransactionEvent", "MeterValues", "NotifyEvent"},
    {"OpenPeriodicEventStream", "NotifyPeriodicEventStream", "ClosePeriodicEventStream", "NotifyEvent"},
)
"""Actions whose messages concern each other."""

FAMILIAR = {
    "transactionId": ("T1", 1, 2),
    "id": ("T1", 0, 1, 2),
    "idTag": ("TAG", "tag"),
    "idToken": ("TAG", "tag"),
    **dict.fromkeys(("connectorId", "evseId", "requestId", "reservationId", "remoteStartId", "seqNo"), (0, 1, 2)),
    **dict.fromkeys(("variableMonitoringId", "monitorId", "meterStart", "meterStop", "meterValue"), (1, 2)),
    "value": ("1", "-2.5", 7, "0x1F", "1,5", "1e3", " 12 ", "12 kWh"),
}
"""Values that come up again and again, so that what one message says concerns another one."""

ERROR_CODES = ("GenericError", "NotImplemented", "FormationViolation", "FormatViolation", "", "\u00e9", "x" * 60)


class Sessions:
    """The setting is (version, whether its group is strict, how it is registered, what is done about quirks)."""

    name = "sessions"

    def make(self, random: Random) -> Case:
        """Return what one station does, and what happens meanwhile."""
        version = random.choice(list(PROTOCOLS))
        script = _Script(random, version)
        for _ in range(random.randint(1, STEPS_MAX)):
            script.go_on()
        setting = (version, random.random() < 0.2, random.choice(REGISTRATIONS), random.choice(QUIRK_MODES))
        return Case(setting, tuple(script.steps))

    def check(self, case: Case) -> Complaint | None:
        """Play the case and return the first invariant that does not hold."""
        version, strict, registration, quirks = case.setting
        world = World(str(version), bool(strict), registration, quirks)
        try:
            for step in case.steps:
                world.take(step)
            world.end()
        except WrongError as wrong:
            return wrong.complaint
        return None


class _Script:
    """The steps of one case, as they are thought up."""

    def __init__(self, random: Random, version: str) -> None:
        self.steps: list[Step] = []
        self._random = random
        self._version = version
        self._protocol = PROTOCOLS[version].version
        names = {*self._protocol.from_station, *self._protocol.sends}
        related = [actions & names for actions in RELATED if len(actions & names) > 1]
        self._actions = sorted(random.choice(related) if random.random() < 0.5 else names)
        self._ids = 0
        self._calls: list[str] = []

    def go_on(self) -> None:
        """Add a step or two."""
        weighted: list[tuple[int, Callable[[], None]]] = [
            (60, self._request),
            (10, self._repeat),
            (12, self._move),
            (8, self._our_call),
            (12, self._answer_ours),
            (5, self._any_envelope),
        ]
        weights, doings = zip(*weighted, strict=True)
        self._random.choices(doings, weights)[0]()

    def _request(self) -> None:
        """Add a CALL, or in 2.1 a SEND: valid, changed, or damaged."""
        random = self._random
        self._ids += 1
        message_id = f"m{self._ids}"
        action = random.choice(self._actions)
        kind = 6 if action in self._protocol.sends else 2
        payload = self._payload(action, "request")
        if self._protocol.name != "1.6" and random.random() < 0.05:
            action, payload = f"{action}-Signed", _signed(random, payload)
        text = written(random, [kind, message_id, action, payload])
        if random.random() < 0.15:
            text = damaged(random, text)
        self.steps.append(text)
        if random.random() < 0.7:
            self.steps.append("commit")

    def _payload(self, action: str, role: str) -> Any:
        random = self._random
        schema = MESSAGES[self._version, action, role].schema
        maker = Maker(schema, random)
        payload = maker.payload(random.choice((0.0, 0.3, 0.7, 1.0)))
        if random.random() < 0.6:
            payload = _familiar(random, payload)
        match random.randrange(4):
            case 0:
                return payload
            case 1:
                return changed(random, payload)
        mutations = list(maker.mutations(payload))
        return random.choice(mutations).payload if mutations else payload

    def _repeat(self) -> None:
        """Say something again, with its id or another."""
        said = [step for step in self.steps if isinstance(step, bytes)]
        if said:
            again = self._random.choice(said)
            if self._random.random() < 0.5:
                self._ids += 1
                again = again.replace(b'"m', b'"n%d' % self._ids, 1)
            self.steps.append(again)

    def _move(self) -> None:
        self.steps.append(self._random.choice(MOVES))

    def _our_call(self) -> None:
        """Have an operator command something: valid, changed, or damaged."""
        random = self._random
        action = random.choice(list(self._protocol.to_station))
        if random.random() < 0.7:
            maker = Maker(MESSAGES[self._version, action, "request"].schema, random)
            body = json.dumps(maker.payload(random.choice((0.0, 0.5))))
        else:
            body = written(random, self._payload(action, "request")).decode(errors="replace")
        if random.random() < 0.1:
            body = damaged(random, body.encode()).decode(errors="replace")
        self.steps.append(f"{CALL_STEP} {action} {body}")
        self._calls.append(action)
        if random.random() < 0.6:
            self._answer_ours()

    def _answer_ours(self) -> None:
        """Answer a call of the gateway, or one that it never made."""
        random = self._random
        number = random.randint(1, len(self._calls) + 1)
        message_id = f"gateway-{number}"
        match random.randrange(4):
            case 0:
                message = [4, message_id, random.choice(ERROR_CODES), "", {}]
            case 1:
                message = [5, message_id, random.choice(ERROR_CODES), any_value(random), {}]
            case _ if number <= len(self._calls):
                message = [3, message_id, self._payload(self._calls[number - 1], "response")]
            case _:
                message = [3, message_id, any_value(random)]
        text = written(random, message)
        self.steps.append(damaged(random, text) if random.random() < 0.2 else text)

    def _any_envelope(self) -> None:
        text = written(self._random, envelope(self._random, any_value(self._random)))
        self.steps.append(damaged(self._random, text) if self._random.random() < 0.5 else text)


def _familiar(random: Random, value: Any) -> Any:
    """Return `value` with some of its values exchanged for familiar ones of the same type."""
    if isinstance(value, list):
        return [_familiar(random, inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, inner in value.items():
        fitting = [known for known in FAMILIAR.get(name, ()) if type(known) is type(inner)]
        made[name] = random.choice(fitting) if fitting and random.random() < 0.8 else _familiar(random, inner)
    return made


def _signed(random: Random, payload: Any) -> Any:
    """Return a JSON Web Signature of `payload`, in any of the three forms (RFC 7515 section 7)."""
    encoded = urlsafe_b64encode(written(random, payload)).decode()
    if random.random() < 0.8:
        encoded = encoded.rstrip("=")
    return random.choice(
        (
            {"payload": encoded, "protected": "e30", "signature": "AA"},
            {"payload": encoded, "signatures": [{"protected": "e30", "signature": "AA"}]},
            f"e30.{encoded}.AA",
        )
    )
