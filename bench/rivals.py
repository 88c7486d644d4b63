"""Servers to compare with: they parse each CALL with `json.loads` and answer `[3,id,{}]`. Nothing is checked or kept.

Each runs in a process of its own: `python -m bench.rivals websockets PORT`.
"""

import importlib.util
import json
import logging
import sys
from typing import Any

import uvloop

HOST = "127.0.0.1"
SUBPROTOCOL = "ocpp1.6"


def installed() -> list[str]:
    """Return the names of the rivals that can be measured; picows is no dependency of the project."""
    return [name for name in SERVERS if importlib.util.find_spec(name) is not None]


def answer_to(message: str | bytes) -> str:
    """Return the CALLRESULT to a CALL."""
    return json.dumps([3, json.loads(message)[1], {}], separators=(",", ":"))


async def serve_websockets(port: int) -> None:
    """Answer with websockets' asyncio server, without compression."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.typing import Subprotocol

    async def station(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(answer_to(message))

    subprotocols = [Subprotocol(SUBPROTOCOL)]
    async with serve(station, HOST, port, subprotocols=subprotocols, compression=None, backlog=4096) as server:
        await server.serve_forever()


async def serve_picows(port: int) -> None:
    """Answer with picows."""
    import picows

    class Station(picows.WSListener):  # type: ignore[misc]
        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            if frame.msg_type == picows.WSMsgType.TEXT:
                transport.send(picows.WSMsgType.TEXT, answer_to(frame.get_payload_as_utf8_text()).encode())

    def accept(_request: picows.WSUpgradeRequest) -> Any:
        response = picows.WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
        return picows.WSUpgradeResponseWithListener(response, Station())

    server = await picows.ws_create_server(accept, HOST, port, backlog=4096)
    await server.serve_forever()


SERVERS = {"websockets": serve_websockets, "picows": serve_picows}

if __name__ == "__main__":
    logging.disable()  # of a port that was only probed, websockets would tell that the handshake failed
    uvloop.run(SERVERS[sys.argv[1]](int(sys.argv[2])))
