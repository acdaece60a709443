"""What every HTTP request passes: it gets an id, is counted, and never ends without a word."""

import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.metrics import Metrics
from bot.trace import new_error, trace_of, tracing

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OTHER = "other"
"""The route of what we do not serve: a scanner's paths would have no end."""

log = structlog.get_logger(__name__)


def watched(metrics: Metrics) -> Middleware:
    """Give the middleware of a listener."""

    @web.middleware
    async def watch(request: web.Request, handler: _Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = resource.canonical if resource else OTHER
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            with tracing(trace_of("")):
                answer = await _answered(request, handler, route)
            status = answer.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        finally:
            metrics.requests.labels(route, str(status)).inc()
        return answer

    return watch


async def _answered(request: web.Request, handler: _Handler, route: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is, who asked gets an id to name it by
        # without the exception's own words: a database's may repeat a row, and so a body
        trace, error_id = "".join(traceback.format_tb(exc.__traceback__)), new_error()
        about = {"route": route, "error": type(exc).__name__, "error_id": error_id}
        log.error("http.failed", **about, trace=trace)  # noqa: TRY400 - as above
    told = {"error": "something failed on the bot's side; its log tells why", "error_id": error_id}
    return web.json_response(told, status=HTTPStatus.INTERNAL_SERVER_ERROR)
