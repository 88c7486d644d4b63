"""`python -m bench`: the gateway beside the floor and its rivals, as one Markdown table."""

import argparse
import sys
import tempfile
from pathlib import Path
from subprocess import CalledProcessError

import msgspec

from bench.load import LoadError
from bench.machine import filesystem
from bench.report import markdown
from bench.run import FULL, QUICK, run
from bench.servers import ServerError

IN_MEMORY = {"tmpfs", "ramfs"}


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 40 seconds, less exact")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured, too")
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()), metavar="DIRECTORY", help="on the disk to measure"
    )
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is no directory")
    if (kind := filesystem(options.data)) in IN_MEMORY:
        parser.error(f"{options.data} is in memory ({kind}), where nothing is durable; choose a disk with --data")
    try:
        results = run(QUICK if options.quick else FULL, options.data)
    except (ServerError, LoadError, CalledProcessError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(markdown(results))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
