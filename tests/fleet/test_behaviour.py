from collections import Counter

import pytest

from gateway.fleet.behaviour import Behaviour, plan_visit
from gateway.fleet.dice import Dice
from gateway.fleet.models import MODELS, pick_model


def test_dice_throw_evenly():
    dice = Dice("even")
    tenths = Counter(int(dice.unit() * 10) for _ in range(20_000))
    assert all(1800 < tenths[tenth] < 2200 for tenth in range(10))


def test_splitmix_throws_its_published_numbers():
    dice = Dice()
    dice._state = 1234567  # the reference program's example seed
    assert [dice.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_waiting_times_have_their_mean():
    dice = Dice("wait")
    assert sum(dice.exponential(60) for _ in range(20_000)) / 20_000 == pytest.approx(60, rel=0.05)


def test_dice_of_other_names_throw_otherwise():
    assert Dice(1, "a").bits() != Dice(1, "b").bits()
    assert Dice(1, "a").bits() == Dice(1, "a").bits()


def test_models_are_drawn_by_their_shares():
    assert sum(model.share for model in MODELS) == pytest.approx(1)
    dice = Dice("models")
    drawn = Counter(pick_model(dice).name for _ in range(10_000))
    for model in MODELS:
        assert drawn[model.name] / 10_000 == pytest.approx(model.share, abs=0.02)


@pytest.mark.parametrize("dc", [False, True])
def test_every_visit_can_charge_and_has_a_card_that_fits_every_version(dc):
    dice = Dice("visits", dc)
    for _ in range(500):
        visit = plan_visit(Behaviour(), dice, dc=dc)
        assert visit.vehicle.battery.soc < visit.vehicle.target_soc
        assert 1 <= len(visit.id_token) <= 20
        assert visit.stay_s > 0
        assert visit.limited_after_s is None or visit.limited_after_s < visit.stay_s


def test_cards_come_from_the_list_where_there_is_one():
    dice = Dice("cards")
    cards = {plan_visit(Behaviour(id_tokens=("A", "B")), dice, dc=False).id_token for _ in range(50)}
    assert cards == {"A", "B"}
