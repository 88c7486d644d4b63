"""The controller of one site: hears of its sessions, and orders limits that no circuit can be overloaded by."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.description import EvseKey
from gateway.core.charging.ledger import Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, Order
from gateway.core.charging.sessions import Needs
from gateway.core.charging.views import SiteView


class ControlSettings(Struct, frozen=True, kw_only=True):
    """How the controller of a site goes about it. Currents in mA, times in seconds."""

    step_ma: int = 100
    deadband_ma: int = 500
    draw_wait_s: float = 60.0
    draw_margin_ma: int = 2000
    noise_ma: int = 1000
    noise_share: float = 0.05
    retry_s: float = 15.0
    retry_s_max: float = 300.0
    certificate_sessions_max: int = 200
    certificate_every: int = 100


class SiteController:
    """Shares the power of one site. Inputs mark what they change; `tick` does the work, once for all of an instant.

    After an input it calls `wake` (once until the next `tick`): call `tick(now)` soon. `send` takes an order that is
    already in the ledger: make `ledger.saved(order.key)` durable if `ledger.changed` has the EVSE and the order is no
    mere decrease, send it, and tell its end to `ended`, each once; `ended` may be called before `send` returns.
    `note` is told what an operator must know: an event's name and its fields.
    """

    def __init__(
        self,
        network: Network,
        capacities: Capacities,
        ledger: Ledger,
        *,
        settings: ControlSettings,
        send: Callable[[Order], None],
        note: Callable[..., None],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        raise NotImplementedError

    def connected(self, station: str, now: float) -> None:
        """The station is reachable."""

    def gone(self, station: str, now: float) -> None:
        """The station is not reachable: nothing is sent, and what may be in force decays by itself."""

    def ready(self, target: EvseKey | str, is_ready: bool, now: float) -> None:
        """Its default profile is (not) installed and limits may be sent: of an EVSE, or of all of a station."""

    def session_began(self, key: EvseKey, transaction: str, tokens: tuple[str, ...], now: float) -> None:
        """A transaction runs at the EVSE. `tokens` are its id token and the token's group. Twice is as good as once."""

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """The transaction ended, by the station's word."""

    def drew(
        self,
        key: EvseKey,
        transaction: str | None,
        currents_ma: tuple[int | None, int | None, int | None] | None,
        power_w: float | None,
        energy_wh: float | None,
        at: float,
        now: float,
    ) -> None:
        """A reading sampled at `at`: currents on L1, L2, L3 of the EVSE, power, and energy since the session began."""

    def needs(self, key: EvseKey, needs: Needs, now: float) -> None:
        """What the session needs, by the station's word or an operator's."""

    def ended(self, order: Order, ending: Ending, now: float, retry_s: float | None = None) -> None:
        """The order ended. `retry_s`: the station told not to be asked again before."""

    def capacity_changed(self, now: float) -> None:
        """Something in `capacities` was changed."""

    def tick(self, now: float) -> float | None:
        """Do what is to be done, and return when there is more by itself; None: not before the next input."""
        raise NotImplementedError

    def view(self, now: float) -> SiteView:
        """Return how the site is."""
        raise NotImplementedError
