"""Who is said not to obey, and who is not."""

from gateway.core.charging.obedience import KEPT_MAX, Noise, ObedienceWatch, Reach

NOISE = Noise(1000, 0.05)


def drew(watch: ObedienceWatch, drawn_ma: int, at: float, now: float | None = None) -> bool:
    return watch.drew((drawn_ma, 0, 0), at, at if now is None else now, settle_s=10.0, skew_s=30.0, noise=NOISE)


def watch_of(reach: int) -> ObedienceWatch:
    watch = ObedienceWatch((reach, 0, 0), 0.0)
    assert not drew(watch, reach, 100.0)
    return watch


def lowered(watch: ObedienceWatch, reach: Reach, at: float) -> ObedienceWatch:
    watch.saw(reach, at)
    return watch


def test_a_station_that_draws_too_much_for_three_settle_times_is_told() -> None:
    watch = watch_of(10_000)
    assert [drew(watch, 16_000, at) for at in (200.0, 215.0, 230.0, 230.5)] == [False, False, False, True]


def test_noise_of_the_meter_is_none() -> None:
    watch = watch_of(10_000)
    assert not any(drew(watch, 11_000, at) for at in range(200, 1000, 10))
    watch = watch_of(32_000)
    assert not any(drew(watch, 33_600, at) for at in range(200, 1000, 10))


def test_one_reading_that_is_right_acquits() -> None:
    watch = watch_of(10_000)
    assert not drew(watch, 16_000, 200.0)
    assert not drew(watch, 10_000, 220.0)
    assert not drew(watch, 16_000, 240.0)


def test_readings_sampled_before_a_limit_fell_accuse_nobody() -> None:
    watch = lowered(watch_of(32_000), (6000, 0, 0), 500.0)
    assert not any(drew(watch, 32_000, at, now=600.0) for at in range(400, 500, 10))


def test_readings_by_a_clock_that_is_half_a_minute_off_accuse_nobody() -> None:
    watch = lowered(watch_of(32_000), (6000, 0, 0), 500.0)
    assert not any(drew(watch, 32_000, float(at), now=float(at) - 30.0) for at in range(400, 530, 10))


def test_what_a_station_replays_after_being_offline_is_excused_by_what_came_later() -> None:
    watch = lowered(watch_of(6000), (32_000, 0, 0), 500.0)
    assert not any(drew(watch, 32_000, float(at), now=1000.0) for at in range(200, 400, 10))


def test_a_reading_of_a_time_to_come_is_not_judged() -> None:
    watch = watch_of(6000)
    assert not any(drew(watch, 32_000, at + 500.0, now=float(at)) for at in range(200, 400, 10))


def test_a_phase_that_is_not_allowed_counts() -> None:
    watch = watch_of(10_000)
    assert [watch.drew((0, 6000, 0), at, at, settle_s=10.0, skew_s=30.0, noise=NOISE) for at in (200.0, 240.0)] == [
        False,
        True,
    ]


def test_power_is_judged_with_more_tolerance() -> None:
    watch = ObedienceWatch((10_000, 10_000, 10_000), 0.0)

    def drew_power(power_w: float, at: float) -> bool:
        return watch.drew_power(power_w, 690.0, 3, at, at, settle_s=10.0, skew_s=30.0, noise=NOISE)

    assert [drew_power(7500.0, at) for at in (100.0, 200.0)] == [False, False]
    assert [drew_power(11_000.0, at) for at in (300.0, 400.0)] == [False, True]


def test_more_changes_than_are_kept_acquit() -> None:
    watch = watch_of(32_000)
    for change in range(KEPT_MAX + 2):
        watch.saw((6000 + change, 0, 0), 500.0 + change)
    assert not any(drew(watch, 32_000, at, now=600.0) for at in (450.0, 480.0, 499.0))
