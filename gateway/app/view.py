"""What the admin HTTP port shows of a running gateway."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, Final

from gateway.app.metrics import Exposition
from gateway.app.stores import STORE
from gateway.core.idempotency import COMMANDS
from gateway.core.stations import Station
from gateway.core.transactions import Transaction
from gateway.wire.messages import timestamp

if TYPE_CHECKING:
    from gateway.app.gateway import Gateway


COMMANDS_SHOWN: Final = 8
"""Commands with an idempotency key that are listed for a person who looks at a station, the newest first."""


def status_line(gateway: "Gateway") -> str:
    """Return how a running gateway is, in one short line."""
    connected, waiting = len(gateway.listener.open), gateway.journal.lags[STORE].entries
    figures = f"connected stations: {connected:,}, messages that wait for the store: {waiting:,}"
    return "; ".join([figures, *_unready(gateway)])


class GatewayView:
    """Answers the admin port from live state. Id tokens are left out: they are personal, and the store has them."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._exposition = Exposition(gateway)

    def live(self) -> bool:
        """Whether the journal can still commit; if it died, only a restart helps."""
        return self._gateway.journal.failure is None

    def ready(self) -> Sequence[str]:
        """Return why stations should not be sent here. The store is no reason: stations do not notice it."""
        return _unready(self._gateway)

    def metrics(self) -> bytes:
        """Return the metrics page."""
        return self._exposition.page()

    def stations(self, after: str | None, limit: int, connected: bool | None) -> Sequence[Mapping[str, Any]]:
        """Return a page of stations in the order of their identities."""
        behind = (
            station
            for station in self._gateway.registry
            if (after is None or station.identity > after)
            and (connected is None or connected == (station.session is not None))
        )
        return [_summary(station) for station in nsmallest(limit, behind, key=lambda station: station.identity)]

    def station(self, identity: str) -> Mapping[str, Any] | None:
        """Return everything about one station."""
        registry = self._gateway.registry
        station = registry.get(registry.spelling(identity))
        if station is None:
            return None
        state = station.state
        boot = state.boot
        return {
            **_summary(station),
            "strict": self._gateway.listener.is_strict(station.identity),
            "boot": boot
            and {
                "at": timestamp(boot.at),
                "version": boot.version,
                "vendor": boot.vendor,
                "model": boot.model,
                "serial": boot.serial,
                "firmware": boot.firmware,
                "reason": boot.reason,
            },
            "connectors": [
                {
                    "evse": connector.evse,
                    "connector": connector.connector,
                    "status": connector.status,
                    "error_code": connector.error_code,
                    "detail": connector.detail,
                    "at": timestamp(connector.at),
                }
                for connector in sorted(state.connectors, key=lambda known: (known.evse, known.connector))
            ],
            "transactions": [_transaction(transaction) for transaction in station.running_transactions()],
            "calls": _calls(station),
            "last_commands": [
                {"at": timestamp(kept.begun_at), "command": kept.command, "key": key, "status": kept.status}
                for key, kept in list(COMMANDS.of(station).items())[: -COMMANDS_SHOWN - 1 : -1]
            ],
            "last_messages": [
                {"at": timestamp(message.at), "action": message.action, "outcome": message.outcome}
                for message in reversed(station.last_messages or ())
            ],
            "raw_messages": {
                "total": state.raw_messages_total,
                "last": [
                    {
                        "at": timestamp(raw.at),
                        "version": raw.version,
                        "action": raw.action,
                        "rule": raw.rule,
                        "error": raw.error,
                    }
                    for raw in reversed(state.raw_messages)
                ],
            },
        }


def _unready(gateway: "Gateway") -> list[str]:
    reasons = []
    if gateway.draining:
        reasons.append("the gateway is draining")
    if gateway.journal.failure is not None:
        reasons.append("the journal failed: " + type(gateway.journal.failure).__name__)
    elif gateway.journal.full_since is not None:
        sent_away = gateway.config.journal.when_full == "disconnect"
        effect = "stations are sent away" if sent_away else "answers to stations are withheld"
        reasons.append(f"the journal is full: {effect}")
    if gateway.listener.connections >= gateway.connections_max:
        reasons.append("as many stations are connected as connections_max allows")
    return reasons


def _summary(station: Station) -> dict[str, Any]:
    state = station.state
    session = station.session
    return {
        "identity": station.identity,
        "connected": session is not None,
        "version": session.subprotocol if session is not None else state.boot and state.boot.version,
        "registration": state.registration,
        "last_received_at": _time(state.last_received_at),
        "running_transactions": len(station.running_transactions()),
        "raw_messages_total": state.raw_messages_total,
        "mended_total": state.mended_total,
    }


def _calls(station: Station) -> dict[str, Any]:
    """What the station was asked and has not answered yet."""
    open_action, waiting = (None, 0) if station.session is None else station.session.calls_under_way
    return {"open": open_action, "waiting": waiting}


def _transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "transaction": transaction.transaction,
        "evse": transaction.evse,
        "connector": transaction.connector,
        "started_at": _time(transaction.started_at),
        "charging_state": transaction.charging_state,
        "start_wh": transaction.start_wh,
        "register_wh": transaction.register_wh,
        "missing_seq_nos": transaction.seq_nos.missing if transaction.seq_nos else [],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)
