"""Which addresses only this machine can reach."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only. Names other than localhost are taken for reachable."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
