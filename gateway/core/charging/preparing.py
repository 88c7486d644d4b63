"""Makes a station ready for limits: learns what it can, and sees that each EVSE has its fallback installed."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.flows.flow import Operator
from gateway.core.stations import Station


class Prepared(Struct, frozen=True):
    """What became of it. `installed` are the EVSEs of which is known that they fall back to their fallback.

    `missing` says of each other EVSE why it does not, for a person. `again`: trying again later may help.
    `forgets`: the station was seen to lose what was installed when it boots; so whenever it is not connected, nobody
    knows. `abilities` are None where it did not say.
    """

    abilities: Abilities | None
    installed: frozenset[int]
    missing: Mapping[int, str] = {}
    again: bool = False
    forgets: bool = False


async def prepare(
    operator: Operator, station: Station, evses: Sequence[EvseDescription], voltage_v: float
) -> Prepared:
    """Learn what the station can, and install the fallbacks of its EVSEs where they are not. Raises CommandError.

    Call it after each connection and each boot: what is known costs no message.
    """
    raise NotImplementedError
