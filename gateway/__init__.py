"""OCPP edge gateway: stations hold a WebSocket to it; what they say is validated, on disk, answered and stored."""

__version__ = "0.1.0"
