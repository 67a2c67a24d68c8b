/** What the tests share: an API whose log and metrics they can read. */

import type { FastifyInstance } from "fastify";
import { type ApiOptions, createApi } from "../src/api.ts";
import type { Config } from "../src/config.ts";
import { createLogger } from "../src/logs.ts";
import { Metrics } from "../src/metrics.ts";

export const config: Config = {
  httpPort: 8080,
  metricsPort: 9090,
  logLevel: "info",
  logFormat: "json",
  requestTimeoutSeconds: 1,
  maxRequestBytes: 1024,
  shutdownGraceSeconds: 5,
};

export type Entry = Readonly<Record<string, unknown>>;

/** Keeps what is logged. */
export class Log {
  readonly entries: Entry[] = [];

  write(line: string): void {
    this.entries.push(JSON.parse(line) as Entry);
  }

  /** Waits for an entry: a request is logged once its answer has been sent, which its caller may see earlier. */
  async find(message: string): Promise<Entry> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const entry = this.entries.find((each) => each["msg"] === message);
      if (entry !== undefined) {
        return entry;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`nothing says "${message}" in ${JSON.stringify(this.entries)}`);
  }
}

export interface TestApi {
  readonly api: FastifyInstance;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function testApi(operations?: NonNullable<ApiOptions["operations"]>): TestApi {
  const log = new Log();
  const metrics = new Metrics("1.2.3", "abc");
  const options = { config, logger: createLogger({ level: "info" }, log), metrics };
  return { api: createApi(operations === undefined ? options : { ...options, operations }), log, metrics };
}
