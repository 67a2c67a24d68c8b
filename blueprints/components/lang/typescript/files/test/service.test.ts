/** Runs the service as a process of its own: signals and exit codes want one. */

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const grace = 5;
const patience = 30_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks over a connection of its own; status 0 means no answer. */
function get(port: number, path: string): Promise<Answer> {
  return new Promise((resolve) => {
    request({ agent: false, host: "127.0.0.1", port, path }, async (response) => {
      const chunks = await response.setEncoding("utf8").toArray();
      resolve({ status: response.statusCode ?? 0, body: chunks.join("") });
    })
      .on("error", () => resolve({ status: 0, body: "" }))
      .end();
  });
}

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Service {
  readonly port: number;
  readonly metricsPort: number;
  readonly process: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;
  #output = "";

  private constructor(port: number, metricsPort: number) {
    this.port = port;
    this.metricsPort = metricsPort;
    this.#environment = {
      ...process.env,
      HTTP_PORT: String(port),
      METRICS_PORT: String(metricsPort),
      SHUTDOWN_GRACE_SECONDS: String(grace),
    };
    this.process = spawn(process.execPath, ["src/main.ts"], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  static async start(t: { after(end: () => void): void }): Promise<Service> {
    const service = new Service(await freePort(), await freePort());
    t.after(() => service.process.kill("SIGKILL"));
    await service.awaitStatus("/readyz", 200);
    return service;
  }

  async awaitStatus(path: string, status: number): Promise<void> {
    for (const until = performance.now() + patience; performance.now() < until; await sleep(20)) {
      if ((await get(this.port, path)).status === status) {
        return;
      }
    }
    assert.fail(`${path} did not answer ${status}:\n${this.#output}`);
  }

  /** Runs another command in the service's environment, to its end. */
  run(args: string[], environment: Record<string, string> = {}): Promise<Outcome> {
    const options = { env: { ...this.#environment, ...environment }, timeout: patience };
    return new Promise((resolve) => {
      const command = execFile(process.execPath, ["src/main.ts", ...args], options, (_error, out, err) => {
        resolve({ code: command.exitCode, out, err });
      });
    });
  }

  async stop(): Promise<number | null> {
    this.process.kill("SIGTERM");
    return this.ended();
  }

  async ended(): Promise<number | null> {
    if (this.process.exitCode === null) {
      await once(this.process, "exit");
    }
    return this.process.exitCode;
  }

  lines(): string[] {
    return this.#output.trimEnd().split("\n");
  }
}

// Beside each other: they mostly wait.
describe("the service", { concurrency: true }, () => {
  test("answers, and counts no probes", async (t) => {
    const service = await Service.start(t);
    assert.equal((await get(service.port, "/livez")).status, 200);
    assert.match((await get(service.port, "/v1/greetings/en")).body, /Hello/);
    assert.equal((await get(service.port, "/metrics")).status, 404);

    const { status, body } = await get(service.metricsPort, "/metrics");
    assert.equal(status, 200);
    assert.match(body, /^app_build_info\{/m);
    assert.match(body, /http_route="\/v1\/greetings\/\{language\}"/);
    assert.doesNotMatch(body, /livez|readyz/);
  });

  test("fails its readiness at SIGTERM and answers requests in flight", async (t) => {
    const service = await Service.start(t);
    // A request whose body is half sent is in flight.
    const [half, rest] = ['{"language": "en"', ', "name": "Ada"}'];
    const socket = connect(service.port, "127.0.0.1").setEncoding("utf8");
    socket.write(
      "POST /v1/greetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        `Content-Length: ${half.length + rest.length}\r\n\r\n${half}`,
    );
    await sleep(100);

    const start = performance.now();
    service.process.kill("SIGTERM");
    await service.awaitStatus("/readyz", 503);
    assert.equal((await get(service.port, "/livez")).status, 200, "a replica that is draining would be killed");
    await service.awaitStatus("/livez", 0);
    assert.equal((await get(service.metricsPort, "/metrics")).status, 200);
    socket.write(rest);
    assert.match((await socket.toArray()).join(""), /Hello, Ada!/);

    assert.equal(await service.ended(), 0);
    assert.ok(performance.now() - start < grace * 1_000);
    for (const line of service.lines()) {
      assert.doesNotThrow(() => JSON.parse(line) as unknown, line);
    }
  });

  test("stops within the grace period", async (t) => {
    const service = await Service.start(t);
    const socket = connect(service.port, "127.0.0.1").on("error", () => socket.destroy());
    socket.write("POST /v1/greetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    socket.write("Content-Length: 10\r\n\r\n");
    await sleep(100);
    const start = performance.now();
    assert.equal(await service.stop(), 1, "a request was cut off, and that is a failure");
    assert.ok(performance.now() - start < grace * 1_000);
  });

  test("tells by its health check whether it runs", async (t) => {
    const service = await Service.start(t);
    assert.equal((await service.run(["healthcheck"])).code, 0);
    assert.equal(await service.stop(), 0);
    assert.equal((await service.run(["healthcheck"])).code, 1);
  });

  test("fails where its port is taken", async (t) => {
    const service = await Service.start(t);
    const { code, out } = await service.run([]);
    assert.equal(code, 1);
    assert.match(out, /EADDRINUSE/);
  });

  test("has the exit codes and texts of a command", async (t) => {
    const service = await Service.start(t);
    const version = await service.run(["version"], { SERVICE_VERSION: "1.2.3", SERVICE_REVISION: "abc" });
    assert.equal(version.code, 0);
    assert.match(version.out, /1\.2\.3 \(abc/);
    assert.match((await service.run(["--help"])).out, /SHUTDOWN_GRACE_SECONDS/);
    assert.equal((await service.run(["fly"])).code, 2);
    assert.equal((await service.run(["serve", "now"])).code, 2);
    const wrong = await service.run([], { HTTP_PORT: "http", LOG_LEVEL: "loud" });
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /HTTP_PORT="http".*LOG_LEVEL="loud"/s);
  });
});
