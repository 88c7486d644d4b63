"""Charging stations on foreign clients: npm's `ocpp-rpc` and `ocpp-ws-io`, both strict, in processes of their own.

The scripts are in `node/`. A station tells what it does as JSON lines; here they are awaited by name.
"""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.system.process import DEADLINE_S

SCRIPTS = Path(__file__).parent / "node"

INSTALL_S = 120.0
"""Longest time for `npm ci`, which downloads some 3 MB."""

NODE_MIN = 18
"""The oldest major version of node that both packages run on; Debian 12 has it."""


def missing() -> list[str]:
    """Return what these stations need and this machine does not have."""
    absent = [program for program in ("node", "npm") if shutil.which(program) is None]
    if "node" not in absent:
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.removeprefix("v").partition(".")[0]) < NODE_MIN:
            absent.append(f"node {NODE_MIN} or newer")
    return absent


MISSING = missing()


def install(folder: Path) -> Path:
    """Return a copy of the scripts in `folder`, with the packages of the lock file beside them."""
    copy = Path(shutil.copytree(SCRIPTS, folder / "node", ignore=shutil.ignore_patterns("node_modules")))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=INSTALL_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


class NodeStation:
    """One running station. It leaves when its standard input ends. It believes the certificate in `trusted`."""

    def __init__(self, scripts: Path, folder: Path, trusted: Path | None = None, **options: str) -> None:
        self.identity = options["identity"]
        self.version = options["version"]
        self.token = options["token"]
        self.supported: list[str] = []
        """Actions that it does not answer with NotSupported; known once it is ready."""
        self._errors_file = folder / f"{self.identity}.stderr"
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._errors_file.open("wb") as errors:
            self._process = subprocess.Popen(
                ["node", str(scripts / "station.mjs"), json.dumps(options)],
                env=os.environ if trusted is None else {**os.environ, "NODE_EXTRA_CA_CERTS": str(trusted)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._events.put(json.loads(line))
        self._events.put(None)

    def expect(self, name: str) -> dict[str, Any]:
        """Return the next thing that the station tells, which must have this name."""
        try:
            event = self._events.get(timeout=DEADLINE_S)
        except queue.Empty:
            raise AssertionError(f"no {name!r} of {self.identity}: {self._errors_file.read_text()}") from None
        assert event is not None, f"{self.identity} ended: {self._errors_file.read_text()}"
        assert event.pop("event") == name, event
        return event

    def leave(self) -> dict[str, Any]:
        """Have the station close its connection; return all that it counted."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        counted = self.expect("left")
        assert self._process.wait(DEADLINE_S) == 0
        return counted

    def end(self) -> None:
        """Make sure that it no longer runs."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()


@contextlib.contextmanager
def node_station(scripts: Path, folder: Path, trusted: Path | None = None, **options: str) -> Iterator[NodeStation]:
    """A station that has booted and charged once; it is ended whatever happens."""
    station = NodeStation(scripts, folder, trusted, **options)
    try:
        station.expect("started")
        station.expect("stopped")
        station.supported = station.expect("ready")["supported"]
        yield station
    finally:
        station.end()
