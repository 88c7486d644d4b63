"""The field's quirks: what firmwares send against the specification, and what a message with it becomes. One table.

A message is looked at with quirks only after the strict decoder has refused it, or when a value in it cannot be
recorded; so what is right costs nothing, and is never changed. Each quirk is asked for one place at a time (`walk`),
what comes out is decoded strictly again, and if that fails the message is treated as if there were no quirks.

Adding one is a row in the module that it belongs to (`frames`, `shapes`, `times`, `words`, `meters`):

    Quirk(
        name="phase_of_all",  # also its label in metrics, and its name in the configuration
        what="A value over all phases has the phase L1L2L3",
        becomes="no phase, as OCPP has it for such a value",
        seen=("project/repository#123 (vendor, firmware)",),
        safe="It is the same value of the same phases.",
        departures=frozenset({Departure.CONSTRAINT}),  # what must be wrong with a place for this quirk to be asked
        mend=lambda spot: spot.name == "phase" and spot.value == "L1L2L3" and spot.drop(),
        examples=(Example(OCPP16, "MeterValues", '{"phase":"L1L2L3"}', "{}"),),  # whole payloads: as sent, as read
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
