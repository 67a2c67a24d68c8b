"""A real API server on this machine, for as long as it takes to ask it: it fills in defaults, checks and admits.

It listens on the loopback address only, keeps its data in a throw-away folder and has no node, so nothing ever runs.
"""

import contextlib
import http.client
import json
import re
import secrets
import socket
import ssl
import subprocess
import time
import urllib.parse

import shell

PATIENCE = 90  # seconds until the server must answer
WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')
# Without controllers there are no service accounts, no priority classes, and nobody who'd default a storage class.
UNUSED = "ServiceAccount,Priority,DefaultStorageClass,TaintNodesByCondition,RuntimeClass"


class Refused(Exception):
    """An answer that is an error; the status of the API as it came."""

    def __init__(self, code, status):
        super().__init__(f"{code}: {status.get('message', status)}")
        self.code, self.status = code, status


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _path(made):
    """Where objects of a kind are created."""
    version, kind = made["apiVersion"], made["kind"]
    plural = f"{kind.lower()}es" if kind.endswith("s") else re.sub("y$", "ie", kind.lower()) + "s"
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = made["metadata"].get("namespace")
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def place(made):
    """Where one object is."""
    return f"{_path(made)}/{urllib.parse.quote(made['metadata']['name'])}"


class Cluster:
    """Asks a running API server, over one connection."""

    def __init__(self, port, token):
        self._token = token
        # The server makes its certificate itself, in its own folder, and is reached over the loopback address.
        context = ssl._create_unverified_context()  # noqa: S323
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)

    def ask(self, method, path, body=None, kind="application/json", account=None):
        """Returns the object that was answered and the warnings that came with it."""
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self._token}"}
        if account:
            headers["Impersonate-User"] = account
        data = body if body is None else (body if isinstance(body, str) else json.dumps(body)).encode("utf-8")
        try:
            self._connection.request(method, path, body=data, headers=headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        told = json.loads(text) if text.startswith(b"{") else {"message": text.decode("utf-8", "replace")}
        if answer.status >= 400:
            raise Refused(answer.status, told)
        warnings = WARNING.findall(", ".join(answer.headers.get_all("Warning") or []))
        return told, [re.sub(r"\\(.)", r"\1", warning) for warning in warnings]

    def create(self, made, dry=False, account=None):
        return self.ask("POST", _path(made) + ("?dryRun=All" if dry else ""), made, account=account)

    def apply(self, text):
        """Creates every object of a YAML file."""
        for part in re.split(r"^---$", text, flags=re.MULTILINE):
            named = {key: re.search(rf"^{key}: *(\S+)", part, re.MULTILINE) for key in ("apiVersion", "kind")}
            if all(named.values()):
                made = {key: found[1] for key, found in named.items()} | {"metadata": {}}
                self.ask("POST", _path(made), part, "application/yaml")

    def put(self, made, text=None, dry=False):
        """Applies an object as `kubectl apply --server-side` does: it may be there, and no unknown field is let through."""
        query = "fieldManager=tests&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry else "")
        body = json.dumps(made) if text is None else text
        return self.ask("PATCH", f"{place(made)}?{query}", body, "application/apply-patch+yaml")

    def patch(self, made, change, dry=False):
        path = place(made) + ("?dryRun=All" if dry else "")
        return self.ask("PATCH", path, change, "application/merge-patch+json")

    def serves(self, version, plural):
        """Whether a kind can be created yet."""
        try:
            told, _ = self.ask("GET", f"/apis/{version}")
        except Refused:
            return False
        return any(each["name"] == plural for each in told["resources"])

    def wait(self, holds, what):
        """Waits until something holds that the server does in its own time."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if holds():
                return
            time.sleep(0.1)
        raise TimeoutError(f"not within {PATIENCE} s: {what}")

    def ready(self):
        try:
            return self.ask("GET", "/readyz") is not None
        except Refused:
            return False
        except (OSError, http.client.HTTPException):
            return False


@contextlib.contextmanager
def running(tools, folder, log):
    """Starts etcd and an API server in a folder, and ends both."""
    clients, peers, secure = _free_ports(3)
    key = folder / "accounts.key"
    made = shell.run(["openssl", "genrsa", "-out", key, "2048"], log=log)
    if not made.ok:
        raise OSError(f"openssl made no key: {' '.join(made.lines())}")
    token = secrets.token_hex()
    tokens = folder / "tokens.csv"
    tokens.write_text(f"{token},tests,tests,system:masters\n", encoding="utf-8")
    store = f"http://127.0.0.1:{clients}"
    etcd = [tools["etcd"], "--data-dir", folder / "etcd", "--unsafe-no-fsync", "--log-level", "error"]
    etcd += ["--listen-client-urls", store, "--advertise-client-urls", store]
    etcd += ["--listen-peer-urls", f"http://127.0.0.1:{peers}"]
    etcd += ["--initial-advertise-peer-urls", f"http://127.0.0.1:{peers}"]
    etcd += ["--initial-cluster", f"default=http://127.0.0.1:{peers}"]
    server = [tools["kube-apiserver"], "--etcd-servers", store, "--bind-address", "127.0.0.1"]
    server += ["--secure-port", str(secure), "--cert-dir", folder / "certificates"]
    server += ["--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none"]
    server += ["--service-account-issuer", "https://localhost", "--service-account-key-file", key]
    server += ["--service-account-signing-key-file", key, "--service-cluster-ip-range", "10.0.0.0/24"]
    server += ["--authorization-mode", "AlwaysAllow", "--token-auth-file", tokens, "--allow-privileged"]
    server += ["--disable-admission-plugins", UNUSED]
    with open(log, "ab") as out, contextlib.ExitStack() as stack:
        for argv in (etcd, server):
            argv = [str(part) for part in argv]
            out.write(f"$ {' '.join(argv)}\n".encode())
            out.flush()
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            process = subprocess.Popen(argv, cwd=folder, start_new_session=True, **streams)
            stack.callback(shell.reap, process)
            stack.callback(shell.end, process)
        cluster = Cluster(secure, token)
        cluster.wait(cluster.ready, "the API server is ready")
        yield cluster
