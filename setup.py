"""Builds the compiled leaves of `_speedups/` as `gateway._speedups`. Everything else is in pyproject.toml.

`python3 setup.py toolchain` says in one line what a machine lacks for that; it needs nothing but Python.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path


def toolchain_problem() -> str | None:
    """Return one line that says what is missing to compile an extension, or None."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"ocpp-gateway: no C compiler ({compiler} is not on PATH). On Debian: apt-get install gcc"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        return f"ocpp-gateway: no Python headers ({header} is missing). On Debian: apt-get install python3-dev"
    return None


if sys.argv[1:] == ["toolchain"]:
    sys.exit(toolchain_problem())

from Cython.Build import cythonize  # noqa: E402 - the check above must work where Cython is not installed
from setuptools import Extension, setup  # noqa: E402
from setuptools.command.build_ext import build_ext  # noqa: E402

COMPILE_ARGS = ["-O3", "-fno-strict-aliasing", "-Wno-unreachable-code"]


class CheckedBuild(build_ext):
    """build_ext that says in one line what is missing, before the compiler says it in a hundred."""

    def run(self) -> None:
        """Build, or exit with status 1 and the missing piece."""
        if problem := toolchain_problem():
            sys.exit(problem)
        super().run()


extensions = [
    Extension(f"gateway._speedups.{source.stem}", [str(source)], extra_compile_args=COMPILE_ARGS)
    for source in sorted(Path("_speedups").glob("*.pyx"))
]

setup(
    ext_modules=cythonize(extensions, language_level=3, build_dir="build/cython"),
    cmdclass={"build_ext": CheckedBuild},
)
