"""Fuzzing: frames, envelopes and whole sessions against twins, foreign oracles and invariants. See ../README.md."""
