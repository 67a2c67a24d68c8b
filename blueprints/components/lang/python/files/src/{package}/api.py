"""Implements the operations of api/openapi.yaml."""

import asyncio
import logging
import time
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import greetings, logs
from .config import Config
from .metrics import Metrics
from .problems import ProblemError, on_http_exception, problem

# The route of a request for which there is none.
UNMATCHED = "unmatched"

# What nginx logs when the caller has gone: neither its fault nor the service's.
CLIENT_CLOSED_REQUEST = 499

# Methods and paths are those of api/openapi.yaml; a test compares them.
ROUTES = (
    Route("/v1/greetings", greetings.compose_greeting, methods=["POST"]),
    Route("/v1/greetings/{language}", greetings.get_greeting, methods=["GET"]),
)

logger = logging.getLogger(__name__)


def create_app(config: Config, metrics: Metrics, routes: Sequence[Route] = ROUTES) -> ASGIApp:
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: on_http_exception, Exception: on_http_exception},
    )
    app.router.redirect_slashes = False
    return Observed(app, config, metrics)


class Observed:
    """Limits a request's time and size, counts it and logs it."""

    def __init__(self, app: ASGIApp, config: Config, metrics: Metrics) -> None:
        self._app = app
        self._timeout = config.request_timeout
        self._max_bytes = config.max_request_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        logs.trace_id.set(logs.parse_traceparent(Headers(scope=scope).get("traceparent", "")))
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        timeout = asyncio.timeout(self._timeout)
        try:
            async with timeout:
                await self._app(scope, self._limited(receive), send_observed)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:
            if not timeout.expired():
                # The answer is sent: a problem with status 500.
                logger.exception("request failed")
            elif not status:
                await problem(503, "The request took too long.")(scope, receive, send_observed)

        duration = time.perf_counter() - start
        route = scope.get("route")
        pattern = route.path if isinstance(route, Route) else UNMATCHED
        self._metrics.observe_request(scope["method"], pattern, status, duration)
        logger.info(
            "request",
            extra={"method": scope["method"], "route": pattern, "status": status, "duration": duration},
        )

    def _limited(self, receive: Receive) -> Receive:
        left = self._max_bytes

        async def receive_limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise ProblemError(413, f"Send at most {self._max_bytes} bytes.")
            return message

        return receive_limited
