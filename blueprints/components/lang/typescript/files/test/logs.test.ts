import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, thrown, traceBinding, traceIdOf } from "../src/logs.ts";
import { Log } from "./support.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";

test("the trace id comes from a valid traceparent header, and from no other", () => {
  const cases: [header: string | undefined, expected: string | undefined][] = [
    [`00-${trace}-${parent}-01`, trace],
    [`01-${trace}-${parent}-01-more`, trace],
    [undefined, undefined],
    ["", undefined],
    ["hello\n{}", undefined],
    [`ff-${trace}-${parent}-01`, undefined],
    [`00-${trace}-${parent}-01-more`, undefined],
    [`00-${trace.toUpperCase()}-${parent}-01`, undefined],
    [`00-${"0".repeat(32)}-${parent}-01`, undefined],
    [`00-${trace}-${"0".repeat(16)}-01`, undefined],
  ];
  for (const [header, expected] of cases) {
    assert.equal(traceIdOf(header), expected, String(header));
  }
});

test("an entry is one JSON object with time, level and message", () => {
  const log = new Log();
  const logger = createLogger({ level: "warn" }, log);
  logger.info("too quiet");
  logger.warn({ route: "/v1/things/{id}" }, "it happened");

  assert.equal(log.entries.length, 1);
  const [{ time, ...rest } = {}] = log.entries;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { level: "WARN", msg: "it happened", route: "/v1/things/{id}" });
});

test("an entry in the Elastic Common Schema has its names", () => {
  const log = new Log();
  const settings = { level: "info", format: "ecs", service: "greeter" } as const;
  const logger = createLogger(settings, log).child(traceBinding("ecs", trace));
  const fields = { method: "POST", route: "/v1/things/{id}", status: 503, duration: 0.25, component: "test" };
  logger.warn({ ...fields, ...thrown("it broke") }, "it happened");

  const [{ "@timestamp": time, "ecs.version": version, ...rest } = {}] = log.entries;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(String(version), /^\d+\.\d+\.\d+$/);
  assert.deepEqual(rest, {
    "log.level": "warn",
    message: "it happened",
    "service.name": "greeter",
    "trace.id": trace,
    "http.request.method": "POST",
    "http.route": "/v1/things/{id}",
    "http.response.status_code": 503,
    "event.duration": 250_000_000,
    "error.message": "it broke",
    "labels.component": "test",
  });
});

test("whatever was thrown can be logged", () => {
  const { error, stack } = thrown(new TypeError("broken"));
  assert.equal(error, "broken");
  assert.match(stack ?? "", /TypeError: broken\n.*logs\.test\.ts/);
  assert.deepEqual(thrown("a text"), { error: "a text" });
});
