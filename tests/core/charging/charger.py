"""A station that charges smartly, as far as a flow sees it: its answers are made of what was installed."""

import asyncio
from datetime import timedelta

from gateway.core.charging.preparing import DEFAULTS
from gateway.wire.messages import timestamp
from tests.core.flows.flow_bench import FlowBench, StationError
from tests.core.station_bench import BOOTS, OCPP16

HARDWARE_A = 32.0

VARIABLES = {
    "ProfileStackLevel": "8",
    "PeriodsPerSchedule": "24",
    "RateUnit": "A,W",
    "Enabled": "true",
    "SupportsDynamicProfiles": "true",
    "SupportsMaxOfflineDuration": "true",
    "UpdateRateLimit": "5",
    "MaxExternalConstraintsId": "99",
    "ItemsPerMessage": "16",
}
KEYS = {
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleMaxPeriods": "24",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "GetConfigurationMaxKeys": "20",
}


class Charger(FlowBench):
    """`says` are its variables or keys. It keeps TxDefaultProfiles by EVSE, and its composite schedule shows them."""

    def __init__(self, version, says=None, **answers):
        self.says = (KEYS if version == OCPP16 else VARIABLES) if says is None else says
        self.defaults = {}
        super().__init__(
            version,
            **{
                "GetVariables": self.variables,
                "GetConfiguration": self.keys,
                "SetChargingProfile": self.install,
                "GetCompositeSchedule": self.composite,
            }
            | answers,
        )

    def run(self, flow):
        """Carry out `flow(operator, station)` and return what it returns."""
        return asyncio.run(self._carry_out(lambda operator, station, _: flow(operator, station), None))

    def actions(self):
        """The actions that the gateway sent since this was asked last, without those that only ask what it can."""
        asked = [action for action, _ in self.sent if action not in ("GetVariables", "GetConfiguration")]
        self.sent.clear()
        return asked

    def boot(self, *, loses=False):
        """Boot; `loses`: without its profiles."""
        if loses:
            self.defaults.clear()
        self.bench.now += timedelta(minutes=1)
        self.say("BootNotification", BOOTS[self.version])

    def begin(self, evse=1, transaction="tx1"):
        """Begin a transaction, and return its name."""
        if self.version == OCPP16:
            started = {"connectorId": evse, "idTag": "TAG", "meterStart": 0, "timestamp": timestamp(self.bench.now)}
            return str(self.say("StartTransaction", started)["transactionId"])
        event = {
            "eventType": "Started",
            "timestamp": timestamp(self.bench.now),
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "transactionInfo": {"transactionId": transaction},
            "evse": {"id": evse, "connectorId": 1},
        }
        self.say("TransactionEvent", event)
        return transaction

    def known(self, evse=1):
        """What is kept of the fallback of an EVSE."""
        return DEFAULTS.get(self.station, str(evse))

    # --- answers

    def variables(self, request):
        results = []
        for asked in request["getVariableData"]:
            value = self.says.get(asked["variable"]["name"]) if "instance" not in asked["variable"] else None
            if asked["variable"]["name"] == "ItemsPerMessage":
                value = self.says.get("ItemsPerMessage")
            status = "UnknownVariable" if value is None else "Accepted"
            results.append(asked | {"attributeStatus": status} | ({} if value is None else {"attributeValue": value}))
        return {"getVariableResult": results}

    def keys(self, request):
        known = [key for key in request["key"] if key in self.says]
        answer = {"configurationKey": [{"key": key, "readonly": True, "value": self.says[key]} for key in known]}
        return answer | {"unknownKey": [key for key in request["key"] if key not in self.says]}

    def install(self, request):
        profile = request["csChargingProfiles"] if self.version == OCPP16 else request["chargingProfile"]
        assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
        evse = request["connectorId"] if self.version == OCPP16 else request["evseId"]
        schedule = profile["chargingSchedule"] if self.version == OCPP16 else profile["chargingSchedule"][0]
        self.defaults[evse] = (profile["stackLevel"], schedule)
        return {"status": "Accepted"}

    def composite(self, request):
        evse = request["connectorId"] if self.version == OCPP16 else request["evseId"]
        installed = self.defaults.get(evse)
        limit = HARDWARE_A if installed is None else installed[1]["chargingSchedulePeriod"][0]["limit"]
        return composite_answer(self, evse, request, limit)


def composite_answer(charger, evse, request, limit):
    schedule = {
        "duration": request["duration"],
        "chargingRateUnit": request["chargingRateUnit"],
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    start = {"scheduleStart": timestamp(charger.bench.now)}
    if charger.version == OCPP16:
        return {"status": "Accepted", "connectorId": evse, "chargingSchedule": schedule} | start
    return {"status": "Accepted", "schedule": schedule | start | {"evseId": evse}}


NOT_SUPPORTED = StationError("NotSupported")
