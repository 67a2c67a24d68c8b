"""Logs: one JSON object a line, with the trace id of the request that is being handled."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)

# The header of W3C Trace Context: version, trace id, parent id, flags. A later version may append fields.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR"}

# The names that the Elastic Common Schema has for what the service logs. Whatever it has no name for becomes a label.
_ECS_VERSION = "8.11.0"
_ECS_NAMES = {
    "time": "@timestamp",
    "level": "log.level",
    "msg": "message",
    "trace_id": "trace.id",
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "duration": "event.duration",
    "error": "error.message",
    "stack": "error.stack_trace",
    "version": "service.version",
}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def parse_traceparent(header: str) -> str | None:
    """Return the trace id of a traceparent header, if the header is valid."""
    match = _TRACEPARENT.fullmatch(header)
    if match is None:
        return None
    version, trace, parent, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace.strip("0") or not parent.strip("0"):
        return None
    return trace


class JSONFormatter(logging.Formatter):
    """Writes what is passed as `extra` beside time, level and message."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), default=str)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": _LEVELS.get(record.levelname, record.levelname),
            "msg": record.getMessage(),
        }
        if trace := trace_id.get():
            fields["trace_id"] = trace
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            fields["stack"] = self.formatException(record.exc_info)
        return fields


class ECSFormatter(JSONFormatter):
    """Writes the same with the field names of the Elastic Common Schema."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = {"ecs.version": _ECS_VERSION, "service.name": self._service}
        for key, value in super().fields(record).items():
            fields[_ECS_NAMES.get(key, f"labels.{key}")] = value
        fields["log.level"] = str(fields["log.level"]).lower()
        if isinstance(seconds := fields.get("event.duration"), float):
            # The schema counts nanoseconds.
            fields["event.duration"] = round(seconds * 1_000_000_000)
        return fields


def configure(level: str, layout: str, service: str) -> None:
    """Send the logs of the service and its libraries to stdout, laid out as `json` or `ecs`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(ECSFormatter(service) if layout == "ecs" else JSONFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # What the server says about its start and stop, the service says itself.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
