/**
 * The service's metrics. Names, labels and buckets are those of OpenTelemetry's conventions for HTTP servers; the SLO
 * rules and the dashboard in observability/ rely on them.
 */

import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const knownMethods = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]);

export class Metrics {
  /** A registry of their own: what a library registers globally stays out. */
  readonly registry = new Registry();
  readonly #requests: Histogram<"http_request_method" | "http_route" | "http_response_status_code">;

  constructor(version: string, revision: string) {
    const registers = [this.registry];
    this.#requests = new Histogram({
      name: "http_server_request_duration_seconds",
      help: "Duration of HTTP requests.",
      labelNames: ["http_request_method", "http_route", "http_response_status_code"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      registers,
    });
    new Gauge({
      name: "app_build_info",
      help: "Version and commit of the running service.",
      labelNames: ["version", "revision"],
      registers,
    }).set({ version, revision }, 1);
    // Of the process, the event loop, the heap and the garbage collector.
    collectDefaultMetrics({ register: this.registry });
  }

  /**
   * Counts a request. The route is a pattern such as /v1/greetings/{language}, never the path itself: every value that
   * a label takes is a time series.
   */
  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe(
      {
        // A caller must not be able to make up label values.
        http_request_method: knownMethods.has(method) ? method : "_OTHER",
        http_route: route,
        http_response_status_code: String(status),
      },
      seconds,
    );
  }
}
