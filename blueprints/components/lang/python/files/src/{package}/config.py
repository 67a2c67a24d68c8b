"""The service's configuration, read from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

USAGE = """\
  HTTP_PORT                8080   port of the API, /livez and /readyz
  METRICS_PORT             9090   port of /metrics
  LOG_LEVEL                info   debug, info, warn or error
  LOG_FORMAT               json   json, or ecs for the field names of the Elastic Common Schema
  REQUEST_TIMEOUT_SECONDS  10     a request that takes longer is answered with 503
  MAX_REQUEST_BYTES        65536  a larger body is answered with 413
  SHUTDOWN_GRACE_SECONDS   25     time from SIGTERM to the end, for requests in flight
"""

LOG_LEVELS = ("debug", "info", "warn", "error")
LOG_FORMATS = ("json", "ecs")


class ConfigError(Exception):
    """Names every problem of the environment, one a line."""


@dataclass(frozen=True)
class Config:
    http_port: int
    metrics_port: int
    log_level: str
    log_format: str
    request_timeout: int
    max_request_bytes: int
    shutdown_grace: int


def load(environ: Mapping[str, str]) -> Config:
    """Read and check all variables; an unset or empty one gets its default."""
    problems: list[str] = []

    def integer(key: str, default: int, least: int, most: int) -> int:
        text = environ.get(key, "")
        if not text:
            return default
        if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
            return int(text)
        problems.append(f"{key}={text!r}: want a whole number from {least} to {most}")
        return default

    config = Config(
        http_port=integer("HTTP_PORT", 8080, 1, 65535),
        metrics_port=integer("METRICS_PORT", 9090, 1, 65535),
        log_level=environ.get("LOG_LEVEL", "").lower() or "info",
        log_format=environ.get("LOG_FORMAT", "").lower() or "json",
        request_timeout=integer("REQUEST_TIMEOUT_SECONDS", 10, 1, 300),
        max_request_bytes=integer("MAX_REQUEST_BYTES", 64 << 10, 1, 64 << 20),
        shutdown_grace=integer("SHUTDOWN_GRACE_SECONDS", 25, 1, 600),
    )
    if config.http_port == config.metrics_port:
        problems.append("HTTP_PORT and METRICS_PORT are the same: want two ports")
    if config.log_level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL={config.log_level!r}: want debug, info, warn or error")
    if config.log_format not in LOG_FORMATS:
        problems.append(f"LOG_FORMAT={config.log_format!r}: want json or ecs")

    if problems:
        raise ConfigError("\n".join(problems))
    return config
