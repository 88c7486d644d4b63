"""What is configured of a TimescaleDB store."""

from msgspec import Struct


class StoreSettings(Struct, frozen=True, kw_only=True):
    """`[store]` of the configuration, but for where the database is. Days and hours may be fractions, for tests."""

    retention_days: float = 0.0
    """Age at which readings, statuses, events, raw messages and ended transactions are deleted; 0 keeps them."""
    rollup_retention_days: float = 0.0
    """Age at which rollups are deleted; 0 keeps them."""
    compress_after_days: float = 7.0
    """Age at which chunks are compressed, where the edition can; 0 never."""
    chunk_hours: float = 24.0
    """Span of time of one chunk."""
    rows_max: int = 50_000
    """Most rows of one transaction, but for the last batch in it."""
    timeout_s: float = 60.0
    """A database that does not answer for so long is connected to anew."""
