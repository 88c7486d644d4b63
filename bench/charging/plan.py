"""What a run is about: a site, its drivers, and limits that come without warning."""

from collections.abc import Sequence

from msgspec import Struct

from bench.charging.visits import Visit
from gateway.core.charging.description import SiteDescription
from gateway.core.charging.orders import LeaseTerms


class SuddenLimit(Struct, frozen=True):
    """A limit of a node that nobody knew of before it held. Times are seconds from the begin of the run."""

    node: str
    limit_ma: int
    at: float
    lasts_s: float


class Plan(Struct, frozen=True, kw_only=True):
    """`watts_per_ampere` is by the number of lines that a vehicle uses.

    The leases of a share of the stations, `untrusted`, are not trusted: what they are sent does not end by itself.
    """

    description: SiteDescription
    visits: Sequence[Visit]
    span_s: float
    watts_per_ampere: tuple[float, float, float] = (230.0, 460.0, 690.0)
    sudden: Sequence[SuddenLimit] = ()
    terms: LeaseTerms = LeaseTerms()
    untrusted: float = 0.0
