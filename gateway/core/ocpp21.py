"""OCPP 2.1: what it has beyond 2.0.1."""

from typing import Final

from gateway.core import ocpp201
from gateway.core.alike import reported
from gateway.core.csms import Rule, Rules

VERSION: Final = "ocpp2.1"

RULES: Final[Rules] = {
    **ocpp201.RULES,
    "BatterySwap": Rule(reported("BatterySwap")),
    "ClosePeriodicEventStream": Rule(reported("ClosePeriodicEventStream")),
    "GetCertificateChainStatus": Rule(reported("GetCertificateChainStatus", b'{"certificateStatus":[]}')),
    "NotifyDERAlarm": Rule(reported("NotifyDERAlarm")),
    "NotifyDERStartStop": Rule(reported("NotifyDERStartStop")),
    "NotifyPeriodicEventStream": Rule(reported("NotifyPeriodicEventStream")),
    "NotifyPriorityCharging": Rule(reported("NotifyPriorityCharging")),
    "NotifySettlement": Rule(reported("NotifySettlement")),
    "OpenPeriodicEventStream": Rule(reported("OpenPeriodicEventStream", b'{"status":"Accepted"}')),
    "PullDynamicScheduleUpdate": Rule(reported("PullDynamicScheduleUpdate", b'{"status":"Rejected"}')),
    "ReportDERControl": Rule(reported("ReportDERControl")),
    "VatNumberValidation": Rule(reported("VatNumberValidation", b'{"status":"Rejected"}')),
}
"""What a station may send in OCPP 2.1."""
