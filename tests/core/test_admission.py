"""Who may connect: unknown stations 404, wrong credentials 401 (OCPP-J 1.6 sections 3 and 6)."""

import pytest

from gateway.core.admission import Admission, Admitted, Turned
from gateway.core.credentials import SALT_BYTES, hash_line, parse_credentials

PASSWORD = b"0123456789abcdef"
SALT = b"x" * SALT_BYTES


def parsed(**passwords):
    lines = [hash_line(identity, password, SALT) for identity, password in passwords.items()]
    return parse_credentials("\n".join(lines), name="stations")


def admission(*, listed=(), passwords=None, unknown="reject"):
    credentials = None
    if passwords is not None:
        credentials = parsed(**dict.fromkeys(passwords, PASSWORD))
    return Admission(listed=listed, credentials=credentials, unknown=unknown)


def status(judged):
    return judged.status if isinstance(judged, Turned) else judged.identity


@pytest.mark.parametrize(
    ("unknown", "judged", "registration"),
    [("accept", "NEW", "Accepted"), ("pending", "NEW", "Pending"), ("reject", 404, "Rejected")],
)
def test_unknown_stations_are_treated_by_policy(unknown, judged, registration):
    made = admission(listed=["CP1"], unknown=unknown)
    assert status(made.judge("NEW", None, ignore_case=False)) == judged
    assert made.registration("NEW", ignore_case=False) == registration
    assert made.judge("CP1", None, ignore_case=False) == Admitted("CP1")
    assert made.registration("CP1", ignore_case=False) == "Accepted"


@pytest.mark.parametrize(
    ("raw", "judged"),
    [
        (b"CP1:" + PASSWORD, "CP1"),
        (None, 401),
        (b"", 401),
        (b"CP1", 401),
        (b"CP1:", 401),
        (b"CP1:" + PASSWORD + b"\n", 401),
        (b"CP2:" + PASSWORD, 401),
        (b":" + PASSWORD, 401),
        (b"\xff\xfe:" + PASSWORD, 401),
    ],
)
def test_the_user_name_is_the_identity_and_the_password_its_own(raw, judged):
    made = admission(passwords=["CP1", "CP2"])
    assert status(made.judge("CP1", raw, ignore_case=False)) == judged


def test_a_password_of_one_station_opens_no_other():
    made = Admission(listed=(), credentials=parsed(CP1=PASSWORD, CP2=PASSWORD[::-1]), unknown="reject")
    assert status(made.judge("CP2", b"CP2:" + PASSWORD, ignore_case=False)) == 401


def test_a_stranger_is_not_told_whether_its_password_is_right():
    made = admission(passwords=["CP1"])
    assert status(made.judge("NEW", b"NEW:" + PASSWORD, ignore_case=False)) == 404


def test_listed_stations_need_a_password_where_passwords_are_demanded():
    made = admission(listed=["CP2"], passwords=["CP1"])
    assert status(made.judge("CP2", None, ignore_case=False)) == 401
    assert status(made.judge("CP2", b"CP2:" + PASSWORD, ignore_case=False)) == 401


def test_identities_of_2_are_found_whatever_their_case_and_spelled_as_listed():
    made = admission(passwords=["De*Abc*1"])
    assert status(made.judge("DE*ABC*1", b"DE*ABC*1:" + PASSWORD, ignore_case=True)) == "De*Abc*1"
    assert status(made.judge("DE*ABC*1", b"DE*ABC*1:" + PASSWORD, ignore_case=False)) == 404


@pytest.mark.parametrize("identity", ["cp1", "CP1", "Cp1"])
def test_identities_that_differ_in_case_only_keep_their_own_passwords(identity):
    passwords = {"cp1": PASSWORD, "CP1": PASSWORD[::-1], "Cp1": PASSWORD * 2}
    made = Admission(listed=(), credentials=parsed(**passwords), unknown="reject")
    raw = f"{identity}:".encode() + passwords[identity]
    assert status(made.judge(identity, raw, ignore_case=True)) == identity


def test_a_2_station_that_is_listed_later_in_another_case_is_registered_and_a_16_station_is_another_one():
    made = admission(listed=["DE*ABC*1"], unknown="pending")
    assert made.registration("de*abc*1", ignore_case=True) == "Accepted"
    assert made.registration("de*abc*1", ignore_case=False) == "Pending"


def test_a_16_identity_may_hold_a_colon():
    made = admission(passwords=["a:b"])
    assert status(made.judge("a:b", b"a:b:" + PASSWORD, ignore_case=False)) == "a:b"
