"""Pushes by OTLP over HTTP what /metrics shows: the same names, so that the rules need not know how a metric came."""

import os
import socket
from collections.abc import Iterable
from functools import partial

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from .metrics import BUCKETS, DURATION, DURATION_HELP, LABELS, Metrics, known_method


def is_configured() -> bool:
    """Tell whether there is somewhere to push to."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"))


class PushedMetrics(Metrics):
    """Metrics that are pushed too, as the OTEL_* variables of the OpenTelemetry specification say."""

    def __init__(self, service: str, version: str, revision: str) -> None:
        super().__init__(version, revision)
        defaults = {
            "service.name": service,
            "service.version": version,
            # Replicas push the same series; the instance is what keeps them apart.
            "service.instance.id": socket.gethostname(),
        }
        self._provider = MeterProvider(
            metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())],
            resource=Resource.get_empty().merge(Resource(defaults)).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        meter = self._provider.get_meter(service, version)
        self._duration = meter.create_histogram(
            DURATION, description=DURATION_HELP, explicit_bucket_boundaries_advisory=BUCKETS
        )
        for family in self.registry.collect():
            callback = partial(self._observations, family.name)
            if family.type == "gauge":
                meter.create_observable_gauge(family.name, [callback], description=family.documentation)
            elif family.type == "counter":
                meter.create_observable_counter(f"{family.name}_total", [callback], description=family.documentation)

    def observe_request(self, method: str, route: str, status: int, duration: float) -> None:
        super().observe_request(method, route, status, duration)
        values = (known_method(method), route, str(status))
        self._duration.record(duration, dict(zip(LABELS, values, strict=True)))

    def _observations(self, name: str, _: CallbackOptions) -> Iterable[Observation]:
        for family in self.registry.collect():
            if family.name == name:
                yield from (Observation(sample.value, sample.labels) for sample in family.samples)

    def stop(self, timeout: float) -> None:
        """Push a last time and stop."""
        self._provider.shutdown(timeout_millis=timeout * 1000)
