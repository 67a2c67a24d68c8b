import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, loadConfig, usage } from "../src/config.ts";

test("an empty environment yields the defaults", () => {
  assert.deepEqual(loadConfig({ HTTP_PORT: "" }), {
    httpPort: 8080,
    metricsPort: 9090,
    logLevel: "info",
    logFormat: "json",
    requestTimeoutSeconds: 10,
    maxRequestBytes: 65_536,
    shutdownGraceSeconds: 25,
  });
});

test("every variable is read, and described", () => {
  const environment = {
    HTTP_PORT: "8081",
    METRICS_PORT: "9091",
    LOG_LEVEL: "DEBUG",
    LOG_FORMAT: "ECS",
    REQUEST_TIMEOUT_SECONDS: "3",
    MAX_REQUEST_BYTES: "1024",
    SHUTDOWN_GRACE_SECONDS: "7",
  };
  assert.deepEqual(loadConfig(environment), {
    httpPort: 8081,
    metricsPort: 9091,
    logLevel: "debug",
    logFormat: "ecs",
    requestTimeoutSeconds: 3,
    maxRequestBytes: 1024,
    shutdownGraceSeconds: 7,
  });
  for (const variable of Object.keys(environment)) {
    assert.ok(usage.split(/\s+/).includes(variable), `${variable} is not in the usage text`);
  }
});

test("every problem is named at once", () => {
  const environment = {
    HTTP_PORT: "http",
    METRICS_PORT: "65536",
    LOG_LEVEL: "loud",
    LOG_FORMAT: "xml",
    REQUEST_TIMEOUT_SECONDS: "0",
    MAX_REQUEST_BYTES: "-1",
    SHUTDOWN_GRACE_SECONDS: "25s",
  };
  assert.throws(
    () => loadConfig(environment),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.problems.length, 7);
      for (const [variable, value] of Object.entries(environment)) {
        assert.ok(error.message.includes(`${variable}="${value}"`), `${variable} is not in ${error.message}`);
      }
      return true;
    },
  );
});

test("numbers that only JavaScript takes for whole ones are refused", () => {
  for (const text of ["8e3", "0x1f90", " 8080", "8080.0"]) {
    assert.throws(() => loadConfig({ HTTP_PORT: text }), ConfigError, text);
  }
});

test("one port for two listeners is refused", () => {
  assert.throws(() => loadConfig({ METRICS_PORT: "8080" }), /HTTP_PORT and METRICS_PORT/);
});
