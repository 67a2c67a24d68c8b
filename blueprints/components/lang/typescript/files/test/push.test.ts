import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLogger } from "../src/logs.ts";
import { Metrics } from "../src/metrics.ts";
import { startPush } from "../src/push.ts";
import { Log } from "./support.ts";

const identity = { service: "default-name", version: "1.2.3" };

test("what is counted is pushed", async (t) => {
  const paths: string[] = [];
  let pushed = Buffer.alloc(0);
  const collector = createServer(async (request, response) => {
    paths.push(request.url ?? "");
    pushed = Buffer.concat([pushed, ...((await request.toArray()) as Buffer[])]);
    response.end();
  }).listen(0, "127.0.0.1");
  t.after(() => collector.close());
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `http://127.0.0.1:${port}`;
  process.env["OTEL_SERVICE_NAME"] = "from-the-environment";
  process.env["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=test";

  const log = new Log();
  const metrics = new Metrics("1.2.3", "abc");
  const stop = startPush(metrics, createLogger({ level: "info" }, log), identity);
  metrics.observeRequest("GET", "/v1/things/{id}", 200, 0.001);
  await stop(5_000);

  assert.deepEqual(new Set(paths), new Set(["/v1/metrics"]));
  // Protobuf keeps strings as they are.
  for (const text of [
    ...["http_server_request_duration_seconds", "http_route", "/v1/things/{id}", "app_build_info", "1.2.3"],
    ...["process_cpu_seconds_total", "nodejs_eventloop_lag_seconds"],
    ...["from-the-environment", "deployment.environment.name", "service.instance.id"],
  ]) {
    assert.ok(pushed.includes(text), `${text} was not pushed`);
  }
  assert.ok(!pushed.includes("default-name"), "OTEL_SERVICE_NAME does not win over the default");
  assert.deepEqual(log.entries, []);
});

test("a collector that is away is a warning", async () => {
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9";
  const log = new Log();
  const stop = startPush(new Metrics("1", "a"), createLogger({ level: "info" }, log), identity);
  await stop(500);
  assert.ok(log.entries.length > 0);
  assert.ok(log.entries.every(({ level }) => level === "WARN"));
});

test("nothing is pushed without an endpoint", async () => {
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "";
  const log = new Log();
  const stop = startPush(new Metrics("1", "a"), createLogger({ level: "info" }, log), identity);
  await stop(500);
  assert.match(String(log.entries[0]?.["msg"]), /metrics are not pushed/);
});
