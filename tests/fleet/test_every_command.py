"""Every action that a server may send, in every version, with payloads from its schema: always an honest answer."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from random import Random

import pytest

from gateway.fleet import Behaviour
from gateway.fleet.commands16 import KNOWN as KNOWN_16
from gateway.fleet.dialect import Refusal
from gateway.fleet.editions import DIALECTS, KNOWN_21, KNOWN_201, SERVED_21, SERVED_201
from gateway.fleet.station import SimulatedStation
from tests.fleet.csms import OCPP16, OCPP21, OCPP201
from tests.fleet.operator import operated
from tests.fleet.schemas import FOLDERS, errors, validator
from tests.wire.schema_oracle import Maker

FROM_STATION = {
    OCPP16: {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    },
    OCPP201: {
        "Authorize",
        "BootNotification",
        "ClearedChargingLimit",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
    },
}
FROM_STATION[OCPP21] = FROM_STATION[OCPP201] | {
    "BatterySwap",
    "ClosePeriodicEventStream",
    "GetCertificateChainStatus",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPeriodicEventStream",
    "NotifyPriorityCharging",
    "NotifySettlement",
    "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "VatNumberValidation",
}
KNOWN = {OCPP16: KNOWN_16, OCPP201: KNOWN_201, OCPP21: KNOWN_21}

CODES = {"NotSupported", "FormationViolation", "FormatViolation", "OccurrenceConstraintViolation"}
CODES_16 = {"FormationViolation", "OccurenceConstraintViolation"}


def to_station(version: str) -> set[str]:
    """All actions of the version's schemas that a station does not send itself."""
    folder = files("ocpp") / FOLDERS[version] / "schemas"
    names = {re.sub(r"(Request|Response)?\.json$", "", file.name) for file in folder.iterdir()}
    return {name for name in names if name.isalnum()} - FROM_STATION[version]


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_all_that_a_server_may_send_is_known(version):
    assert to_station(version) == KNOWN[version]


def test_what_is_refused_is_named():
    """What no charging station that is simulated here could do: local controllers, discharging."""
    assert KNOWN_201 - set(SERVED_201) == {"PublishFirmware", "UnpublishFirmware"}
    assert KNOWN_21 - set(SERVED_21) == {"PublishFirmware", "UnpublishFirmware", "AFRRSignal"}


@pytest.mark.parametrize(
    ("version", "action"),
    [(version, action) for version in (OCPP16, OCPP201, OCPP21) for action in sorted(to_station(version))],
)
async def test_any_valid_request_gets_a_valid_answer_and_valid_messages_after_it(version, action):
    """What was said is checked by `operated` at its end; it must go on for an hour without an error."""
    random = Random(f"{version} {action}")
    maker = Maker(validator(version, action, answer=False).schema, random)
    async with operated(version) as operator:
        await operator.start()
        for share in (0.0, 0.3, 0.5, 0.7, 1.0, 0.5, 0.5, 0.5):
            payload = maker.payload(share)
            answer = await operator.raw(action, payload)
            if len(answer) == 1:
                assert errors(version, action, answer[0], answer=True) == [], payload
            else:
                assert answer[0] in (CODES_16 if version == OCPP16 else CODES), (answer, payload)
            if action == "Reset":
                await operator.clock.turn(180)
        await operator.clock.turn(3600)
        assert operator.fleet.statistics.connects > 0


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
async def test_a_station_outlives_everything_at_once(version):
    """All actions mixed, with a transaction running, and then a whole day."""
    random = Random(version)
    actions = sorted(to_station(version))
    makers = {action: Maker(validator(version, action, answer=False).schema, random) for action in actions}
    async with operated(version) as operator:
        await operator.start()
        for _ in range(300):
            action = random.choice(actions)
            if action != "Reset":
                await operator.raw(action, makers[action].payload(random.random()))
        await operator.clock.turn(86_400)
        heartbeats = len(operator.csms.of("Heartbeat"))
        await operator.clock.turn(86_400)
        assert len(operator.csms.of("Heartbeat")) > heartbeats


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_what_breaks_the_schema_is_refused_or_read_and_never_an_error_of_ours(version):
    """Each change that the oracle knows of a request of each action, given to one station."""
    now = datetime(2025, 3, 1, 8, tzinfo=UTC)
    for action in sorted(to_station(version)):
        station = SimulatedStation(
            "SIM-1",
            version,
            seed=1,
            behaviour=Behaviour(first_arrival_s_mean=1e9),
            started_at=now,
            begin_truth=lambda truth: None,
            samples_kept_max=1,
        )
        dialect = DIALECTS[version](station)
        maker = Maker(validator(version, action, answer=False).schema, Random(action))
        for mutation in maker.mutations(maker.payload(0.4)):
            if isinstance(mutation.payload, dict):
                try:
                    answer = dialect.serve(action, mutation.payload, now)
                except Refusal:
                    continue
                assert isinstance(answer, dict)
