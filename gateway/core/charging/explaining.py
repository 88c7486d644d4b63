"""The view of a site: for each link what it carries, and for each EVSE why it gets what it gets, in plain words."""

from collections.abc import Mapping

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.description import EvseKey
from gateway.core.charging.dispatch import Dispatch
from gateway.core.charging.evses import REFUSALS_MAX, Evse
from gateway.core.charging.ledger import Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.targets import MILLION, Targets
from gateway.core.charging.views import EvseState, EvseView, LinkView, SiteView
from gateway.hot import ALL_PHASES, Link


def site_view(
    network: Network,
    capacities: Capacities,
    ledger: Ledger,
    targets: Targets,
    dispatch: Dispatch,
    evses: Mapping[EvseKey, Evse],
    now: float,
) -> SiteView:
    """Return how the site is now."""
    allocated = [0] * len(network.links)
    measured = [0] * len(network.links)
    for key, evse in evses.items():
        if key in targets and (target := targets.share(key).current_ma):
            for link, factor in network.loads(key, targets.wish(key).phases):
                allocated[link] += factor * target
        for phase, drawn in enumerate(evse.drawn_ma, 1):
            for link, factor in network.loads(key, (phase,)) if drawn else ():
                measured[link] += factor * drawn
    deficits = ledger.deficits()
    links = []
    for number, (node, phase) in enumerate(network.links):
        links.append(
            LinkView(
                node=node,
                phase=phase,
                capacity=targets.capacity(number),
                base=capacities.base(number, now),
                allocated=(allocated[number] + targets.outside(number)) // MILLION,
                reserved=ledger.reserved(number),
                measured=measured[number] // MILLION,
                deficit=deficits.get(number, 0),
            )
        )
    return SiteView(
        name=network.description.name,
        at=now,
        links=tuple(links),
        evses=tuple(_evse_view(network, ledger, targets, dispatch, evse, now) for evse in evses.values()),
        fault=targets.fault,
    )


def _evse_view(
    network: Network, ledger: Ledger, targets: Targets, dispatch: Dispatch, evse: Evse, now: float
) -> EvseView:
    key = evse.key
    share = targets.share(key) if key in targets else None
    reach = ledger.reach_ma(key)
    state = state_of(evse, targets, now)
    return EvseView(
        station=key[0],
        evse=key[1],
        node=evse.description.node,
        state=state,
        transaction=None if evse.session is None else evse.session.transaction,
        phases=evse.description.phases if evse.session is None else evse.session.phases,
        limit_ma=evse.limit_ma(now),
        target_ma=0 if share is None else share.current_ma,
        reach_ma=reach,
        drawn_ma=None if evse.drawn_at is None else max(evse.drawn_ma),
        binding=None if share is None else share.binding,
        turn_at=targets.next_turn_at() if state == "waiting" else None,
        why=_why(evse, state, targets, dispatch, max(reach), now),
    )


def state_of(evse: Evse, targets: Targets, now: float) -> EvseState:
    """Return what an EVSE does."""
    if not evse.is_obeying:
        return "disobedient"
    if evse.session is None:
        return "idle" if evse.is_connected else "offline"
    if not evse.is_steerable(now):
        return "offline"
    return "charging" if evse.key in targets and targets.share(evse.key).admitted else "waiting"


def _why(evse: Evse, state: EvseState, targets: Targets, dispatch: Dispatch, reach_ma: int, now: float) -> str:
    if state == "disobedient":
        return (
            "The vehicle drew more than it was allowed, so the station is taken to ignore limits: "
            f"{_amperes(reach_ma)}, the most that it can draw, is kept free for it."
        )
    if state == "idle":
        return f"No vehicle charges; {_amperes(reach_ma)} is kept free for it."
    if state == "offline":
        return _why_not_steered(evse, reach_ma)
    share = targets.share(evse.key) if evse.key in targets else None
    if state == "waiting" or share is None:
        if share is None or share.binding is None:
            return "It was not looked at yet."
        minimum = _amperes(targets.wish(evse.key).minimum_ma)
        return (
            f"{_link_words(share.binding)} has no room for {minimum} more, the least that a vehicle takes; "
            "it waits for its turn or for room."
        )
    words = [_why_this_much(evse, targets)]
    limit = evse.limit_ma(now)
    if evse.open is not None:
        words.append(f"It was told {_amperes(evse.open.limit_ma)} and has not answered yet.")
    elif evse.is_uncertain:
        words.append("Its last answer was lost, so the limit is sent again.")
    elif dispatch.blocked_since(evse.key) is not None:
        words.append(
            f"It has {_amperes(limit)} until others are known to draw less; then it gets {_amperes(share.current_ma)}."
        )
    elif evse.failures:
        words.append("It did not take its last limit; it is asked again.")
    return " ".join(words)


def _why_not_steered(evse: Evse, reach_ma: int) -> str:
    kept = f"{_amperes(reach_ma)} is kept free for it, the most that may be in force there."
    if not evse.is_connected:
        return f"The station is not connected; {kept}"
    if not evse.is_ready:
        return f"The station has not yet taken what it may draw when nothing is heard; {kept}"
    return (
        f"The station refused {REFUSALS_MAX} limits in a row, so others get its share until it is asked again; {kept}"
    )


def _why_this_much(evse: Evse, targets: Targets) -> str:
    assert evse.session is not None
    share, wish = targets.share(evse.key), targets.wish(evse.key)
    amount = _amperes(share.current_ma)
    if share.binding is not None:
        return f"It gets {amount}: {_link_words(share.binding)} is full, and others there have no more in proportion."
    if evse.session.ceiling_ma is not None and share.current_ma >= wish.maximum_ma:
        drawn = _amperes(evse.session.drawn_ma or 0)
        return f"It gets {amount}: the vehicle draws {drawn}, and what it leaves may go to others."
    if wish.maximum_ma < evse.description.maximum_ma:
        return f"It gets {amount}, all that the vehicle takes."
    return f"It gets {amount}, all that it can take."


def _link_words(link: Link) -> str:
    node, phase = link
    return f"{node} (all phases together)" if phase == ALL_PHASES else f"{node}, phase L{phase},"


def _amperes(current_ma: int) -> str:
    return f"{current_ma / 1000:.1f} A"
