"""The judge that is a real API server: schemas and linters say what should be accepted, it says what is."""

import pathlib
import re

import content
from admission import cluster
from engine import Judge
from judges.manifests import loose, rendered

POLICIES = "policy/vap"
HEAD = re.compile(r"^(apiVersion|kind): *[\"']?([^\s\"']+)", re.MULTILINE)
METADATA = re.compile(r"^metadata:\n((?:(?:  .*)?\n)+)", re.MULTILINE)
NAMED = re.compile(r"^  (name|namespace): *[\"']?([^\s\"']+)", re.MULTILINE)
DEFINITION = "apiextensions.k8s.io/v1"
# What the policy refuses, to see when it has begun to hold. Of a pod, pod security would speak before it.
BAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "spec": {
        "selector": {"matchLabels": {"app": "bad"}},
        "template": {"metadata": {"labels": {"app": "bad"}}, "spec": {"containers": [{"name": "bad", "image": "bad"}]}},
    },
}


class Made:
    """One object of a file: where it goes and its text."""

    def __init__(self, text):
        head = dict(HEAD.findall(text))
        metadata = METADATA.search(text + "\n")
        named = dict(NAMED.findall(metadata[1])) if metadata else {}
        self.text = text
        self.object = {**head, "metadata": named}
        self.kind, self.name, self.namespace = head.get("kind"), named.get("name"), named.get("namespace")

    @property
    def known(self):
        """Whether it is an object at all; a file may end with nothing but a comment."""
        return bool(self.object.get("apiVersion") and self.kind and self.name)


def _objects(path):
    parts = re.split(r"^---.*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [made for made in map(Made, parts) if made.known]


class ApiServer(Judge):
    name = "apiserver"
    about = "a real API server takes every object without a warning: definitions of custom resources, pod security, admission"
    tools = ("kube-apiserver", "etcd", "kubernetes")
    weight = 40
    together = True

    def items(self, case):
        policies = case.digest(*case.files(f"{POLICIES}/*.yaml"))
        return {
            name: content.of(policies, content.of_file(path)) for name, path in {**rendered(case), **loose(case)}.items()
        }

    def judge_all(self, work, bench):
        log = bench.log.with_name("apiserver-cluster.log")
        with bench.scratch() as place, cluster.running(bench.tools, pathlib.Path(place), log) as server:
            try:
                self._define(server, bench.tools.schemas / "crds-source")
                return [finding for case, items in work for finding in self._case(server, case, items)]
            except (cluster.Refused, TimeoutError) as problem:
                return [f"gave no verdict: {problem}"]

    @staticmethod
    def _define(server, folder):
        """Makes all custom resources known, and waits until they are."""
        made = [made for path in sorted(folder.rglob("*.yaml")) for made in _objects(path)]
        made = [each for each in made if each.kind == "CustomResourceDefinition"]
        for each in made:
            server.put(each.object, each.text)

        def established():
            told, _ = server.ask("GET", f"/apis/{DEFINITION}/customresourcedefinitions")
            states = [{c["type"]: c["status"] for c in (item.get("status") or {}).get("conditions") or []} for item in told["items"]]
            return all(state.get("Established") == "True" for state in states)

        server.wait(established, "the cluster knows all custom resources")

    def _case(self, server, case, items):
        files = {**rendered(case), **loose(case)}
        found = []
        chosen = {name: _objects(files[name]) for name in items}
        # A namespace that somebody else makes: that of Argo CD, of Flux, of the monitoring.
        for namespace in sorted({made.namespace for all in chosen.values() for made in all if made.namespace}):
            server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for made in (made for path in rendered(case).values() for made in _objects(path) if made.kind == "Namespace"):
            server.put(made.object, made.text)
        policies = [made for name in case.files(f"{POLICIES}/*.yaml") for made in _objects(case.tree / name)]
        for made in policies:
            server.put(made.object, made.text)
        try:
            if policies:
                self._holds(server, case)
            for name, objects in chosen.items():
                for made in objects:
                    found += [f"[{case.name}] {name}: {made.kind} {made.name}: {line}" for line in self._ask(server, made)]
        finally:
            for made in policies:
                server.ask("DELETE", cluster.place(made.object))
            # Another case may have a policy of the same name, and the server takes a moment to forget this one.
            if policies:
                self._holds(server, case, False)
        return found

    @staticmethod
    def _holds(server, case, wanted=True):
        """Waits until the case's admission policy refuses a bad workload in production, or does no more."""
        namespace = f"{case.answers['name']}-{case.answers['environments'][-1]}"
        bad = {**BAD, "metadata": {"name": "bad", "namespace": namespace}}

        def holds():
            try:
                server.create(bad, dry=True)
            except cluster.Refused as refusal:
                return ("ValidatingAdmissionPolicy" in str(refusal)) == wanted
            return not wanted

        server.wait(holds, f"the policy of {case.name} {'refuses' if wanted else 'no longer refuses'} a bad workload")

    @staticmethod
    def _ask(server, made):
        try:
            _, warnings = server.put(made.object, made.text, dry=True)
            return warnings
        except cluster.Refused as refusal:
            if refusal.code != 404 or made.namespace:
                return [str(refusal)]
        # Of a kind that has a namespace, and whoever applies it says which.
        made.namespace = made.object["metadata"]["namespace"] = "default"
        return ApiServer._ask(server, made)
