"""The service's metrics. Names, labels and buckets are those of OpenTelemetry's conventions for HTTP servers; the SLO
rules and the dashboard in observability/ rely on them."""

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
DURATION = "http_server_request_duration_seconds"
DURATION_HELP = "Duration of HTTP requests."
LABELS = ("http_request_method", "http_route", "http_response_status_code")

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})

disable_created_metrics()


class Metrics:
    def __init__(self, version: str, revision: str) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(DURATION, DURATION_HELP, LABELS, buckets=BUCKETS, registry=self.registry)
        info = Gauge(
            "app_build_info",
            "Version and commit of the running service.",
            ("version", "revision"),
            registry=self.registry,
        )
        info.labels(version, revision).set(1)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def observe_request(self, method: str, route: str, status: int, duration: float) -> None:
        """Count a request.

        The route is a pattern such as /v1/greetings/{language}, never the path itself: every value that a label takes
        is a time series.
        """
        self._requests.labels(known_method(method), route, str(status)).observe(duration)

    def text(self) -> bytes:
        """Return what /metrics shows."""
        return generate_latest(self.registry)


def known_method(method: str) -> str:
    """Keep a caller from making up label values."""
    return method if method in _METHODS else "_OTHER"
