"""Facts about limits, each in a process of its own: a limit that was lowered cannot be raised again."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from gateway.app.resources import allow_connections
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_connections(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [
        (2000, 4000, 500, "500 2000 4000"),
        (1000, 4000, 2000, "2000 3280 4000"),
        (1000, 4000, 18000, "2720 4000 4000"),
        (100, 100, 18000, "1 100 100"),
    ],
    ids=["enough", "raised", "lowered to what there is", "hardly any"],
)
def test_the_soft_limit_is_raised_as_far_as_needed_and_allowed(
    soft: int, hard: int, wanted: int, expected: str
) -> None:
    arguments = [sys.executable, "-c", PROGRAM, str(soft), str(hard), str(wanted)]
    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip() == expected
