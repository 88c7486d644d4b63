"""Benchmarks: leaves under pytest (`pytest bench`), whole processes under `python -m bench`. See README.md."""
