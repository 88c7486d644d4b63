"""Runs cases of the Autobahn test suite against a server, and prints the results as JSON.

In a process of its own: the cases patch the interpreter for Python 2's sake, and the runner aborts when that ends.
"""

import asyncio
import json
import os
import sys
from typing import Any

from kosoku import FailureError, run_fuzzingclient

CONCURRENCY = 4


async def results(url: str, cases: list[str]) -> list[dict[str, Any]]:
    try:
        ended = await run_fuzzingclient(url, cases, concurrency=CONCURRENCY)
    except FailureError as failure:
        ended = failure.results
    return [
        {
            "case": result.case_id,
            "passed": result.passed,
            "behavior": result.behavior.value,
            "close": result.behavior_close.value,
            "why": f"{result.result} {result.result_close}",
        }
        for result in ended
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(results(*map(json.loads, sys.argv[1:])))), flush=True)
    os._exit(0)
