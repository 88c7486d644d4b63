"""What the controller of a site wants of a station, before it is a message of any version."""

from enum import Enum

from msgspec import Struct

from gateway.core.charging.description import EvseKey, Phases


class Order(Struct, frozen=True):
    """Let the session on an EVSE draw at most `limit_ma` per phase until `expires_at`, and its fallback after that.

    `order` is a number of its own at this EVSE. `phases` are those of the site on which it may draw; fewer than the
    EVSE has where its vehicle uses fewer. `expires_at` is in seconds of the epoch; None: it does not end by itself
    (stations whose leases are not trusted). `transaction` is the session's.
    """

    order: int
    key: EvseKey
    transaction: str
    limit_ma: int
    phases: Phases
    sent_at: float
    expires_at: float | None


class Ending(Enum):
    """How an order ended. UNKNOWN: it may have been applied, or may yet be, so it stays reserved."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class LeaseTerms(Struct, frozen=True):
    """How limits hold at a station (of its model, as configured or probed). All in seconds.

    `trusted`: a lease that is not refreshed ends by itself, so it may be lent; otherwise a limit holds for good.
    `settle_s`: from Accepted until the vehicle draws no more than that. `skew_s`: how far the station's clock may be
    behind. `spacing_s`: least time between two messages to the station, where it has a rate limit.
    `obeys`: False where it was seen to ignore limits: its hardware's maximum is reserved, and nothing is sent.
    """

    lease_s: float = 600.0
    settle_s: float = 10.0
    skew_s: float = 30.0
    spacing_s: float = 0.0
    trusted: bool = True
    obeys: bool = True
