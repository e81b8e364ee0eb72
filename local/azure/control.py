"""The control API: drives a simulated Azure that runs in another process.

`POST /_control` takes a change as JSON, `GET /_control/requests` reads the request log (`?reset=true` empties
it), `DELETE /_control/requests` empties it, `GET /_control/directory` describes the world. All want
`X-Control-Key`.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec

from local.azure.directory import describe
from local.azure.knobs import AnyChange
from local.azure.wire import Answer, json_answer
from local.azure.world import UnknownNameError

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import Request

ROOT = "/_control"


def answer(simulation: Simulation, request: Request) -> Answer:
    """Answer a control request."""
    if not hmac.compare_digest(request.headers.get("X-Control-Key", ""), simulation.control_key):
        return json_answer({"problem": "X-Control-Key is missing or wrong."}, 401)
    match request.method, request.path.rstrip("/"):
        case "POST", "/_control":
            return _change(simulation, request)
        case "GET", "/_control/requests":
            return _requests(simulation, request)
        case "DELETE", "/_control/requests":
            simulation.log.clear()
            return Answer(204)
        case "GET", "/_control/directory":
            return json_answer(describe(simulation))
        case _:
            return json_answer({"problem": "No such control route."}, 404)


def _change(simulation: Simulation, request: Request) -> Answer:
    try:
        change = msgspec.json.decode(request.body, type=AnyChange)
        return json_answer(change.apply(simulation))
    except msgspec.DecodeError as error:
        return json_answer({"problem": str(error)}, 400)
    except UnknownNameError as error:
        return json_answer({"problem": f"Nothing is called {error}."}, 404)


def _requests(simulation: Simulation, request: Request) -> Answer:
    body = json_answer({"requests": simulation.log.entries})
    if request.query.get("reset") == "true":
        simulation.log.clear()
    return body
