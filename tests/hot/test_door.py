import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "GATEWAY_PURE"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


MODULES = "import gateway.hot as hot; print(hot.FrameReader.__module__, hot.split_envelope.__module__)"


def test_the_compiled_leaves_are_the_default() -> None:
    assert run(MODULES).stdout.split() == ["gateway._speedups.frames", "gateway._speedups.envelope"]


def test_the_twins_run_only_when_they_are_asked_for() -> None:
    assert run(MODULES, GATEWAY_PURE="1").stdout.split() == ["gateway.hot.frames", "gateway.hot.envelope"]


def test_a_missing_extension_is_an_error_of_one_line() -> None:
    result = run("import sys; sys.modules['gateway._speedups.frames'] = None; import gateway.hot")
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert "gateway._speedups.frames is not compiled" in last
    assert "make setup" in last
    assert "During handling" not in result.stderr
