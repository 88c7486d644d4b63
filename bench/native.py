"""The two C programs, compiled when they are first needed."""

import subprocess
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
BUILD = HERE / "build"
COMPILE = ("cc", "-O2", "-Wall", "-Wextra", "-o")


def compiled(name: Literal["floor", "load"]) -> Path:
    """Return the program made of `NAME.c`, compiled again if the source is newer. Raises CalledProcessError."""
    source, program = HERE / f"{name}.c", BUILD / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        subprocess.run([*COMPILE, str(program), str(source), "-lm"], check=True)
    return program
