"""Envelopes: the compiled splitter against its plain twin, and both against the standard library's json made strict."""

import contextlib
import importlib
import json
from random import Random
from typing import Any

from bench.fuzz.damage import any_value, changed, damaged, written
from bench.fuzz.hunt import Case, Complaint
from gateway.hot import EnvelopeFault
from gateway.hot import envelope as plain
from tests.parity.test_envelope import is_strict_json, outcome

compiled = importlib.import_module("gateway._speedups.envelope")

IDS = ("1", "", "x" * 36, "x" * 37, "\u00e9" * 36, "\U0001f50c" * 36, "\U0001f50c" * 37, '"\\\n', 7, None, ["1"])
WORDS = ("Heartbeat", "GenericError", "", "\u00e9", 'a"b', "x" * 300, 1, None)


class Envelopes:
    """One text for each case."""

    name = "envelopes"

    def make(self, random: Random) -> Case:
        """Return an envelope, often not quite one, often damaged."""
        message: Any = envelope(random, any_value(random) if random.random() < 0.5 else {"a": [any_value(random)]})
        if random.random() < 0.3:
            message = changed(random, message)
        text = written(random, message)
        if random.random() < 0.7:
            text = damaged(random, text)
        return Case((), (text,))

    def check(self, case: Case) -> Complaint | None:
        """Compare what the twins and the standard library make of the text."""
        text = b"".join(step for step in case.steps if isinstance(step, bytes))
        try:
            text.decode()
        except UnicodeDecodeError:
            _split_undecodable(text)
            return None
        ours, twin = outcome(compiled.split_envelope, text), outcome(plain.split_envelope, text)
        if ours != twin:
            return Complaint("leaf and twin differ", f"compiled {ours}, plain {twin}")
        if (ours[0] is not EnvelopeFault.NOT_JSON) != is_strict_json(text):
            return Complaint("json disagrees", f"{ours}")
        if ours[0] == "split":
            message = json.loads(text)
            kind, message_id, word, description, start, end = compiled.split_envelope(text)
            read = [kind, message_id, *[word, description][: len(message) - 3], json.loads(text[start:end])]
            if read != message:
                return Complaint("split wrongly", f"{read} instead of {message}")
        return None


def _split_undecodable(text: bytes) -> None:
    """Break the caller's promise of UTF-8: nothing but the two named errors may come of it."""
    for split in (compiled.split_envelope, plain.split_envelope):
        with contextlib.suppress(UnicodeDecodeError):
            outcome(split, text)


def envelope(random: Random, payload: Any) -> list[Any]:
    """Return a message of any type around `payload`, mostly with the right elements."""
    kind = random.choice((2, 2, 2, 3, 4, 5, 6, 0, 1, 7, -2, 2.0, "2", None, 2**64))
    message_id = random.choice(IDS) if random.random() < 0.3 else f"m{random.randrange(100)}"
    words = [
        random.choice(WORDS) for _ in range({2: 1, 3: 0, 4: 2, 5: 2, 6: 1}.get(kind, 1) if type(kind) is int else 1)
    ]
    message = [kind, message_id, *words, payload]
    if random.random() < 0.1:
        message = message[: random.randrange(len(message))]
    elif random.random() < 0.1:
        message.append(any_value(random))
    return message
