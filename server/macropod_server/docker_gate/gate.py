"""The gate as an application: recognise, check, ask the engine, pass on. What may pass is decided by the rules."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import structlog
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from macropod_server.docker_gate.answer_rules import check_thing, told
from macropod_server.docker_gate.creation_rules import check_container, check_network
from macropod_server.docker_gate.engine_socket import Answer, EngineAway, EngineSocket
from macropod_server.docker_gate.refusal import Refused
from macropod_server.docker_gate.rules import Call, quoted, recognise
from macropod_server.docker_gate.strict_json import read_strictly

log = structlog.get_logger()

_MOST_BODY_BYTES = 64 * 1024
_BODY_SECONDS = 10
_CALLS_AT_ONCE = 200
_OK, _FORBIDDEN, _AWAY = 200, 403, 503
_WITHOUT_BODY = (204, 304)


class Gate:
    """`images` are those that runs may be made from; with an `installation`, only its things can be reached."""

    def __init__(self, engine: EngineSocket, *, images: Sequence[str], installation: str = "") -> None:
        self._engine = engine
        self._images = images
        self._image_ids: set[str] = set()
        self._installation = installation
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        method, path = request.method, request.scope["raw_path"]
        try:
            call = recognise(method, path, request.scope["query_string"], installation=self._installation)
            body = await _read_body(request, call)
            return await self._beside(call, body)
        except Refused as error:
            log.warning("call_refused", method=method, path=ascii(path[:200]), why=str(error))
            return _message(_FORBIDDEN, f"{error}")
        except EngineAway as error:
            log.error("engine_away", method=method, path=ascii(path[:200]), why=str(error))
            return _message(_AWAY, f"{error}")

    async def _beside(self, call: Call, body: bytes) -> Response:
        """Calls that wait for the engine wait side by side."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(_CALLS_AT_ONCE)
        return await to_thread.run_sync(self._pass, call, body, limiter=self._limiter)

    def _pass(self, call: Call, body: bytes) -> Response:
        match call.shape.kind:
            case "engine" | "list":
                return self._tell(call)
            case "image":
                return self._image(call.version, call.name)
            case "new container":
                return self._make_container(call, body)
            case "new network":
                wanted = read_strictly(body)
                check_network(wanted, installation=self._installation)
                return self._pass_on(call, wanted)
            case _:
                return self._reach(call)

    def _tell(self, call: Call) -> Response:
        answer = self._engine.ask("GET", call.target)
        if answer.status != _OK:
            return _relayed(answer)
        return JSONResponse(told(call, answer.facts(), installation=self._installation))

    def _reach(self, call: Call) -> Response:
        """The thing is looked at first, and reached only when its labels say that it is Macropod's."""
        plural = f"{call.version}/{call.shape.kind}s/{call.name}"
        about = f"{plural}/json" if call.shape.kind == "container" else plural
        status, facts = self._engine.facts(about)
        if status != _OK:
            return JSONResponse(facts, status_code=status)
        check_thing(call, facts, installation=self._installation)
        return JSONResponse(facts) if (call.shape.method, call.target) == ("GET", about) else self._pass_on(call)

    def _make_container(self, call: Call, body: bytes) -> Response:
        asked = read_strictly(body)
        wanted = check_container(asked, call.query["name"], installation=self._installation)
        if (image := self._image(call.version, wanted.image)).status_code != _OK:
            return image
        network = recognise("GET", f"{call.version}/networks/{wanted.network}".encode(), b"")
        if (seen := self._reach(network)).status_code != _OK:
            return seen
        return self._pass_on(call, asked)

    def _image(self, version: str, name: str) -> Response:
        """Also by its id, which an allowed name had at some time since the gate was started."""
        for allowed in self._images:
            status, facts = self._engine.facts(f"{version}/images/{quoted(allowed)}/json")
            if status == _OK:
                self._image_ids.add(facts["Id"])
        status, facts = self._engine.facts(f"{version}/images/{quoted(name)}/json")
        if status == _OK and facts["Id"] not in self._image_ids:
            raise Refused(f"The image {name} is none of those this gate lets runs be made from: {self._images}.")
        return JSONResponse(facts, status_code=status)

    def _pass_on(self, call: Call, body: Any = None) -> Response:
        written = None if body is None else json.dumps(body).encode()
        method, target = call.shape.method, call.target
        return _relayed(self._engine.ask(method, target, written, more_seconds=call.waits_seconds))


async def _read_body(request: Request, call: Call) -> bytes:
    read = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.stream():
                read += piece
                if len(read) > (_MOST_BODY_BYTES if call.shape.takes_body else 0):
                    raise Refused("The body of this call is larger than any the spawner sends.")
    except (TimeoutError, ClientDisconnect):
        raise Refused("The body of this call did not arrive whole.") from None
    return bytes(read)


def _relayed(answer: Answer) -> Response:
    if answer.status in _WITHOUT_BODY:
        answer.close()
        return Response(status_code=answer.status)
    return StreamingResponse(answer.pieces(), status_code=answer.status, media_type=answer.content_type)


def _message(status: int, sentence: str) -> Response:
    return JSONResponse({"message": sentence}, status_code=status)
