"""What a station knows of a customer: reported, and forgotten (2.x use cases N09 and N10)."""

from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.core.flows.flow import Flow, Operator, Result
from gateway.core.flows.reports import REPORT_ANSWER, gather
from gateway.core.flows.words import Body, Token, camel_case, given, id_token_2, invalid, require_2, result_of
from gateway.core.stations import Station


class CustomerInformation(Body, frozen=True):
    """Have what a station knows of one customer reported, cleared, or both; what is cleared is reported first.

    The customer is named in one of three ways.
    """

    report: Annotated[bool, Meta(description="Whether it is reported.")] = True
    clear: Annotated[bool, Meta(description="Whether the station is to forget it.")] = False
    id_token: Annotated[Token | None, Meta(description="Id token of the customer.")] = None
    customer_identifier: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | None,
        Meta(description="What the vendor knows the customer by."),
    ] = None
    customer_certificate: Annotated[
        dict[str, Any] | None, Meta(description="Hash of the customer's certificate, a CertificateHashDataType of 2.x.")
    ] = None


async def customer_information(operator: Operator, station: Station, body: CustomerInformation) -> Result:
    """Ask for it. The result has the text of the report, which may be personal, as `report`."""
    require_2(operator, station, "it tells nothing of customers; POST cache/clear has it forget their tokens")
    token, certificate = body.id_token, body.customer_certificate
    customer = given(
        idToken=None if token is None else id_token_2(token),
        customerIdentifier=body.customer_identifier,
        customerCertificate=None if certificate is None else camel_case(certificate),
    )
    if len(customer) != 1:
        raise invalid("name the customer by id_token, customer_identifier or customer_certificate", "$")
    if not (body.report or body.clear):
        raise invalid("there is nothing to do: report, clear, or both", "$.report")
    request = {"report": body.report, "clear": body.clear, **customer}
    if not body.report:
        request["requestId"] = operator.next_request_id(station)
        return result_of(await operator.call(station, "CustomerInformation", request))
    texts: dict[int, str] = {}

    def hear_part(part: Any) -> None:
        texts[part.seq_no] = part.data

    result = await gather(
        operator,
        station,
        "CustomerInformation",
        request,
        reported_by="NotifyCustomerInformation",
        hear_part=hear_part,
    )
    report = "".join(texts[number] for number in sorted(texts))
    return Result(result.outcome, {**result.body, "report": report}, result.reason)


FLOWS: Final = (
    Flow(
        "customer-information",
        CustomerInformation,
        customer_information,
        "Have a customer reported, or forgotten",
        actions=("CustomerInformation",),
        answer={
            **REPORT_ANSWER,
            "report": "What the station knows, as text; it may be personal.",
        },
    ),
)
