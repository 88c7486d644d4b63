"""Compiled leaves, built from the top-level folder `_speedups`. Import them through `gateway.hot` only."""
