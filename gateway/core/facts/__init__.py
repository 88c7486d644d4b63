"""What holds for a station until it is said anew: one module a kind, which owns its Struct and its rules."""
