/** Logs: one JSON object a line, with the trace id of the request that is being handled. */

import type { FastifyBaseLogger } from "fastify";
import { type DestinationStream, pino } from "pino";
import type { LogLevel } from "./config.ts";

// The header of W3C Trace Context: version, trace id, parent id, flags. A later version may append fields.
const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const zeros = /^0+$/;

/** Writes to stdout, unless there is another destination. */
export function createLogger(level: LogLevel, destination?: DestinationStream): FastifyBaseLogger {
  const options = {
    level,
    // The pod's name and the process id are known to whatever collects the logs.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label.toUpperCase() }),
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
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
