/** Runs the HTTP listeners from start to drained stop. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Config } from "./config.ts";
import { thrown } from "./logs.ts";
import type { Metrics } from "./metrics.ts";

/** The share of the grace period that is kept for what comes after the last request. */
export const reserve = 0.2;

// How long new requests are still taken after SIGTERM, for callers that have not yet noticed the failing /readyz.
const maxDrainDelaySeconds = 2;

/** Requests did not end within the grace period. */
export class CutOffError extends Error {
  override readonly name = "CutOffError";
}

export interface ServerOptions {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  readonly api: FastifyInstance;
}

/** Serves the API with its probes on one port and the metrics on another, until SIGTERM or SIGINT. */
export async function run({ config, logger, metrics, api }: ServerOptions): Promise<void> {
  const stop = stopSignal();
  const readiness = { ready: false };
  addProbes(api, readiness);
  // Once the stop has begun, whoever keeps a connection is told with its next answer to leave it.
  api.addHook("onSend", async (_request, reply) => {
    if (!readiness.ready) {
      reply.header("connection", "close");
    }
  });
  const scraped = metricsServer(metrics, logger);

  const host = anyAddress();
  try {
    await api.listen({ host, port: config.httpPort });
    await once(scraped.listen({ host, port: config.metricsPort }), "listening");
    readiness.ready = true;
    logger.info({ http: config.httpPort, metrics: config.metricsPort }, "ready");
    await stop;

    const start = performance.now();
    readiness.ready = false;
    logger.info({ grace: config.shutdownGraceSeconds }, "draining");
    await drain(api, config.shutdownGraceSeconds);
    logger.info({ duration: (performance.now() - start) / 1_000 }, "stopped");
  } finally {
    // The metrics come last, so that the last requests can still be scraped.
    await api.close();
    scraped.close();
    scraped.closeAllConnections();
  }
}

/** Takes late requests for a moment, then answers those in flight and stops. */
async function drain(api: FastifyInstance, graceSeconds: number): Promise<void> {
  const delay = Math.min(maxDrainDelaySeconds, graceSeconds * reserve);
  await sleep(delay * 1_000);

  const closed = api.close().then(() => true);
  const cancel = new AbortController();
  const late = sleep((graceSeconds * (1 - reserve) - delay) * 1_000, false, { signal: cancel.signal });
  if (!(await Promise.race([closed, late]))) {
    api.server.closeAllConnections();
    throw new CutOffError("requests were cut off");
  }
  cancel.abort();
}

/** Resolves with the first signal. From then on the default handling is back: a second one ends the process at once. */
function stopSignal(): Promise<void> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  return new Promise((resolve) => {
    function handle(): void {
      for (const signal of signals) {
        process.removeListener(signal, handle);
      }
      resolve();
    }
    for (const signal of signals) {
      process.on(signal, handle);
    }
  });
}

function addProbes(api: FastifyInstance, readiness: { readonly ready: boolean }): void {
  // Says that the process runs. It asks no dependency: a restart would not repair one.
  api.get("/livez", async (_request, reply) => {
    return reply.header("cache-control", "no-store").type("text/plain; charset=utf-8").send("ok\n");
  });

  // Says whether this replica wants traffic. Check here what no request can do without, and nothing that other replicas
  // share: a shared dependency that fails would take all of them out at once.
  api.get("/readyz", async (_request, reply) => {
    const [status, text] = readiness.ready ? [200, "ok\n"] : [503, "draining\n"];
    return reply.code(status).header("cache-control", "no-store").type("text/plain; charset=utf-8").send(text);
  });
}

function metricsServer(metrics: Metrics, logger: FastifyBaseLogger): Server {
  return createServer((request, response) => {
    if (request.url !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
      (error: unknown) => {
        logger.error(thrown(error), "metrics failed");
        response.writeHead(500).end();
      },
    );
  });
}

/** All addresses, of IPv6 too where there is IPv6. */
function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === "IPv6") ? "::" : "0.0.0.0";
}
