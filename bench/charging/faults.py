"""What goes wrong, how often: shares of messages, mean times between events, all from seeded dice."""

import msgspec
from msgspec import Struct

SHARE_MAX = 0.6
"""However many faults are wished for, some messages arrive."""


class Faults(Struct, frozen=True, kw_only=True):
    """Faults of a world; None is never. The defaults are a bad day (1x).

    Shares of the limits sent: `rejected`; `request_lost`, on its way; `answer_lost`, though applied; `late`, by up to
    `late_s`, maybe after its timeout and after a newer one; `error`, answered with InternalError, applied or not.
    Of the requests that the gateway believes lost, `stale` are applied after up to `late_s`.
    A reboot loses the TxProfile in `reboot_loses` of the cases, and ends the transaction in `reboot_ends`.
    """

    rejected: float = 0.01
    request_lost: float = 0.01
    answer_lost: float = 0.01
    late: float = 0.02
    late_s: float = 90.0
    error: float = 0.005
    stale: float = 0.5
    offline_every_s: float | None = 4 * 3600.0
    offline_s: float = 300.0
    reboot_every_s: float | None = 12 * 3600.0
    reboot_loses: float = 0.5
    reboot_ends: float = 0.3
    clock_s: float = 20.0
    gateway_killed_every_s: float | None = 6 * 3600.0
    gateway_down_s: float = 40.0
    ignoring: float = 0.0
    """Share of stations that accept limits and do as they please."""

    def times(self, factor: float) -> "Faults":
        """Return these faults so many times as often. Clocks are as wrong as they are."""
        if factor == 0:
            return NO_FAULTS
        shares = {
            name: min(SHARE_MAX, getattr(self, name) * factor)
            for name in ("rejected", "request_lost", "answer_lost", "late", "error")
        }
        rates = {
            name: None if (every_s := getattr(self, name)) is None else every_s / factor
            for name in ("offline_every_s", "reboot_every_s", "gateway_killed_every_s")
        }
        return msgspec.structs.replace(self, **shares, **rates)


NO_FAULTS = Faults(
    rejected=0,
    request_lost=0,
    answer_lost=0,
    late=0,
    error=0,
    stale=0,
    offline_every_s=None,
    reboot_every_s=None,
    clock_s=0,
    gateway_killed_every_s=None,
)
