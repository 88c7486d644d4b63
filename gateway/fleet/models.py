"""The kinds of stations in a fleet, and how one comes out of the box."""

from msgspec import Struct

from gateway.fleet.dice import Dice
from gateway.fleet.evse import Evse
from gateway.fleet.intents import Nameplate


class StationModel(Struct, frozen=True):
    """One product: `evses` equal outlets, AC with `phases` or DC with `dc_power_max_w`; `share` of what is sold."""

    vendor: str
    name: str
    evses: int
    phases: int
    current_max_a: float
    dc_power_max_w: float | None
    share: float


MODELS: tuple[StationModel, ...] = (
    StationModel("Alder Electric", "Wall 11", 1, 3, 16.0, None, 0.35),
    StationModel("Alder Electric", "Wall 7", 1, 1, 32.0, None, 0.10),
    StationModel("Birch Mobility", "Post 2x22", 2, 3, 32.0, None, 0.40),
    StationModel("Cedar Power", "Rapid 50", 1, 3, 125.0, 50_000.0, 0.10),
    StationModel("Cedar Power", "Rapid 150", 1, 3, 375.0, 150_000.0, 0.05),
)
"""Shares add up to one."""


def pick_model(dice: Dice) -> StationModel:
    """A model, as often as its share says."""
    throw = dice.unit()
    for model in MODELS:
        throw -= model.share
        if throw < 0:
            return model
    return MODELS[0]


def build_evses(model: StationModel, dice: Dice, *seed: object) -> list[Evse]:
    """The model's outlets, with meters that have counted for some years. `seed` makes their noise their own."""
    return [
        Evse(
            Dice(*seed, "meter", number),
            phases=model.phases,
            current_max_a=model.current_max_a,
            dc_power_max_w=model.dc_power_max_w,
            register_wh=int(dice.between(0, 30_000_000)),
        )
        for number in range(1, model.evses + 1)
    ]


def stamp(model: StationModel, dice: Dice) -> Nameplate:
    """The plate of one unit."""
    return Nameplate(
        vendor=model.vendor,
        model=model.name,
        serial=f"{dice.bits() >> 24:010X}",
        firmware=dice.pick(("1.8.3", "2.0.1", "2.1.0")),
        meter_serial=f"M{dice.bits() >> 32:08X}",
    )
