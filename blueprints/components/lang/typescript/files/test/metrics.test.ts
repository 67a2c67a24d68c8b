import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../src/metrics.ts";

// The rules and dashboards in observability/ break when one of these lines changes.
test("what the rules read is exported", async () => {
  const metrics = new Metrics("1.2.3", "abc");
  metrics.observeRequest("GET", "/v1/things/{id}", 200, 0.06);
  metrics.observeRequest("BREW", "/v1/things/{id}", 405, 0.001);
  const text = await metrics.registry.metrics();
  const lines = new Set(text.split("\n").map(sorted));

  const name = "http_server_request_duration_seconds";
  const labels = 'http_request_method="GET",http_response_status_code="200",http_route="/v1/things/{id}"';
  const expected = [
    `# TYPE ${name} histogram`,
    'app_build_info{revision="abc",version="1.2.3"} 1',
    `${name}_count{${labels}} 1`,
    `${name}_sum{${labels}} 0.06`,
    ...["0.005", "0.01", "0.025", "0.05"].map((bound) => `${name}_bucket{${labels},le="${bound}"} 0`),
    ...["0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10", "+Inf"].map(
      (bound) => `${name}_bucket{${labels},le="${bound}"} 1`,
    ),
  ];
  for (const line of expected) {
    assert.ok(lines.has(line), `no ${line} in:\n${text}`);
  }
  assert.match(text, /^process_resident_memory_bytes \d+/m);
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds [\d.]+/m);
  assert.match(text, /http_request_method="_OTHER"/);
  assert.doesNotMatch(text, /BREW/, "a caller can make up label values");
});

/** The order of labels says nothing. */
function sorted(line: string): string {
  return line.replace(/\{(.*)\}/, (_all, labels: string) => {
    const inOrder = labels.split(/,(?=\w+=)/).sort();
    return `{${inOrder.join(",")}}`;
  });
}
