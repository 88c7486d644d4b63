"""What the core counts: in C, by fixed index, read when metrics are scraped."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.core.calls import Outcome
from gateway.core.csms import Deviation
from gateway.core.protocols import Protocol
from gateway.core.quirks import QUIRKS, Mode, Quirk
from gateway.core.quirks.quirk import MODES
from gateway.hot import Counters, Histogram

OUTCOMES: Final = ("answered", "repeat", "kept_raw", "refused")
"""How a CALL ended: taken in, recognised as a repeat, kept undecoded, or answered with a CALLERROR."""

ANSWERED, REPEAT, KEPT_RAW, REFUSED = range(len(OUTCOMES))

UNKNOWN_ACTION: Final = "unknown"
"""The action under which everything that is no action of the version is counted, so that labels stay closed."""

ANSWER_SECONDS: Final[Sequence[float]] = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds of the answer-time histogram. Stations commonly give up after 30 s."""


class Tally:
    """Counters by (version, action, outcome) in both directions, by deviation, by quirk; and times of answers."""

    def __init__(self, protocols: Mapping[str, Protocol]) -> None:
        """Count what may be said in `protocols`, and per subprotocol UNKNOWN_ACTION."""
        named = [(name, action) for name, protocol in protocols.items() for action in protocol.rules]
        named += [(name, UNKNOWN_ACTION) for name in protocols]
        self.actions: Final = tuple(named)
        self.messages: Final = Counters(len(named) * len(OUTCOMES))
        self.called: Final = tuple(
            (name, action) for name, protocol in protocols.items() for action in protocol.version.to_station
        )
        self.calls: Final = Counters(len(self.called) * len(Outcome))
        self._call_base = {action: index * len(Outcome) for index, action in enumerate(self.called)}
        self._outcome_index = {outcome: index for index, outcome in enumerate(Outcome)}
        self.deviations: Final = Counters(len(Deviation))
        self.quirks: Final = Counters(len(QUIRKS) * len(MODES))
        self.answer_seconds: Final = Histogram(ANSWER_SECONDS)
        self._base = {action: index * len(OUTCOMES) for index, action in enumerate(named)}
        self._deviation_index = {deviation: index for index, deviation in enumerate(Deviation)}
        labels = ((quirk.name, mode) for quirk in QUIRKS for mode in MODES)
        self._quirk_index = {label: index for index, label in enumerate(labels)}

    def base(self, subprotocol: str, action: str) -> int:
        """Return the index of an action's first counter in `messages`; add an outcome to it."""
        return self._base.get((subprotocol, action), self._base[subprotocol, UNKNOWN_ACTION])

    def call_ended(self, subprotocol: str, action: str, outcome: Outcome) -> None:
        """Count the end of a call of ours."""
        self.calls.add(self._call_base[subprotocol, action] + self._outcome_index[outcome])

    def deviated(self, deviation: Deviation) -> None:
        """Count a deviation."""
        self.deviations.add(self._deviation_index[deviation])

    def quirk(self, quirk: Quirk, mode: Mode) -> None:
        """Count a message that a quirk mended, or would have mended."""
        self.quirks.add(self._quirk_index[quirk.name, mode])
