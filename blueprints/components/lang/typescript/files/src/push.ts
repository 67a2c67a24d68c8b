/** Pushes by OTLP over HTTP what /metrics shows: the same names, so that the rules need not know how a metric came. */

import { hostname } from "node:os";
import { DiagLogLevel, diag, type HrTime, ValueType } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import type { FastifyBaseLogger } from "fastify";
import type { Metrics } from "./metrics.ts";

type Family = Awaited<ReturnType<Metrics["registry"]["getMetricsAsJSON"]>>[number];
type Sample = Family["values"][number] & { readonly metricName?: string };

/** Pushes a last time and stops. */
export type StopPush = (timeoutMilliseconds: number) => Promise<void>;

/**
 * Starts to push. The OTEL_* variables of the OpenTelemetry specification configure it; without an endpoint nothing is
 * pushed.
 */
export function startPush(
  metrics: Metrics,
  logger: FastifyBaseLogger,
  identity: { readonly service: string; readonly version: string },
): StopPush {
  if (!(process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] || process.env["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"])) {
    logger.info("metrics are not pushed: OTEL_EXPORTER_OTLP_ENDPOINT is not set");
    return () => Promise.resolve();
  }
  const warn = (message: string): void => logger.warn({ error: message }, "telemetry failed");
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);

  const fromEnvironment = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] });
  const interval = milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 60_000);
  const provider = new MeterProvider({
    resource: resourceFromAttributes({
      "service.name": identity.service,
      "service.version": identity.version,
      // Replicas push the same series; the instance is what keeps them apart.
      "service.instance.id": hostname(),
    }).merge(fromEnvironment),
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(),
        exportIntervalMillis: interval,
        exportTimeoutMillis: Math.min(milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", 30_000), interval),
        metricProducers: [new RegistryProducer(metrics)],
      }),
    ],
  });
  return async (timeoutMilliseconds) => {
    try {
      await provider.shutdown({ timeoutMillis: timeoutMilliseconds });
    } catch (error) {
      logger.warn({ error: String(error) }, "the last metrics were not pushed");
    }
  };
}

function ignore(): void {
  // What the exporter does when all is well is of no interest.
}

/** The SDK for Node.js reads these variables; its parts, which are a tenth of its size, do not. */
function milliseconds(variable: string, fallback: number): number {
  const number = Number(process.env[variable]);
  return Number.isInteger(number) && number > 0 ? number : fallback;
}

/** Reads the registry that /metrics shows as OpenTelemetry's metrics. */
class RegistryProducer implements MetricProducer {
  readonly #metrics: Metrics;
  readonly #start: HrTime = [Math.floor(performance.timeOrigin / 1_000), 0];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  async collect(): Promise<CollectionResult> {
    const families = await this.#metrics.registry.getMetricsAsJSON();
    const now = Date.now();
    const end: HrTime = [Math.floor(now / 1_000), (now % 1_000) * 1_000_000];
    return {
      resourceMetrics: {
        // The reader takes the provider's own.
        resource: resourceFromAttributes({}),
        scopeMetrics: [
          { scope: { name: "prom-client" }, metrics: families.flatMap((family) => this.#convert(family, end)) },
        ],
      },
      errors: [],
    };
  }

  #convert(family: Family, endTime: HrTime): MetricData[] {
    const times = { startTime: this.#start, endTime };
    const common = {
      descriptor: { name: family.name, description: family.help, unit: "", valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    const points = family.values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }));
    // prom-client declares an enumeration, and has strings.
    switch (String(family.type)) {
      case "counter":
        return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points }];
      case "gauge":
        return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: points }];
      case "histogram": {
        const dataPoints = histograms(family.values).map((point) => ({ ...times, ...point }));
        return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints }];
      }
      default:
        // Summaries: OpenTelemetry's SDK cannot send them.
        return [];
    }
  }
}

type Point = Pick<DataPoint<Histogram>, "attributes" | "value">;

/** Puts the samples of a histogram's series together: buckets that count all below them become buckets of their own. */
function histograms(samples: readonly Sample[]): Point[] {
  const series = new Map<string, { attributes: Point["attributes"]; bounds: number[]; below: number[]; sum: number }>();
  for (const { labels, metricName, value } of samples) {
    const { le, ...own } = labels;
    const attributes = attributesOf(own);
    const key = JSON.stringify(attributes);
    const one = series.get(key) ?? { attributes, bounds: [], below: [], sum: 0 };
    series.set(key, one);
    if (metricName?.endsWith("_sum")) {
      one.sum = value;
    } else if (le !== undefined) {
      one.bounds.push(Number(String(le).replace("+Inf", "Infinity")));
      one.below.push(value);
    }
  }
  return [...series.values()].map(({ attributes, bounds, below, sum }) => ({
    attributes,
    value: {
      buckets: {
        boundaries: bounds.filter(Number.isFinite),
        counts: below.map((count, index) => count - (below[index - 1] ?? 0)),
      },
      count: below.at(-1) ?? 0,
      sum,
    },
  }));
}

function attributesOf(labels: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
