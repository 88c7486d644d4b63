"""Facts about the socket to a supervisor: what is kept for want of room, and that nothing is waited for or raised."""

import os
import socket

import pytest

from gateway.io.notify_socket import UNSENT_MAX, NotifySocket


@pytest.fixture
def supervisor(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        yield heard


@pytest.fixture
def told(supervisor, tmp_path):
    notify = NotifySocket(str(tmp_path / "notify"), failed=lambda reason: pytest.fail(reason))
    yield notify
    notify.close()


def all_heard(supervisor: socket.socket) -> list[str]:
    heard = []
    while True:
        try:
            heard.append(supervisor.recv(65536).decode())
        except BlockingIOError:
            return heard


def fill(supervisor: socket.socket) -> int:
    """Leave no room for a datagram; return how many there are."""
    filled = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        try:
            while True:
                other.sendto(b"X=1", supervisor.getsockname())
                filled += 1
        except BlockingIOError:
            return filled


def test_assignments_are_one_datagram(supervisor, told):
    told.say("READY=1", "STATUS=serves")
    told.say_now("WATCHDOG=1")
    assert all_heard(supervisor) == ["READY=1\nSTATUS=serves", "WATCHDOG=1"]


def test_an_abstract_name_is_told_too():
    name = f"ocpp-gateway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name}")
        heard.setblocking(False)
        notify = NotifySocket(f"@{name}", failed=lambda reason: pytest.fail(reason))
        notify.say("READY=1")
        notify.close()
        assert all_heard(heard) == ["READY=1"]


def test_a_state_without_room_goes_before_the_next_word(supervisor, told):
    filled = fill(supervisor)
    told.say("READY=1")
    told.say("STOPPING=1")
    assert all_heard(supervisor) == ["X=1"] * filled
    told.say_now("WATCHDOG=1")
    assert all_heard(supervisor) == ["READY=1", "STOPPING=1", "WATCHDOG=1"]


def test_what_is_worth_nothing_later_is_not_kept(supervisor, told):
    fill(supervisor)
    told.say_now("WATCHDOG=1")
    told.say("READY=1")
    told.say_now("WATCHDOG=2")
    all_heard(supervisor)
    told.say_now("WATCHDOG=3")
    assert all_heard(supervisor) == ["READY=1", "WATCHDOG=3"]


def test_no_more_than_the_newest_are_kept(supervisor, told):
    fill(supervisor)
    for number in range(UNSENT_MAX + 3):
        told.say(f"STATUS={number}")
    all_heard(supervisor)
    told.say_now("WATCHDOG=1")
    assert all_heard(supervisor) == [*(f"STATUS={number}" for number in range(3, UNSENT_MAX + 3)), "WATCHDOG=1"]


@pytest.mark.parametrize("address", ["/nobody/is/here", "/" + "x" * 200, "@nobody-is-here"])
def test_a_supervisor_that_cannot_hear_is_told_of_once(address):
    reasons: list[str] = []
    notify = NotifySocket(address, failed=reasons.append)
    notify.say("READY=1")
    notify.say_now("WATCHDOG=1")
    notify.close()
    assert len(reasons) == 1
