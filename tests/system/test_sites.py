"""Site files of a running gateway: what SIGHUP takes up, and what it refuses."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.process import GatewayProcess

SITE = """
name = "depot"

[[node]]
name = "grid"
limit_a = 100
base_load_a = 10

[[evse]]
station = "CP1"
evse = 1
node = "grid"
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    (tmp_path / "depot.toml").write_text(SITE)
    process = GatewayProcess(tmp_path, charging={"site_files": ["depot.toml"]})
    process.start()
    yield process
    process.end()


def left_a(gateway: GatewayProcess) -> float:
    capacity: float = gateway.get_json("/api/v1/sites/depot")["tree"]["phases"][0]["capacity_a"]
    return capacity


def test_files_are_read_again_at_a_sighup_and_not_taken_up_if_anything_is_wrong(gateway: GatewayProcess) -> None:
    assert left_a(gateway) == 90.0
    file = gateway.folder / "depot.toml"
    file.write_text(SITE.replace("limit_a = 100", "limit_a = 60"))
    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_until(lambda: left_a(gateway) == 50.0, "the new rating holds")
    file.write_text(SITE.replace("limit_a = 100", "limit_a = -1"))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_until(
        lambda: any(line["event"] == "site_file_invalid" for line in gateway.log()), "the log has what is wrong"
    )
    said = next(line for line in gateway.log() if line["event"] == "site_file_invalid")
    assert "depot.toml" in str(said)
    assert "node[0].limit_a" in str(said)
    assert left_a(gateway) == 50.0
