"""What the session on an EVSE may take, and would: its phases, its limits, its weight, learned as it goes."""

from msgspec import Struct


class Needs(Struct, frozen=True, kw_only=True):
    """What a session needs. `energy_wh` counts from its begin; `departure_at` is seconds of the epoch.

    `minimum_ma` and `maximum_ma` are those of the vehicle, where it tells. `priority` is an operator's word.
    """

    energy_wh: float | None = None
    departure_at: float | None = None
    priority: int | None = None
    minimum_ma: int | None = None
    maximum_ma: int | None = None
