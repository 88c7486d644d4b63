"""Dynamic profiles are updated where that is safe, and sent whole wherever nobody knows what the station has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.charging.dynamic import REFUSALS_MAX, DynamicProfiles
from gateway.core.charging.orders import Ending
from tests.core.charging.test_messages import NOW, VOLTAGE_V, abilities, assert_valid, evse, order
from tests.core.station_bench import OCPP21

CAN = abilities(OCPP21, dynamic=True)


class Sender:
    """Sends orders of one EVSE, 200 s apart unless said."""

    def __init__(self):
        self.profiles = DynamicProfiles()
        self.number = 0
        self.now = NOW

    def send(self, limit_ma=16_000, *, ending=Ending.ACCEPTED, after_s=200.0, late_s=0.0, retry_s=None, **about):
        """Give an order, and return its action and whether its profile is Dynamic."""
        self.number += 1
        self.now += after_s
        lease_s = about.pop("lease_s", 600.0)
        self.order = order(limit_ma, number=self.number, lease_s=None, **about)
        if lease_s is not None:
            self.order = type(self.order)(*[*self._fields()[:-1], self.now + lease_s])
        can = self.profiles.usable("CP1", CAN)
        message = self.profiles.call(self.order, evse(), can, OCPP21, self.now + late_s, VOLTAGE_V)
        payload = assert_valid(OCPP21, message)
        if ending is not None:
            self.profiles.ended(self.order, ending, retry_s)
        if message[0] == "UpdateDynamicSchedule":
            return "update"
        return payload["chargingProfile"]["chargingProfileKind"]

    def _fields(self):
        return [getattr(self.order, name) for name in self.order.__struct_fields__]


def test_first_limit_of_a_session_is_a_profile_and_the_others_are_updates():
    sender = Sender()
    assert [sender.send(limit) for limit in (16_000, 10_000, 20_000)] == ["Dynamic", "update", "update"]


def test_messages_that_take_a_varying_time_are_updates_still():
    sender = Sender()
    assert [sender.send(late_s=late_s) for late_s in (0.0, 5.0, 9.0)] == ["Dynamic", "update", "update"]


@pytest.mark.parametrize("ending", [Ending.UNKNOWN, Ending.REJECTED, Ending.NOT_SENT])
def test_after_an_update_that_was_not_accepted_the_profile_is_sent_whole(ending):
    sender = Sender()
    assert [sender.send(), sender.send(ending=ending), sender.send(), sender.send()] == [
        "Dynamic",
        "update",
        "Dynamic",
        "update",
    ]


def test_profile_whose_end_was_not_heard_is_sent_whole_again():
    sender = Sender()
    assert [sender.send(ending=None), sender.send()] == ["Dynamic", "Dynamic"]


@pytest.mark.parametrize("about", [{"transaction": "78"}, {"phases": (1,)}], ids=str)
def test_other_session_or_other_phases_get_a_profile_of_their_own(about):
    sender = Sender()
    assert [sender.send(), sender.send(**about)] == ["Dynamic", "Dynamic"]


def test_order_that_ends_sooner_than_the_profile_lasts_is_sent_whole():
    sender = Sender()
    assert [sender.send(), sender.send(lease_s=300.0), sender.send(lease_s=300.0)] == ["Dynamic", "Dynamic", "update"]


def test_after_a_boot_the_profile_is_sent_whole():
    sender = Sender()
    sender.send()
    sender.profiles.forget("CP1")
    assert sender.send() == "Dynamic"


def test_boot_of_another_station_changes_nothing():
    sender = Sender()
    sender.send()
    sender.profiles.forget("CP10")
    assert sender.send() == "update"


def test_limit_for_good_is_an_absolute_profile_and_the_next_is_sent_whole():
    sender = Sender()
    assert [sender.send(), sender.send(lease_s=None), sender.send()] == ["Dynamic", "Absolute", "Dynamic"]


def test_station_that_refuses_dynamic_profiles_gets_absolute_ones_until_it_boots():
    sender = Sender()
    for _ in range(REFUSALS_MAX):
        assert sender.send(ending=Ending.REJECTED) == "Dynamic"
    assert sender.send() == "Absolute"
    sender.profiles.forget("CP1")
    assert sender.send() == "Dynamic"


def test_refusal_that_names_a_time_is_not_one_of_the_kind():
    sender = Sender()
    for _ in range(REFUSALS_MAX + 1):
        assert sender.send(ending=Ending.REJECTED, retry_s=30.0) == "Dynamic"


def test_order_that_was_dropped_meanwhile_does_not_count():
    sender = Sender()
    sender.send(ending=None)
    sender.profiles.ended(order(number=99), Ending.ACCEPTED)
    assert sender.send() == "Dynamic"


@given(
    st.lists(
        st.tuples(
            st.floats(20, 900),  # lease
            st.floats(0, 30),  # from the order to its message
            st.floats(0, 50),  # from the order to when the station takes it, if that is after the message
            st.sampled_from([Ending.ACCEPTED, Ending.ACCEPTED, Ending.UNKNOWN, Ending.REJECTED]),
        ),
        max_size=12,
    )
)
def test_no_profile_outlasts_its_order_and_skew_when_taken_within_fifty_seconds(steps):
    """The ledger keeps an order 30 s longer than it lasts (LeaseTerms.skew_s)."""
    profiles, now = DynamicProfiles(), NOW
    duration_s = None
    for number, (lease_s, message_s, taken_s, ending) in enumerate(steps):
        now += 100
        given_order = order(number=number, lease_s=lease_s + now - NOW)
        message = profiles.call(given_order, evse(), CAN, OCPP21, now + message_s, VOLTAGE_V)
        if message is not None:
            action, request = message
            if action == "SetChargingProfile":  # its time is ours, however late it is taken
                duration_s = request["chargingProfile"]["chargingSchedule"][0]["duration"]
                ends_at = now + message_s + duration_s
                assert ends_at <= given_order.expires_at
            else:
                ends_at = now + max(message_s, taken_s) + duration_s
            assert ends_at <= given_order.expires_at + 30
        profiles.ended(given_order, ending)
