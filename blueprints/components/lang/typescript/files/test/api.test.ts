import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { FastifyPluginAsync, HTTPMethods } from "fastify";
import { problemType } from "../src/problems.ts";
import { testApi } from "./support.ts";

test("a greeting is composed", async (t) => {
  const { api } = testApi();
  t.after(() => api.close());
  const payload = { language: "fr", name: "<Zoë> $& {name}" };
  const response = await api.inject({ method: "POST", url: "/v1/greetings", payload });
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), { language: "fr", message: "Bonjour, <Zoë> $& {name} !" });
});

test("a greeting is looked up", async (t) => {
  const { api } = testApi();
  t.after(() => api.close());
  const response = await api.inject("/v1/greetings/ja");
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), { language: "ja", template: "こんにちは、{name}さん。" });
  assert.equal(response.headers["cache-control"], "no-store");
  assert.equal(response.headers["x-content-type-options"], "nosniff");
});

describe("unknown paths and methods are problems too", () => {
  const cases: [method: HTTPMethods, url: string, status: number, allow: string | undefined][] = [
    ["GET", "/nowhere", 404, undefined],
    ["GET", "/v1/greetings/", 404, undefined],
    ["GET", "/v1/greetings", 405, "POST"],
    ["DELETE", "/v1/greetings/en", 405, "GET, HEAD"],
    ["GET", "/v1/greetings/%zz", 400, undefined],
  ];
  for (const [method, url, status, allow] of cases) {
    test(`${method} ${url}`, async (t) => {
      const { api } = testApi();
      t.after(() => api.close());
      const response = await api.inject({ method, url });
      assert.equal(response.statusCode, status);
      assert.ok(String(response.headers["content-type"]).startsWith(problemType));
      assert.equal(response.headers["allow"], allow);
      assert.equal(response.json<{ status: number }>().status, status);
    });
  }
});

test("requests are counted by route", async (t) => {
  const { api, metrics } = testApi();
  t.after(() => api.close());
  for (const url of ["/v1/greetings/en", "/v1/greetings/de", "/v1/greetings/xx", "/nowhere"]) {
    await api.inject(url);
  }
  const text = await metrics.registry.metrics();
  const counted = text.split("\n").filter((line) => line.startsWith("http_server_request_duration_seconds_count"));
  const of = (status: number, route: string): string | undefined =>
    counted
      .find((line) => line.includes(`http_response_status_code="${status}"`) && line.includes(`http_route="${route}"`))
      ?.split(" ")[1];
  assert.equal(of(200, "/v1/greetings/{language}"), "2");
  assert.equal(of(404, "/v1/greetings/{language}"), "1");
  assert.equal(of(404, "unmatched"), "1");
  assert.doesNotMatch(text, /nowhere/);
});

test("requests are logged", async (t) => {
  const { api, log } = testApi();
  t.after(() => api.close());
  await api.inject({
    url: "/v1/greetings/en",
    headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
  });
  const { time, duration, ...rest } = await log.find("request");
  assert.equal(typeof time, "string");
  assert.equal(typeof duration, "number");
  assert.deepEqual(rest, {
    level: "INFO",
    msg: "request",
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    method: "GET",
    route: "/v1/greetings/{language}",
    status: 200,
  });
});

/** Routes that answer when their time is up: with that, or with what they were told. */
const slow: FastifyPluginAsync = async (scope) => {
  scope.route({
    method: ["GET", "POST"],
    url: "/slow",
    handler: async ({ deadline }) => {
      await once(deadline, "abort");
      return { reason: String(deadline.reason) };
    },
  });
};

describe("slow requests are cut off", () => {
  for (const method of ["GET", "POST"] as const) {
    test(method, async (t) => {
      const { api, log } = testApi(slow);
      t.after(() => api.close());
      const response = await api.inject({ method, url: "/slow", ...(method === "POST" ? { payload: {} } : {}) });
      assert.equal(response.statusCode, 503);
      assert.ok(String(response.headers["content-type"]).startsWith(problemType));
      assert.match(response.body, /took too long/);
      assert.equal((await log.find("request"))["status"], 503);
    });
  }
});

describe("callers that give up are not errors of the service", () => {
  for (const method of ["GET", "POST"] as const) {
    test(method, async (t) => {
      const { api, log } = testApi(slow);
      t.after(() => api.close());
      const url = `${await api.listen({ host: "127.0.0.1", port: 0 })}/slow`;
      const options = method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {};
      await assert.rejects(fetch(url, { method, signal: AbortSignal.timeout(100), ...options }));
      assert.equal((await log.find("request"))["status"], 499);
      assert.ok(!log.entries.some(({ level }) => level === "ERROR"));
    });
  }
});

test("a body that does not arrive is answered in time", async (t) => {
  const { api } = testApi();
  t.after(() => api.close());
  await api.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect((api.server.address() as AddressInfo).port, "127.0.0.1");
  socket.write("POST /v1/greetings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
  socket.write("Content-Length: 9\r\n\r\n{");
  const chunks = await socket.setEncoding("utf8").toArray();
  assert.match(chunks.join(""), /^HTTP\/1\.1 503 .*connection: close/is);
});

const broken: FastifyPluginAsync = async (scope) => {
  scope.get("/broken", async () => {
    throw new RangeError("secret detail");
  });
};

test("failures are answered and logged", async (t) => {
  const { api, log } = testApi(broken);
  t.after(() => api.close());
  const response = await api.inject("/broken");
  assert.equal(response.statusCode, 500);
  assert.ok(String(response.headers["content-type"]).startsWith(problemType));
  assert.doesNotMatch(response.body, /secret/);
  const entry = await log.find("request failed");
  assert.equal(entry["error"], "secret detail");
  assert.match(String(entry["stack"]), /api\.test\.ts/);
});

test("an overloaded service turns callers away until it has caught up", async (t) => {
  const { api, log } = testApi();
  t.after(() => api.close());
  assert.equal((await api.inject("/v1/greetings/en")).statusCode, 200);
  for (const until = performance.now() + 3_500; performance.now() < until; await turn()) {
    const blocked = performance.now() + 1_500;
    while (performance.now() < blocked) {
      // What a service must not do: work that lets nobody else come up.
    }
  }
  const refused = await api.inject("/v1/greetings/en");
  assert.equal(refused.statusCode, 503);
  assert.ok(String(refused.headers["content-type"]).startsWith(problemType));
  assert.equal(refused.headers["retry-after"], "2");
  assert.ok(log.entries.some(({ status }) => status === 503));

  await sleep(2_200);
  assert.equal((await api.inject("/v1/greetings/en")).statusCode, 200);
});
