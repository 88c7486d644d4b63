"""Compiled leaves, built from the sources in the top-level folder `_speedups`. Import them through `gateway.hot` only."""
