"""The store in TimescaleDB, or in PostgreSQL without it: one thread, one connection, each batch exactly once."""
