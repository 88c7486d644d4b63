"""Messages that a server asks a station to send: TriggerMessage (1.6 section 5.17, 2.x use case F06)."""

from datetime import datetime

from gateway.fleet.intents import Beat, Intent, Measured
from gateway.fleet.station import SimulatedStation


def trigger(station: SimulatedStation, message: str, evse: int | None, now: datetime) -> str:
    """Have `message`, by its name in 2.x, sent soon: Accepted, Rejected or NotImplemented. EVSE 0 is None: all."""
    outlets = station.outlets_of(evse or None)
    told: list[Intent] = []
    match message:
        case _ if not outlets:
            return "Rejected"
        case "BootNotification":
            if station.registration == "Accepted":
                return "Rejected"  # F06.FR.17
            station.boot_again(now)
        case "TransactionEvent":
            charging = [outlet for outlet in outlets if outlet.charge is not None]
            for outlet in charging:
                outlet.sample(now, trigger="Trigger", context="Trigger")
            return "Accepted" if charging else "Rejected"
        case "Heartbeat":
            told.append(Beat())
        case "StatusNotification":
            told += [outlet.status(now) for outlet in outlets]
        case "MeterValues":
            for outlet in outlets:
                outlet.look(now)
                transaction = outlet.charge.transaction if outlet.charge else None
                told.append(Measured(outlet.number, now, outlet.evse.reading(), transaction))
        case "FirmwareStatusNotification":
            told.append(station.equipment.firmware.progress())
        case "LogStatusNotification":
            told.append(station.equipment.uploads.progress())
        case _:
            return "NotImplemented"
    for intent in told:
        station.outbox.put(intent, triggered=True)
    return "Accepted"
