"""A gateway whose clock runs faster, as its own process: `python -m bench.charging.accelerated --config FILE ...`.

It is `ocpp-gateway serve` but for the clock, which all processes of a run share: at `--since` of the machine's time it
showed the same, and since then it runs `--speed` times as fast. So one that is killed and started again finds the time
where it would be.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from bench.charging.mutants import LEDGER, MUTANTS
from gateway.app.config_sources import load_config
from gateway.app.gateway import Gateway
from gateway.app.logs import open_log
from gateway.app.signals import run_until_signalled
from gateway.fleet import Clock, accelerated_clock

MODULE: Final = "bench.charging.accelerated"


def shared_clock(speed: float, since: float) -> Clock:
    """Return the clock of a run, which began at `since` in seconds of the epoch."""
    now = since + (time.time() - since) * speed
    return accelerated_clock(speed, start_at=datetime.fromtimestamp(now, UTC))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--speed", type=float, required=True)
    parser.add_argument("--since", type=float, required=True)
    parser.add_argument("--policy", choices=MUTANTS, default=LEDGER)
    arguments = parser.parse_args()
    MUTANTS[arguments.policy]()
    config = load_config(arguments.config).config
    log = open_log(config.log.level, config.log.file)
    clock = shared_clock(arguments.speed, arguments.since)
    try:
        gateway = Gateway(config, log=log, now=clock.now, speed=arguments.speed)
        uvloop.run(run_until_signalled(gateway, lambda: None, on_hangup=gateway.reload))
    finally:
        log.close()


if __name__ == "__main__":
    main()
