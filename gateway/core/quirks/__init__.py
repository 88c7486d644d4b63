"""The field's quirks: what firmwares send against the specification, and what a message with it becomes. One table.

A message is looked at with quirks only after the strict decoder has refused it, or when a value in it cannot be
recorded; so what is right costs nothing, and is never changed. Each quirk is asked for one place at a time (`walk`),
what comes out is decoded strictly again, and if that fails the message is treated as if there were no quirks.

Adding one is a row in the module that it belongs to (`frames`, `shapes`, `times`, `words`, `meters`):

    Quirk(
        name="phase_lower_case_n",                        # also its label in metrics, and its name in the configuration
        what="The neutral phase is spelled n",
        becomes="N",
        seen=("project/repository#thread (vendor, firmware)",),
        safe="Why nobody is billed wrongly by it.",
        departures=frozenset({Departure.CONSTRAINT}),     # what must be wrong with a place for it to be asked
        mend=lambda spot: spot.name == "phase" and spot.value == "n" and spot.put("N"),
        examples=(Example(OCPP16, "MeterValues", '{... as sent ...}', '{... as it is read ...}'),),
    )

The tests run its examples through whole sessions, against the schemas, and `ocpp-gateway print quirks` shows it.
"""

from collections.abc import Mapping
from typing import Final

from gateway.core.quirks import frames, meters, shapes, times, words
from gateway.core.quirks.quirk import Mode, Quirk

__all__ = ["BY_NAME", "QUIRKS", "Mode", "Quirk"]

QUIRKS: Final[tuple[Quirk, ...]] = (
    *frames.QUIRKS,
    *times.QUIRKS,
    *words.QUIRKS,
    *meters.QUIRKS,
    *shapes.QUIRKS,
)
"""In the order in which they are asked: what knows most about a place before what fits any place."""

BY_NAME: Final[Mapping[str, Quirk]] = {quirk.name: quirk for quirk in QUIRKS}
