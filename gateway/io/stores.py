"""What every store of the gateway is: it follows the journal by itself, and says how far it has come."""

from collections.abc import Mapping
from typing import Final, Protocol

KINDS: Final = (
    *("reading", "station_booted", "connector_status", "transaction_event", "event", "raw_message"),
    *("fact", "device_variable"),
)
"""What is counted as stored. A reading is one sample. A fact that ends counts too, and a variable said again."""


class Store(Protocol):
    """A store: works from `start` to `close` in threads of its own, whatever happens to what it writes to."""

    @property
    def stored(self) -> Mapping[str, int]:
        """Rows ever stored, by kind, deleted ones included: received = stored + set aside + waiting in the journal."""

    @property
    def set_aside_entries(self) -> int:
        """Entries that were refused for what they hold, ever."""

    @property
    def set_aside_readings(self) -> int:
        """Readings in these."""

    @property
    def errors(self) -> Mapping[str, int]:
        """Transactions that failed, by kind; the kinds are a closed set."""

    @property
    def last_error(self) -> str | None:
        """What keeps the store from working now; None if it works."""

    @property
    def missing_batches(self) -> int:
        """Batches that the store does not have and that the journal no longer keeps."""

    @property
    def connected(self) -> bool:
        """Whether what it writes to is open."""

    @property
    def transactions(self) -> int:
        """Transactions since the start of the process."""

    @property
    def cpu_seconds(self) -> float:
        """CPU time of its threads."""

    def start(self) -> None:
        """Begin to store."""

    def close(self) -> None:
        """Store what waits, for a while, and end. Before the journal is closed."""
