"""`python -m gateway` is `ocpp-gateway`."""

from gateway.app.cli import main

main(prog_name="ocpp-gateway")
