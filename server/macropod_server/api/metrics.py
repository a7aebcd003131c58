"""The page that Prometheus reads."""

import hmac

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from macropod_server.api.access import DepsDep, Now, carried_token, no_token
from macropod_server.db import access
from macropod_server.db.figures import Figures, figures
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unauthorized, Unavailable
from macropod_server.telemetry.metrics import Gauge

router = APIRouter(tags=["health"])

_OPEN = "open"


@router.get("/metrics", response_class=Response)
def metrics(request: Request, deps: DepsDep, now: Now) -> Response:
    """What this server counted since its start, and how much there is to do now. Also told with the database away."""
    _check_access(deps, carried_token(request.scope))
    gauges = [Gauge("loop_silence_seconds", "Since the last heartbeat of a loop.", deps.metrics.silences(), "loop")]
    try:
        with deps.database.read() as session:
            found = figures(session)
    except Unavailable as error:
        deps.metrics.failed(error)
        gauges.append(Gauge("database_up", "Whether the database answers.", {"": 0}))
    else:
        age = (now - found.oldest_queued_at).total_seconds() if found.oldest_queued_at else 0
        gauges += [Gauge("database_up", "Whether the database answers.", {"": 1}), *_queue(found, max(0, age))]
    return Response(deps.metrics.shown(gauges), media_type=CONTENT_TYPE_LATEST)


def _queue(found: Figures, oldest_seconds: float) -> list[Gauge]:
    return [
        Gauge("runs_unfinished", "Runs that have not ended, whole installation.", found.unfinished, "status"),
        Gauge("queue_oldest_seconds", "How long the oldest queued run has waited.", {"": oldest_seconds}),
    ]


def _check_access(deps: Deps, token: str) -> None:
    wanted = deps.settings.metrics_token
    if wanted == _OPEN:
        return
    if not token:
        raise no_token()
    if wanted and not hmac.compare_digest(token.encode(), wanted.encode()):
        raise Unauthorized("This token is not the one of MACROPOD_METRICS_TOKEN.")
    if not wanted:
        with deps.database.read() as session:
            if access.find_token(session, token) is None:
                raise Unauthorized("Metrics take a token of a person or program, or that of MACROPOD_METRICS_TOKEN.")
