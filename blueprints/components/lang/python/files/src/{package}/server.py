"""Runs the HTTP listeners from start to drained stop."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .config import Config
from .metrics import Metrics

# The share of the grace period that is kept for what comes after the last request.
RESERVE = 0.2

# How long new requests are still taken after SIGTERM, for callers that have not yet noticed the failing /readyz.
MAX_DRAIN_DELAY = 2.0

# Longer than the idle timeout of the usual load balancers (60 s), so that it is they who close a connection;
# otherwise a request can meet a connection that is just being closed.
IDLE_TIMEOUT = 75

MAX_HEADER_BYTES = 16 << 10

logger = logging.getLogger(__name__)


class CutOffError(Exception):
    """Requests did not end within the grace period."""


class Server:
    """Serves the API with its probes on one port and the metrics on another."""

    def __init__(self, config: Config, api: ASGIApp, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        self._ready = False
        public = Starlette(routes=[Route("/livez", self._live), Route("/readyz", self._readiness), Mount("/", api)])
        self._public = _listener(self._letting_go(public))
        self._private = _listener(Starlette(routes=[Route("/metrics", self._scrape)]))

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, and until all requests are answered."""
        stop = asyncio.Event()
        _on_signal(stop)
        with _listen(self._config.http_port) as public, _listen(self._config.metrics_port) as private:
            serving = asyncio.create_task(self._public.serve([public]))
            scraping = asyncio.create_task(self._private.serve([private]))
            await self._public.listening.wait()
            await self._private.listening.wait()
            self._ready = True
            logger.info("ready", extra={"http": self._config.http_port, "metrics": self._config.metrics_port})

            await stop.wait()
            await self._drain(serving, scraping)

    async def _drain(self, serving: asyncio.Task[None], scraping: asyncio.Task[None]) -> None:
        """Fail /readyz, take late requests for a moment, then answer those in flight and stop."""
        start = time.monotonic()
        grace = self._config.shutdown_grace
        self._ready = False
        logger.info("draining", extra={"grace": grace})
        await asyncio.sleep(min(MAX_DRAIN_DELAY, grace * RESERVE))

        # The metrics come last, so that the last requests can still be scraped.
        for server, task in ((self._public, serving), (self._private, scraping)):
            server.should_exit = True
            left = start + grace * (1 - RESERVE) - time.monotonic()
            await asyncio.wait({task}, timeout=max(left, 0))
            if not task.done():
                raise CutOffError("requests were cut off")
            await task
        logger.info("stopped", extra={"duration": time.monotonic() - start})

    def _letting_go(self, app: ASGIApp) -> ASGIApp:
        """Close each connection with its next answer once the server drains.

        One that is closed while it is idle could be met by a request.
        """

        async def let_go(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_closing(message: Message) -> None:
                if message["type"] == "http.response.start" and not self._ready:
                    MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)

            await app(scope, receive, send_closing)

        return let_go

    async def _live(self, _: Request) -> Response:
        """Say that the process runs. It asks no dependency: a restart would not repair one."""
        return _answer(200, "ok\n")

    async def _readiness(self, _: Request) -> Response:
        """Say whether this replica wants traffic.

        Check here what no request can do without, and nothing that other replicas share: a shared dependency that
        fails would take all of them out at once.
        """
        return _answer(200, "ok\n") if self._ready else _answer(503, "draining\n")

    async def _scrape(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)


class _Listener(uvicorn.Server):
    """Leaves the signals to Server: uvicorn would close its port at once and end by raising the signal again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listener(app: ASGIApp) -> _Listener:
    return _Listener(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_TIMEOUT,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
    )


def _listen(port: int) -> socket.socket:
    """Listen on all addresses, of IPv6 too where there is IPv6."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _on_signal(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def handle() -> None:
        stop.set()
        # From now on the default handling is back: a second signal ends the process at once.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle)


def _answer(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, {"Cache-Control": "no-store"})
