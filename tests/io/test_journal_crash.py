"""SIGKILL at any moment: every acknowledged entry is in the store exactly once."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from gateway.core.records import Readings
from tests.io.crash_child import open_both
from tests.io.journal_support import wait_until

KILLS = 8


def run_until_killed(folder: Path, run: int, lines: int) -> list[str]:
    """Let a child append until `lines` entries are acknowledged, kill it, and return all that it acknowledged."""
    command = [sys.executable, "-m", "tests.io.crash_child", str(folder), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        output = b""
        while output.count(b"\n") < lines:
            part = child.stdout.read1()
            assert part, child.stderr.read().decode()
            output += part
        child.send_signal(signal.SIGKILL)
        output += child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    return output.decode().split("\n")[:-1]  # the last line may have been cut off: that one is not known


def test_whatever_was_acknowledged_is_stored_once_however_often_we_are_killed(tmp_path: Path) -> None:
    rng = random.Random(11)
    acknowledged: list[str] = []
    for run in range(KILLS):
        acknowledged += run_until_killed(tmp_path, run, rng.choice([1, 50, 500, 3000, 6000]))
    assert len(acknowledged) == len(set(acknowledged))

    async def catch_up() -> int:
        journal, store = open_both(tmp_path, asyncio.get_running_loop(), lambda batch: [])
        states = {station: (batch, int(state)) for station, batch, state in journal.load_states()}
        # The snapshot and the tail behind it agree: no entry of a later batch is older than the state.
        for batch in journal.read_batches(0):
            for entry in batch.entries:
                saved_after, number = states[entry.station]
                readings = entry.records[0]
                assert isinstance(readings, Readings)
                said = readings.transaction
                assert said is not None
                if said.startswith(f"{KILLS - 1}-") and batch.id <= saved_after:
                    assert int(said.split("-")[1]) <= number
        journal.start()
        store.start()
        wait_until(lambda: journal.lags["store"].batches == 0)
        store.close()
        journal.close()
        assert store.errors == dict.fromkeys(store.errors, 0)
        assert store.missing_batches == 0
        return store.stored["reading"]

    readings = asyncio.run(catch_up())
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        stored = Counter(row[0] for row in connection.execute("SELECT signed FROM reading WHERE signed IS NOT NULL"))
        transactions = Counter(row[0] for row in connection.execute('SELECT "transaction" FROM charging_transaction'))
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (readings,)
    assert [name for name in acknowledged if stored[name] != 1] == []
    assert [name for name in acknowledged if transactions[name] != 1] == []
    # What was on its way may be there or not, but not twice, and all its readings or none.
    assert set(stored.values()) == {1}
    assert readings == 8 * len(stored)
