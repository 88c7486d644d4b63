"""Simulated charging stations for the demo, for tests and for load: an EV, a battery and a meter behind each outlet.

>>> fleet = Fleet("ws://127.0.0.1:9000/ocpp", stations=100, seed=1, versions=["ocpp1.6"], clock=accelerated_clock(60))
"""

from gateway.fleet.behaviour import Behaviour
from gateway.fleet.clock import Clock, accelerated_clock, real_clock
from gateway.fleet.faults import ChargingFaults, ChargingFaultsError, parse_charging_faults
from gateway.fleet.fleet import Fleet, FleetStatistics
from gateway.fleet.runner import DialFailure
from gateway.fleet.truth import SampleTruth, TransactionTruth

__all__ = [
    "Behaviour",
    "ChargingFaults",
    "ChargingFaultsError",
    "Clock",
    "DialFailure",
    "Fleet",
    "FleetStatistics",
    "SampleTruth",
    "TransactionTruth",
    "accelerated_clock",
    "parse_charging_faults",
    "real_clock",
]
