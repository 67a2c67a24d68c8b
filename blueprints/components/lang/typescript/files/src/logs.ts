/** Logs: one JSON object a line, with the trace id of the request that is being handled. */

import type { FastifyBaseLogger } from "fastify";
import { type DestinationStream, type LoggerOptions, pino } from "pino";
import type { LogFormat, LogLevel } from "./config.ts";

// The header of W3C Trace Context: version, trace id, parent id, flags. A later version may append fields.
const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const zeros = /^0+$/;

// The names that the Elastic Common Schema has for what the service logs. Whatever it has no name for becomes a label.
const ecsVersion = "8.11.0";
const ecsNames: Readonly<Record<string, string>> = {
  method: "http.request.method",
  route: "http.route",
  status: "http.response.status_code",
  duration: "event.duration",
  error: "error.message",
  stack: "error.stack_trace",
  version: "service.version",
};

export interface LogSettings {
  readonly level: LogLevel;
  readonly format?: LogFormat;
  /** The service's name, which the Elastic Common Schema wants in each entry. */
  readonly service?: string;
}

/** Writes to stdout, unless there is another destination. */
export function createLogger(settings: LogSettings, destination?: DestinationStream): FastifyBaseLogger {
  const options = settings.format === "ecs" ? ecs(settings) : plain(settings);
  return destination === undefined ? pino(options) : pino(options, destination);
}

function plain({ level }: LogSettings): LoggerOptions {
  return {
    level,
    // The pod's name and the process id are known to whatever collects the logs.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label.toUpperCase() }),
    },
  };
}

function ecs({ level, service }: LogSettings): LoggerOptions {
  return {
    level,
    base: { "ecs.version": ecsVersion, "service.name": service },
    messageKey: "message",
    timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ "log.level": label }),
      log: ecsFields,
    },
  };
}

function ecsFields(fields: Record<string, unknown>): Record<string, unknown> {
  const renamed = Object.entries(fields).map(([key, value]): [string, unknown] => {
    // The schema counts nanoseconds.
    const told = key === "duration" && typeof value === "number" ? Math.round(value * 1e9) : value;
    return [ecsNames[key] ?? `labels.${key}`, told];
  });
  return Object.fromEntries(renamed);
}

/** What the entries of a request say about its trace. */
export function traceBinding(format: LogFormat, traceId: string): Record<string, string> {
  return format === "ecs" ? { "trace.id": traceId } : { trace_id: traceId };
}

/** Returns the trace id of a traceparent header, if the header is valid. */
export function traceIdOf(header: string | string[] | undefined): string | undefined {
  const match = typeof header === "string" ? traceparent.exec(header) : null;
  if (match === null) {
    return undefined;
  }
  const [, version = "", traceId = "", parentId = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined) || zeros.test(traceId) || zeros.test(parentId)) {
    return undefined;
  }
  return traceId;
}

/** What the log says about whatever was thrown. */
export function thrown(error: unknown): { error: string; stack?: string | undefined } {
  return error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) };
}
