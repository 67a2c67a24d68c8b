"""Builds, tests and runs the emitted services: one case for each language and each way that metrics take."""

import contextlib
import fcntl
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import install
import places
import shell
from engine import Judge

GRACE = 12  # seconds; shorter than the default, so that the tests don't wait for it
CALLERS = 4  # that ask at once, each on a connection that it keeps
LOAD = 3  # seconds in which they ask before SIGTERM
NOTICE = 1  # seconds until they know that /readyz fails; the service takes new requests for two
PATIENCE = 60  # seconds until the service must have started
TRACE = "0af7651916cd43dd8448eb211c80319c"
DURATION = re.compile(rb"http[._]server[._]request[._]duration")
# The same things under the names of each format: what every line has, and what the line of a request has.
LINE = {"json": ("time", "level", "msg"), "ecs": ("@timestamp", "log.level", "message", "ecs.version", "service.name")}
REQUEST = {
    "json": {"trace_id": TRACE, "method": "POST", "route": "/v1/greetings", "status": 200},
    "ecs": {
        "trace.id": TRACE,
        "http.request.method": "POST",
        "http.route": "/v1/greetings",
        "http.response.status_code": 200,
    },
}
# How long it took: seconds, and the nanoseconds of the Elastic Common Schema. Less than a minute, more than a microsecond.
DURATION_FIELD = {"json": ("duration", 1e-6, 60), "ecs": ("event.duration", 1e3, 60e9)}
BODY = json.dumps({"language": "en", "name": "Ada"}).encode()


class Collector(http.server.ThreadingHTTPServer):
    """Stands in for an OpenTelemetry collector: remembers what was pushed to it."""

    def __init__(self):
        pushed = self.pushed = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                pushed.append((self.path, self.headers.get("Content-Type"), self._body()))
                self.send_response(200)
                self.send_header("Content-Type", self.headers.get("Content-Type") or "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self):
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def ask(port, path, method="GET", body=None, headers=None):
    """One request of its own connection: (status, body), or (None, why) if there was no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return None, str(error)
    finally:
        connection.close()


class Caller(threading.Thread):
    """Asks without end on a connection that it keeps until the service closes it, like a load balancer's.

    After `leave` it opens no connection any more. A request is lost if it was sent and got no answer.
    """

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.answered, self.lost, self.wrong = 0, [], []
        self._leaving = threading.Event()

    def leave(self):
        self._leaving.set()

    def run(self):
        connection = None
        while connection or not self._leaving.is_set():
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GRACE)
                    connection.connect()
                    connection.auto_open = False
                connection.request("POST", "/v1/greetings", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            self.answered += 1
            if answer.status != 200 or b"Ada" not in body:
                self.wrong.append(answer.status)
            if answer.will_close:
                connection.close()
                connection = None


class Running:
    """One service that was started, and everything that is tried on it. Collects what is wrong."""

    def __init__(self, folder, answers, tools, log, form):
        self.folder, self.answers, self.tools, self.log = folder, answers, tools, log
        self.form = form
        self.flaws = []
        self.http, self.metrics = free_ports(2)
        self.collector = Collector() if answers["telemetry"] == "otlp" else None

    def command(self):
        """How the service is started: the very thing that was built."""
        if self.answers["lang"] in ("go", "rust"):
            return [str(self.folder / "build" / "bin" / self.answers["name"])], {}
        if self.answers["lang"] == "typescript":
            return [str(self.tools["node"]), str(self.folder / "dist" / "main.js")], {}
        if self.answers["lang"] == "java":
            jar = self.folder / "build" / "java" / f"{self.answers['name']}.jar"
            return [f"{install.java_home()}/bin/java", "@jvm.options", "-jar", str(jar)], {}
        package = next((self.folder / "src").glob("*/__main__.py")).parent.name
        python = self.folder / ".venv" / "bin" / "python"
        return [str(python), "-m", package], {"PYTHONPATH": str(self.folder / "src")}

    def environment(self, more):
        env = self.tools.environment(
            HTTP_PORT=str(self.http),
            METRICS_PORT=str(self.metrics),
            LOG_LEVEL="info",
            LOG_FORMAT=self.form,
            SHUTDOWN_GRACE_SECONDS=str(GRACE),
            **more,
        )
        if self.collector:
            address = f"http://127.0.0.1:{self.collector.server_address[1]}"
            env.update(OTEL_SERVICE_NAME=self.answers["name"], OTEL_EXPORTER_OTLP_ENDPOINT=address)
            env.update(OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", OTEL_METRIC_EXPORT_INTERVAL="500")
            env.update(OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test")
        return env

    def expect(self, right, text):
        if not right:
            self.flaws.append(text)
        return right

    def all(self):
        argv, more = self.command()
        env = self.environment(more)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(argv)}\n")
        output = self.folder / "build" / f"service-{self.form}.log"
        output.parent.mkdir(exist_ok=True)
        with open(output, "wb") as file:
            streams = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file}
            process = subprocess.Popen(argv, cwd=self.folder, env=env, start_new_session=True, **streams)
        try:
            if self.starts(process):
                self.answers_as_promised()
                self.checks_its_own_health(argv, env, 0)
                self.pushes()
                self.stops(process)
                self.checks_its_own_health(argv, env, 1)
        finally:
            shell.end(process)
            shell.reap(process)
            if self.collector:
                self.collector.shutdown()
                self.collector.server_close()
        said = output.read_text(encoding="utf-8", errors="replace")
        lines = said.splitlines(keepends=True)
        with open(self.log, "a", encoding="utf-8") as log:
            log.writelines(lines if len(lines) < 200 else [*lines[:100], "...\n", *lines[-100:]])
        self.logs_as_promised(said)
        return self.flaws

    def starts(self, process):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            if ask(self.http, "/readyz")[0] == 200 and ask(self.metrics, "/metrics")[0] == 200:
                return True
            time.sleep(0.1)
        ended = process.poll()
        if ended is not None:
            return self.expect(False, f"exits with {ended} instead of starting")
        return self.expect(False, f"does not answer on /readyz and /metrics within {PATIENCE} s")

    def answers_as_promised(self):
        for path in ("/livez", "/readyz"):
            status, _ = ask(self.http, path)
            self.expect(status == 200, f"{path} answers {status}")
        headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        status, body = ask(self.http, "/v1/greetings", "POST", BODY, headers)
        self.expect(status == 200 and "Ada" in body, f"POST /v1/greetings answers {status}: {body}")
        status, body = ask(self.http, "/v1/greetings", "POST", b"not json", {"Content-Type": "application/json"})
        self.expect(status == 400, f"POST /v1/greetings without JSON answers {status}: {body}")
        status, _ = ask(self.http, "/no-such-place")
        self.expect(status == 404, f"an unknown path answers {status}")
        status, _ = ask(self.http, "/metrics")
        self.expect(status == 404, f"/metrics answers {status} on the port that callers reach")
        _, text = ask(self.metrics, "/metrics")
        for pattern, what in (
            (r"^# TYPE http_server_request_duration_seconds histogram$", "the histogram of durations"),
            (r"^app_build_info\{.*revision=\".*\} 1(\.0)?$", "app_build_info"),
            (r"^http_server_request_duration_seconds_bucket\{.*le=\"0\.075\".*\}", "the bucket 0.075"),
        ):
            self.expect(re.search(pattern, text, re.MULTILINE), f"/metrics lacks {what}")
        counted = [line for line in text.splitlines() if line.startswith("http_server_request_duration_seconds_count")]
        wanted = ('http_request_method="POST"', 'http_response_status_code="200"', 'http_route="/v1/greetings"')
        self.expect(
            any(all(label in line for label in wanted) and re.search(r" 1(\.0)?$", line) for line in counted),
            f"/metrics does not count the one good request to /v1/greetings: {counted}",
        )
        self.expect(not any("livez" in line or "readyz" in line for line in counted), "/metrics counts the probes")

    def checks_its_own_health(self, argv, env, wanted):
        result = shell.run([*argv, "healthcheck"], cwd=self.folder, env=env, limit=20, log=self.log)
        state = "runs" if wanted == 0 else "has stopped"
        self.expect(result.code == wanted, f"healthcheck exits with {result.code} while the service {state}")

    def pushes(self):
        if not self.collector:
            return
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if any(DURATION.search(body) for _, _, body in self.collector.pushed):
                break
            time.sleep(0.1)
        pushed = self.collector.pushed
        self.expect(pushed, "pushes nothing to the collector")
        self.expect(all(path == "/v1/metrics" for path, _, _ in pushed), "pushes to another path than /v1/metrics")
        everything = b"".join(body for _, _, body in pushed)
        if pushed:
            self.expect(DURATION.search(everything), "does not push the durations of requests")
            for text in (self.answers["name"], "deployment.environment.name"):
                self.expect(text.encode() in everything, f"does not push {text}")

    def stops(self, process):
        """SIGTERM under load and with a slow request in flight: all are answered, /readyz says no, exit 0 in time."""
        callers = [Caller(self.http) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        time.sleep(LOAD)
        rate = sum(caller.answered for caller in callers) / LOAD
        slow = socket.create_connection(("127.0.0.1", self.http), timeout=GRACE)
        head = "POST /v1/greetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        slow.sendall(f"{head}Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n".encode() + BODY[:5])
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        status, _ = ask(self.http, "/readyz")
        self.expect(status == 503, f"/readyz answers {status} after SIGTERM")
        self.expect(process.poll() is None, "exits at SIGTERM while a request is in flight")
        with contextlib.suppress(OSError):
            slow.sendall(BODY[5:])
        answer = b""
        with contextlib.suppress(OSError):
            while part := slow.recv(65536):
                answer += part
        slow.close()
        first = answer.split(b"\r\n")[0].decode("latin-1") or "nothing"
        self.expect(b" 200 " in answer.split(b"\r\n")[0] and b"Ada" in answer, f"the request in flight got {first}")
        time.sleep(max(0.0, started + NOTICE - time.monotonic()))
        for caller in callers:
            caller.leave()
        self.all_answered(callers, rate)
        try:
            code = process.wait(timeout=GRACE + 5)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - started
        self.expect(code == 0, f"exits with {code} after SIGTERM")
        self.expect(took <= GRACE + 1, f"takes {took:.1f} s to stop, its grace period is {GRACE} s")

    def all_answered(self, callers, rate):
        for caller in callers:
            caller.join(GRACE)
        stuck = sum(caller.is_alive() for caller in callers)
        self.expect(not stuck, f"{stuck} of {CALLERS} callers still wait for an answer")
        lost = [why for caller in callers for why in caller.lost]
        wrong = sorted({status for caller in callers for status in caller.wrong})
        answered = sum(caller.answered for caller in callers)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{rate:.0f} requests a second on {CALLERS} connections; {answered} answered, {len(lost)} lost\n")
        self.expect(not lost, f"loses {len(lost)} of {answered + len(lost)} requests under load: {'; '.join(lost[:3])}")
        self.expect(not wrong, f"answers good requests under load with {', '.join(map(str, wrong))}")

    def logs_as_promised(self, said):
        lines = [line for line in said.splitlines() if line.strip()]
        self.expect(lines, "logs nothing")
        if not lines:
            return
        traced = None
        field, least, most = DURATION_FIELD[self.form]
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                self.flaws.append(f"logs what isn't JSON: {line[:160]}")
                continue
            lost = [key for key in LINE[self.form] if key not in entry]
            if lost:
                self.flaws.append(f"logs an entry without {', '.join(lost)}: {line[:160]}")
            if self.form == "ecs":
                self.expect(entry.get("service.name") == self.answers["name"], f"logs another service's name: {line[:160]}")
                self.expect(str(entry.get("log.level")).islower(), f"logs a level that is not in lower case: {line[:160]}")
            if entry.items() >= REQUEST[self.form].items():
                traced = entry
        if self.expect(traced, f"logs no entry with {REQUEST[self.form]} of the request that brought a trace id"):
            took = traced.get(field)
            known = isinstance(took, (int, float)) and least < took < most
            self.expect(known, f"logs that a request took {field}={took}, wanted is {least:g} to {most:g}")


@contextlib.contextmanager
def _kept_builds(lang, folder, log):
    """What to set so that the next run finds compiled dependencies; for one service of the language at a time."""
    if lang != "rust":
        yield {}
        return
    target = places.cache() / "cargo"
    target.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    with open(target / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield {"CARGO_TARGET_DIR": str(target)}
        finally:
            # The service's own builds are of this folder only: they would pile up.
            for profile in ("dev", "release"):
                argv = ["cargo", "clean", "--quiet", "--offline", "--package", "service", "--profile", profile]
                shell.run(argv, cwd=folder, env=env, log=log)


def _forget_builds(folder):
    """Lock files name the registry's own builds of the providers. What stands in for them here has other checksums, and the
    lowest version that is allowed."""
    for lock in folder.glob("infra/**/.terraform.lock.hcl"):
        text = re.sub(r"\n  hashes = \[.*?\n  \]", "", lock.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r'(version +)= "[^"]+"(\n +constraints = ">= ([0-9.]+))', r'\1= "\3"\2', text)
        lock.write_text(text, encoding="utf-8")


class Service(Judge):
    name = "service"
    about = "make verify and build, then starts the service, asks it, loads it, and stops it while requests are in flight"
    tools = (
        *("actionlint", "check-jsonschema", "conftest", "gitleaks", "golangci-lint", "hadolint", "helm", "kubeconform"),
        *("gator", "kubectl", "kyverno", "mvn", "node", "opa", "promtool", "shellcheck", "tflint", "trivy", "uv"),
        *("yamllint", "zizmor"),
    )
    weight = 100
    every_case = False  # --full: each case, not one for each language and telemetry

    def items(self, case):
        lang, telemetry = case.answers.get("lang"), case.answers.get("telemetry")
        if not lang or not telemetry:
            return {}
        same = case.name if self.every_case else ""
        return {f"{lang}, {telemetry}": f"{lang}, {telemetry}, {same}"}

    def judge(self, case, items, bench):
        findings = []
        for item in items:
            folder = bench.folder / "services" / f"{item.replace(', ', '-')}-{case.name}"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(case.released or case.tree, folder, symlinks=True)
            if case.answers.get("cloud") in ("azure", "gcp"):
                _forget_builds(folder)
            log = bench.log.with_name(f"service-{folder.name}.log")
            with _kept_builds(case.answers["lang"], folder, log) as more:
                flaws = self._make(folder, bench.tools.environment(**more), log)
            if not flaws:
                for form in LINE:
                    flaws += Running(folder, case.answers, bench.tools, log, form).all()
            findings += [f"[{case.name}] {item}: {flaw}" for flaw in flaws]
        return findings

    def _make(self, folder, env, log):
        """The service's own checks and its build; the first target that fails ends it."""
        for target in ("verify", "build"):
            argv = ["make", "--no-print-directory", target]
            result = shell.run(argv, cwd=folder, env=env, limit=1500, log=log)
            if not result.ok:
                tail = "\n".join(result.lines()[-25:])
                return [f"make {target}: exit {result.code} (all of it: {log})\n{tail}"]
        return []
