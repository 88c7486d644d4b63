from datetime import UTC, datetime, timedelta

from gateway.fleet.intents import Ask, Beat, Step
from gateway.fleet.outbox import NOTICES_MAX, STEPS_MAX, Outbox

NOW = datetime(2025, 3, 1, tzinfo=UTC)


def step(event="Updated", seq_no=0) -> Step:
    return Step(event, "t", 1, NOW, "Authorized", seq_no, "Charging")


def drain(outbox: Outbox) -> list:
    found = []
    while (outgoing := outbox.first(NOW)) is not None:
        found.append(outgoing.intent)
        outbox.remove(outgoing)
    return found


def test_messages_leave_in_the_order_in_which_they_came():
    outbox = Outbox()
    said = [Beat(), step(seq_no=0), Ask(1, "A"), step(seq_no=1), Beat()]
    for intent in said:
        outbox.put(intent)
    assert drain(outbox) == said


def test_steps_outlive_the_connection_and_notices_do_not():
    outbox = Outbox()
    for intent in (step(seq_no=0), Ask(2, "A"), Beat(), step(seq_no=1)):
        outbox.put(intent)
    assert outbox.forget_notices() == [Ask(2, "A")]
    assert [intent.seq_no for intent in drain(outbox)] == [0, 1]


def test_a_step_that_waits_for_its_retry_holds_back_later_steps_but_no_notice():
    outbox = Outbox()
    outbox.put(step(seq_no=0))
    outbox.put(step(seq_no=1))
    first = outbox.first(NOW)
    first.not_before_at = NOW + timedelta(seconds=10)
    assert outbox.first(NOW) is None
    outbox.put(Beat())
    assert outbox.first(NOW).intent == Beat()
    assert outbox.first(NOW + timedelta(seconds=10)) is first


def test_a_full_queue_forgets_meter_values_but_keeps_starts_and_ends():
    outbox = Outbox()
    for number in range(STEPS_MAX):
        assert outbox.put(step(seq_no=number))
    assert outbox.full
    assert not outbox.put(step("Updated"))
    assert outbox.put(step("Ended"))
    assert outbox.put(step("Started"))
    assert outbox.steps_forgotten == 1
    assert outbox.steps_waiting == STEPS_MAX + 2


def test_too_many_notices_push_out_the_oldest():
    outbox = Outbox()
    for number in range(NOTICES_MAX + 1):
        outbox.put(Ask(number, "A"))
    assert [intent.evse for intent in drain(outbox)] == list(range(1, NOTICES_MAX + 1))


def test_only_triggered_messages_are_found_as_triggered():
    outbox = Outbox()
    outbox.put(Beat())
    assert outbox.first_triggered() is None
    outbox.put(Ask(1, "A"), triggered=True)
    assert outbox.first_triggered().intent == Ask(1, "A")
