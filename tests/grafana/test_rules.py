"""Rules and alerts, tried by promtool on histories: each alert fires when it should, and only then."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana.rule_cases import CASES, Case

GRAFANA = Path(__file__).parent.parent.parent / "grafana"
RULES = sorted((GRAFANA / "prometheus").glob("*.yaml"))

PROMTOOL_S_MAX = 60

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: apt-get install prometheus")


def alerts() -> list[dict[str, Any]]:
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def promtool(*arguments: object) -> str:
    """Return what promtool prints; fail if it finds fault."""
    command = ["promtool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROMTOOL_S_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_rules_are_valid() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)


def test_every_alert_has_a_case() -> None:
    declared = {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}
    assert {(case.alert, case.severity) for case in CASES} == declared


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_every_alert_has_a_runbook_with_three_commands(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["summary"] and alert["annotations"]["description"]
    text = (GRAFANA / alert["annotations"]["runbook_url"]).read_text()
    assert text.startswith(f"# {alert['alert']}\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Meaning", "## Impact", "## Look", "## When to escalate"]
    assert len([line for line in text.splitlines() if line.startswith("    ")]) == 3


def test_no_runbook_without_an_alert() -> None:
    assert {file.stem for file in (GRAFANA / "runbooks").glob("*.md")} == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("runbook", sorted((GRAFANA / "runbooks").glob("*.md")), ids=lambda file: file.stem)
def test_runbook_looks_for_log_events_that_the_gateway_writes(runbook: Path) -> None:
    sources = "".join(file.read_text() for file in (GRAFANA.parent / "gateway").rglob("*.py"))
    for pattern in re.findall(r"journalctl .* grep -E '([^']*)'", runbook.read_text()):
        for event in pattern.split("|"):
            assert f'"{event}' in sources, event


@needs_promtool
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}-{case.severity}")
def test_alert_fires_and_stays_silent(case: Case, tmp_path: Path) -> None:
    firing = (
        f'count by (alertname) (ALERTS{{alertname="{case.alert}", severity="{case.severity}", alertstate="firing"}})'
    )
    sample = {"labels": f'{{alertname="{case.alert}"}}', "value": 1}
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in history.items()],
            "promql_expr_test": [{"expr": firing, "eval_time": case.at, "exp_samples": expected}],
        }
        for history, expected in ((case.fires, [sample]), (case.silent, []))
    ]
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"rule_files": list(map(str, RULES)), "evaluation_interval": "1m", "tests": tests}))
    promtool("test", "rules", file)
