"""Says in one line what a machine lacks to compile the extensions. Runs on a bare Python."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path


def toolchain_problem() -> str | None:
    """Return what is missing, as one line, or None."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"ocpp-gateway: no C compiler ({compiler} is not on PATH). On Debian: apt-get install gcc"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        return f"ocpp-gateway: no Python headers ({header} is missing). On Debian: apt-get install python3-dev"
    return None


if __name__ == "__main__":
    sys.exit(toolchain_problem())
