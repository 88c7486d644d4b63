"""Controls for distributed energy resources: OCPP 2.1 use cases R01 to R05. Kept and reported; nothing discharges."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

FIELDS = {
    "EnterService": "enterService",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "FreqDroop": "freqDroop",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
"""Where SetDERControl and ReportDERControl hold the setting of a DERControlEnumType; of all others it is `curve`."""

UNRANKED = frozenset({"EnterService", "Gradients"})
"""Types of which ReportDERControl says neither isDefault nor isSuperseded."""

CONTROLS_MAX = 24
"""How many of one type a station keeps: as many as one report may hold."""


class Control(Struct):
    """One control. A `default` one holds where no scheduled one does. `setting` is as it came."""

    control_id: str
    kind: str
    default: bool
    setting: dict[str, Any]
    superseded: bool = False

    @property
    def field(self) -> str:
        """The name of its setting in messages."""
        return FIELDS.get(self.kind, "curve")

    def reported(self) -> dict[str, Any]:
        """As ReportDERControl says it."""
        told: dict[str, Any] = {"id": self.control_id, self._name: self.setting}
        if self.kind not in UNRANKED:
            told |= {"isDefault": self.default, "isSuperseded": self.superseded}
        return told | ({"curveType": self.kind} if self.field == "curve" else {})

    @property
    def _name(self) -> str:
        return "fixedPF" if self.field.startswith("fixedPF") else self.field


class DerControls:
    """The controls by their ids."""

    __slots__ = ("_controls",)

    def __init__(self) -> None:
        self._controls: dict[str, Control] = {}

    def set(self, control: Control) -> tuple[str, list[str]]:
        """Keep a control: Accepted with the ids that it supersedes, or Rejected. The same id replaces.

        Of one type and rank the lower `priority` number wins, at equality the newer (R04.FR.05).
        """
        alike = [
            held
            for held in self._controls.values()
            if (held.kind, held.default) == (control.kind, control.default) and held.control_id != control.control_id
        ]
        if len(alike) >= CONTROLS_MAX:
            return "Rejected", []
        self._controls[control.control_id] = control
        superseded = [h for h in alike if not h.superseded and h.setting["priority"] >= control.setting["priority"]]
        for held in superseded:
            held.superseded = True
        control.superseded = any(not held.superseded for held in alike)
        return "Accepted", [held.control_id for held in superseded]

    def matching(self, default: bool | None, kind: str | None, control_id: str | None) -> list[Control]:
        """The controls that fit what is given."""
        return [
            control
            for control in self._controls.values()
            if (default is None or control.default is default)
            and (kind is None or control.kind == kind)
            and (control_id is None or control.control_id == control_id)
        ]

    def clear(self, controls: Iterable[Control]) -> None:
        """Remove `controls`; what they superseded holds again."""
        for control in controls:
            self._controls.pop(control.control_id, None)
            alike = self.matching(control.default, control.kind, None)
            if alike and not control.superseded:
                min(alike, key=lambda held: held.setting["priority"]).superseded = False
