import enum

import ocpp.v16.enums
import ocpp.v201.enums
import pytest

from gateway.core.configuration_keys import OTHER_KEYS, STANDARD_KEYS, address_of_key, key_of_address
from gateway.core.device_model import VariableAddress, is_secret

VARIABLES = {
    name.removesuffix("VariableName"): {member.value for member in members}
    for name, members in vars(ocpp.v201.enums).items()
    if name.endswith("VariableName") and isinstance(members, type) and issubclass(members, enum.Enum)
}
"""The variables of each component of OCPP 2.0.1, as the `ocpp` package lists them."""


def test_no_key_of_the_specification_is_missing() -> None:
    assert {member.value for member in ocpp.v16.enums.ConfigurationKey} <= set(STANDARD_KEYS)


@pytest.mark.parametrize("key", STANDARD_KEYS)
def test_a_key_is_a_variable_that_there_is_and_back(key: str) -> None:
    address = address_of_key(key)
    if address.component == OTHER_KEYS:
        assert address.variable == key
    else:
        known = VARIABLES[address.component] | VARIABLES["Standardized"]
        assert address.variable in known
    assert key_of_address(address) == key
    assert address_of_key(key.upper()).component == address.component
    assert key_of_address(VariableAddress(component=OTHER_KEYS, variable=key)) == key


@pytest.mark.parametrize(
    "address",
    [
        VariableAddress(component="OCPPCommCtrlr", variable="HeartbeatInterval", evse=1),
        VariableAddress(component="OCPPCommCtrlr", variable="HeartbeatInterval", attribute="Target"),
        VariableAddress(component="OCPPCommCtrlr", variable="HeartbeatInterval", instance="x"),
        VariableAddress(component="OCPPCommCtrlr", variable="MessageAttempts"),
        VariableAddress(component="Nothing", variable="HeartbeatInterval"),
    ],
)
def test_what_16_cannot_name_has_no_key(address: VariableAddress) -> None:
    assert key_of_address(address) is None


@pytest.mark.parametrize(
    "name",
    [
        *("BasicAuthPassword", "AuthorizationKey", "ApnPassword", "ApnUserName", "VpnPassword", "VpnKey", "WifiPSK"),
        *("wlan_passwd", "AdminPIN", "ClientSecret", "PrivateKey", "ApiKey", "ftp-password"),
    ],
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert is_secret(name)


def test_what_is_no_secret_is_not_taken_for_one() -> None:
    assert not [key for key in STANDARD_KEYS if is_secret(key) and key != "AuthorizationKey"]
    named = {variable for variables in VARIABLES.values() for variable in variables}
    assert {name for name in named if is_secret(name)} <= {"BasicAuthPassword", "VpnPassword", "ApnPassword"}
    assert is_secret("Anything", "WriteOnly")
