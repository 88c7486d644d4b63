"""The controller of one site: hears of its sessions, and orders limits that no circuit can be overloaded by."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.description import EvseKey, TokenGroupDescription
from gateway.core.charging.dispatch import Dispatch, DispatchTerms
from gateway.core.charging.evses import REFUSALS_MAX, Evse
from gateway.core.charging.explaining import site_view
from gateway.core.charging.figures import NEAR, SiteFigures, StateCounts
from gateway.core.charging.ledger import Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.obedience import Noise, ObedienceWatch, Reach
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.sessions import Currents, FollowTerms, Needs, SessionDemand
from gateway.core.charging.targets import NO_REACH, Targets
from gateway.core.charging.views import SiteView
from gateway.hot import ALL_PHASES

FAILURES_MAX: Final = 5
"""Failures in a row from which on the time before the next try doubles no more: 15 s, then up to 8 min by default."""


class ControlSettings(Struct, frozen=True, kw_only=True):
    """How the controller of a site goes about it. Currents in mA, times in seconds.

    A limit changes by `deadband_ma` or more unless others need it. Where a vehicle draws less than its limit for
    `draw_wait_s`, it keeps `draw_margin_ma` more than it draws when others need the rest. A draw above a limit by
    `noise_ma` or `noise_share` of it means nothing. `retry_s` is before an order that failed is tried again.
    """

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
    `note` is told what an operator must know: an event's name and its fields. EVSEs that the site does not have are
    ignored.
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
        self.network = network
        self.capacities = capacities
        self.ledger = ledger
        self._settings = settings
        self._note = note
        self._wake = wake
        self._noise = Noise(settings.noise_ma, settings.noise_share)
        self._follow = FollowTerms(settings.step_ma, settings.draw_wait_s, settings.draw_margin_ma)
        self._groups = {token: group for group in network.description.token_groups for token in group.tokens}
        self._targets = Targets(
            network,
            step_ma=settings.step_ma,
            certificate_sessions_max=settings.certificate_sessions_max,
            certificate_every=settings.certificate_every,
        )
        self._evses: dict[EvseKey, Evse] = {}
        self._keys: dict[str, list[EvseKey]] = {}
        for key, description in network.evses.items():
            self._evses[key] = Evse(description=description, watch=ObedienceWatch(NO_REACH, 0.0))
            self._keys.setdefault(key[0], []).append(key)
        self._dispatch = Dispatch(
            network,
            ledger,
            self._targets,
            self._evses,
            terms=DispatchTerms(step_ma=settings.step_ma, deadband_ma=settings.deadband_ma),
            send=send,
            note=note,
        )
        self._terms: dict[str, LeaseTerms] = {}
        self._placing: dict[EvseKey, None] = dict.fromkeys(self._evses)
        self._decaying: set[EvseKey] = set()
        self._is_new = True
        self._is_awake = False
        self._capacities_at: float | None = None
        self._are_capacities_known = False
        self._fall_at: float | None = None
        self._fault: str | None = None
        self._states = StateCounts(self._evses, self._targets)

    # --- what happens

    def connected(self, station: str, now: float) -> None:
        """The station is reachable."""
        for key in self._keys.get(station, ()):
            evse = self._evses[key]
            evse.is_connected = True
            evse.retry_at = evse.refusals = evse.failures = 0
            self._place(key)

    def gone(self, station: str, now: float) -> None:
        """The station is not reachable: nothing is sent, and what may be in force decays by itself."""
        for key in self._keys.get(station, ()):
            self._evses[key].is_connected = False
            self._place(key)

    def ready(self, target: EvseKey | str, is_ready: bool, now: float) -> None:
        """Its default profile is (not) installed and limits may be sent: of an EVSE, or of all of a station.

        The ledger is told by whoever installs it. When an EVSE becomes ready, as after a boot, its limit is sent anew.
        """
        for key in self._keys.get(target, ()) if isinstance(target, str) else (target,):
            evse = self._evses.get(key)
            if evse is None:
                continue
            if is_ready and not evse.is_ready and evse.standing is not None:
                evse.is_uncertain = True
            evse.is_ready = is_ready
            self._place(key)

    def terms(self, station: str, terms: LeaseTerms, now: float) -> None:
        """Set how limits hold at the station; the ledger is told. Who was seen not to obey still does not."""
        evses = [self._evses[key] for key in self._keys.get(station, ())]
        if not all(evse.is_obeying for evse in evses):
            terms = msgspec.structs.replace(terms, obeys=False)
        if not evses or self._terms.get(station) == terms:
            return
        self._terms[station] = terms
        for evse in evses:
            evse.terms = terms
            evse.is_obeying = terms.obeys
            self._place(evse.key)
        self.ledger.set_terms(station, terms)
        self._are_capacities_known = False

    def pardon(self, station: str, now: float) -> None:
        """Take the station to keep to its limits again, and send them anew. The ledger is told by whoever asks."""
        for key in self._keys.get(station, ()):
            evse = self._evses[key]
            evse.is_obeying = True
            evse.is_uncertain = evse.standing is not None
            evse.watch = ObedienceWatch(self.ledger.reach_ma(key), now)
        if (terms := self._terms.get(station)) is not None:
            self.terms(station, msgspec.structs.replace(terms, obeys=True), now)

    def session_began(self, key: EvseKey, transaction: str, tokens: tuple[str, ...], now: float) -> None:
        """A transaction runs at the EVSE. `tokens` are its id token and the token's group. Twice is as good as once."""
        evse = self._evses.get(key)
        if evse is None or (evse.session is not None and evse.session.transaction == transaction):
            return
        if evse.session is not None:
            self._leave(evse)
        evse.session = SessionDemand(
            evse.description,
            transaction,
            self._group(tokens),
            self._follow,
            self.network.watts_per_ampere(key, evse.description.phases),
        )
        self.ledger.session_began(key, transaction, now)
        standing = self.ledger.in_force(key)
        if standing is not None and standing.transaction == transaction:
            evse.standing, evse.is_uncertain = standing, True
            evse.number = max(evse.number, standing.order)
        self._place(key)

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """The transaction ended, by the station's word."""
        evse = self._evses.get(key)
        if evse is None:
            return
        self.ledger.transaction_ended(key, transaction, now)
        self._fall_at = now
        if evse.session is not None and evse.session.transaction == transaction:
            self._leave(evse)
            self._place(key)

    def drew(
        self,
        key: EvseKey,
        transaction: str | None,
        currents_ma: Currents | None,
        power_w: float | None,
        energy_wh: float | None,
        at: float,
        now: float,
    ) -> None:
        """A reading sampled at `at`: currents on L1, L2, L3 of the EVSE, power, and energy since the session began."""
        evse = self._evses.get(key)
        if evse is None:
            return
        self._measure(evse, currents_ma, power_w, at, now)
        session = evse.session
        if session is None or transaction not in (None, session.transaction):
            return
        session.drew(currents_ma, power_w, energy_wh, at)
        if evse.standing_at(now) is not None:
            session.follow(evse.limit_ma(now), evse.standing_since)
        if key in self._targets and session.wish(now) != self._targets.wish(key):
            self._place(key)

    def needs(self, key: EvseKey, needs: Needs, now: float) -> None:
        """What the session needs, by the station's word or an operator's."""
        evse = self._evses.get(key)
        if evse is not None and evse.session is not None:
            evse.session.set_needs(needs)
            self._place(key)

    def ended(self, order: Order, ending: Ending, now: float, retry_s: float | None = None) -> None:
        """The order ended. `retry_s`: the station told not to be asked again before."""
        evse = self._evses[order.key]
        self.ledger.ended(order.key, order.order, ending, now)
        self._fall_at = now
        is_open = evse.open is not None and evse.open.order == order.order
        if is_open:
            evse.open = None
        if not is_open or evse.session is None or evse.session.transaction != order.transaction:
            self._place(order.key)
            return
        if ending is Ending.ACCEPTED:
            if evse.limit_ma(now) != order.limit_ma:
                evse.standing_since = now + evse.terms.settle_s
            evse.standing, evse.is_uncertain = order, False
            evse.failures = evse.refusals = 0
            evse.retry_at = 0.0
        else:
            evse.failures += 1
            evse.refusals = evse.refusals + 1 if ending is Ending.REJECTED else evse.refusals
            evse.is_uncertain = evse.is_uncertain or ending is Ending.UNKNOWN
            wait_s = self._settings.retry_s * 2.0 ** (min(evse.failures, FAILURES_MAX) - 1)
            evse.retry_at = now + (min(wait_s, self._settings.retry_s_max) if retry_s is None else retry_s)
            if evse.refusals == REFUSALS_MAX:
                self._note("charging_limits_refused", station=order.key[0], evse=order.key[1], times=REFUSALS_MAX)
        self._place(order.key)

    def capacity_changed(self, now: float) -> None:
        """Something in `capacities` was changed."""
        self._are_capacities_known = False
        self._ask()

    # --- what is done

    def tick(self, now: float) -> float | None:
        """Do what is to be done, and return when there is more by itself; None: not before the next input."""
        self._is_awake = False
        if self._is_new:
            self._begin(now)
        self._look_at_ledger(now)
        if not self._are_capacities_known or (self._capacities_at is not None and self._capacities_at <= now):
            self._take_capacities(now)
        for key in self._dispatch.due(now):
            if self._evses[key].is_steerable(now) != (key in self._targets):
                self._placing[key] = None
        for key in self._placing:
            self._put(self._evses[key], now)
        self._states.stale.update(self._placing)
        self._placing.clear()
        changed = self._targets.solve(now)
        self._states.stale.update(changed)
        if self._targets.fault != self._fault:
            self._fault = self._targets.fault
            self._note("charging_certificate_failed", site=self.network.description.name, fault=self._fault)
        self._dispatch.look_at_changed(changed)
        self._dispatch.run(now)
        self._look_at_ledger(now)
        if self._is_awake:
            return now
        times = (self._fall_at, self._capacities_at, self._dispatch.next_at(), self._targets.next_turn_at())
        return min((at for at in times if at is not None), default=None)

    def drawn_ma(self, key: EvseKey) -> int:
        """Return the largest current on a phase by the newest reading of an EVSE; 0 if there is none."""
        evse = self._evses[key]
        return 0 if evse.drawn_at is None else max(evse.drawn_ma)

    def view(self, now: float) -> SiteView:
        """Return how the site is. It takes time in proportion to the site."""
        return site_view(self.network, self.capacities, self.ledger, self._targets, self._dispatch, self._evses, now)

    def figures(self, now: float) -> SiteFigures:
        """Return the site in numbers. It takes time in proportion to what changed since, and to the links."""
        links, near, over = self.ledger.filled(NEAR)
        return SiteFigures(
            evses=self._states.count(now),
            links=links,
            links_near=near,
            links_over=over,
            deficit_ma=self._deficit_ma() if over else 0,
            sites_with_fault=int(self._targets.fault is not None),
            oldest_lease_at=self.ledger.oldest_lease_at(now),
        )

    def _deficit_ma(self) -> int:
        links = self.network.links
        return max((over for link, over in self.ledger.deficits().items() if links[link][1] != ALL_PHASES), default=0)

    def _begin(self, now: float) -> None:
        self._is_new = False
        for key, evse in self._evses.items():
            evse.watch = ObedienceWatch(self.ledger.reach_ma(key), now)

    def _look_at_ledger(self, now: float) -> None:
        """Let what has ended in the ledger end: where less may be in force now, others may have more."""
        if self._fall_at is None or self._fall_at <= now:
            has_fallen = self._fall_at is not None
            self._fall_at = self.ledger.tick(now)
            if has_fallen:
                self._dispatch.look_at_blocked()
                self._placing.update(dict.fromkeys(self._decaying))
        else:
            self._fall_at = self.ledger.tick(now)

    def _take_capacities(self, now: float) -> None:
        horizon_s = max(
            (terms.lease_s + terms.skew_s + terms.settle_s for terms in (evse.terms for evse in self._evses.values())),
            default=0.0,
        )
        lowest = self.capacities.lowest(now, horizon_s)
        self.ledger.set_capacities(lowest, self.capacities.lowest_ever())
        self._targets.set_capacities(lowest)
        self._capacities_at = self.capacities.next_change_at(now, horizon_s)
        self._are_capacities_known = True
        self._dispatch.look_at_blocked()

    def _put(self, evse: Evse, now: float) -> None:
        """Let the EVSE have a share if we can steer it, or else leave to it what may be in force."""
        key = evse.key
        reach = self.ledger.reach_ma(key)
        evse.watch.saw(reach, now)
        if evse.is_steerable(now):
            assert evse.session is not None
            wish = evse.session.wish(now)
            if key not in self._targets and evse.standing is None and max(reach) > evse.description.fallback_ma:
                evse.is_uncertain = True  # something may be in force that only an order ends
            self._targets.set(key, wish)
            one, two, three = reach
            outside = (one * (1 not in wish.phases), two * (2 not in wish.phases), three * (3 not in wish.phases))
        else:
            self._targets.remove(key, for_good=evse.session is None)
            outside = reach
            if evse.session is not None and evse.retry_at > now:
                self._dispatch.call_at(evse, evse.retry_at)
        self._targets.set_outside(key, outside)
        if max(outside) > evse.description.fallback_ma:
            self._decaying.add(key)
        else:
            self._decaying.discard(key)
        self._dispatch.set_course(evse, now)
        self._dispatch.look(key)

    def _leave(self, evse: Evse) -> None:
        evse.session = evse.standing = evse.open = None
        evse.drawn_ma, evse.drawn_at = NO_REACH, None
        evse.is_uncertain = False
        evse.failures = evse.refusals = 0
        evse.retry_at = 0.0
        self._targets.remove(evse.key, for_good=True)

    def _measure(self, evse: Evse, currents_ma: Currents | None, power_w: float | None, at: float, now: float) -> None:
        """Keep what the EVSE draws, and tell if its station does not obey."""
        terms, phases = evse.terms, evse.description.phases
        if currents_ma is not None:
            drawn = [0, 0, 0]
            for phase, current in zip(phases, currents_ma, strict=False):
                drawn[phase - 1] = current or 0
            drawn_ma: Reach = (drawn[0], drawn[1], drawn[2])
        elif power_w is not None:
            using = phases if evse.session is None else evse.session.phases
            current = round(power_w * 1000 / self.network.watts_per_ampere(evse.key, using))
            drawn_ma = (current * (1 in using), current * (2 in using), current * (3 in using))
        else:
            return
        if evse.drawn_at is None or at >= evse.drawn_at:
            evse.drawn_ma, evse.drawn_at = drawn_ma, at
        if not evse.is_obeying or self._is_new:
            return
        evse.watch.saw(self.ledger.reach_ma(evse.key), now)
        if currents_ma is not None:
            is_guilty = evse.watch.drew(
                drawn_ma, at, now, settle_s=terms.settle_s, skew_s=terms.skew_s, noise=self._noise
            )
        else:
            assert power_w is not None
            watts = self.network.watts_per_ampere(evse.key, phases)
            is_guilty = evse.watch.drew_power(
                power_w, watts, len(phases), at, now, settle_s=terms.settle_s, skew_s=terms.skew_s, noise=self._noise
            )
        if is_guilty:
            reach = self.ledger.reach_ma(evse.key)
            evse.is_obeying = False
            self.terms(evse.key[0], terms, now)
            self._note(
                "charging_disobedience",
                station=evse.key[0],
                evse=evse.key[1],
                drawn_ma=max(drawn_ma),
                limit_ma=max(reach),
            )

    def _group(self, tokens: Iterable[str]) -> TokenGroupDescription | None:
        return next((self._groups[token] for token in tokens if token in self._groups), None)

    def _place(self, key: EvseKey) -> None:
        self._placing[key] = None
        self._ask()

    def _ask(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._wake()
