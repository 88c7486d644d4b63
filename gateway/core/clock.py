"""What is done about a station whose clock cannot be right (1970 after a power cut, a date in the future)."""

from datetime import datetime, timedelta


class ClockPolicy:
    """Decides which of a station's timestamps are believed.

    A timestamp is believed if it is not before `earliest_at` and not more than `future_tolerance` after the time of
    receipt. Anything between is kept, however old: offline stations replay their queues days later, with the times at
    which things happened. What is not believed is replaced by the time of receipt, and kept beside it as evidence.

    If the time of receipt is itself before `earliest_at`, it is our own clock that was never set (a machine without a
    battery, before its first contact with a time server): then no time is too late to be believed.
    """

    def __init__(self, *, earliest_at: datetime, future_tolerance: timedelta) -> None:
        self.earliest_at = earliest_at
        self.future_tolerance = future_tolerance

    def believes(self, station_time: datetime, received_at: datetime) -> bool:
        """Return whether `station_time`, received at `received_at`, may be used as the time of what it stamps."""
        if received_at < self.earliest_at:
            return self.earliest_at <= station_time
        return self.earliest_at <= station_time <= received_at + self.future_tolerance

    def time_of(self, station_time: datetime | None, received_at: datetime) -> datetime:
        """Return the time to record: the station's where it is given and believed, else the time of receipt."""
        if station_time is not None and self.believes(station_time, received_at):
            return station_time
        return received_at
