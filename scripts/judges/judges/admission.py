"""Judges of admission policies: do they say what the Rego rules say, and do the repository's own tests of them pass."""

import collections
import pathlib
import re

import content
import places
from admission import cluster, corpus, differences, forms
from engine import Judge
from judges.common import run, said

FORMS = {"vap": "policy/vap", "kyverno": "policy/kyverno", "gatekeeper": "policy/gatekeeper"}
RULES = places.ROOT / "blueprints/policies/kubernetes"
DOCUMENT = "docs/guardrails.md"

# A kind for each place in which pods are described, and the one that is a custom resource.
SHAPES = ("Deployment", "Pod", "CronJob", "Rollout")

# Objects that are in the cluster before the policy is.
OLDER = ("deployment-token", "replicaset-token", "pod-token")

# Who puts an object into the cluster, and whether it gets in though it breaks a rule: the cluster's own controllers
# work from templates.
CREATORS = {
    "system:serviceaccount:kube-system:replicaset-controller": True,
    "system:kube-controller-manager": True,
    "system:serviceaccount:kube-system:other": False,
    "system:serviceaccount:team:replicaset-controller": False,
    "somebody": False,
}


# Labels of the policies themselves: who owns them makes no difference to what they say.
LABELS = re.compile(r"^ *(team|cost-center|app\.kubernetes\.io/[a-z-]+): .*\n", re.MULTILINE)


def _plain(case, text):
    """A policy's text without what the answers put into it, so that equal policies of several cases are judged once."""
    name, registry, environments = (case.answers.get(key, "") for key in ("name", "registry", "environments"))
    text = LABELS.sub("", text)
    for number, environment in enumerate(reversed(environments)):
        text = text.replace(f"- {name}-{environment}\n", f"- {'others' if number else 'production'}\n")
    text = re.sub(r"( *- others\n)+", "- others\n", text)
    pascal = "".join(part.capitalize() for part in name.split("-"))
    for answer in (registry, name, pascal, pascal.lower()):
        text = re.sub(rf"(?<![\w-]){re.escape(answer)}", "<answer>", text) if answer else text
    return text


class Admission(Judge):
    name = "admission"
    about = "admission policies refuse what the Rego rules refuse, object by object; the repository's own tests of them"
    tools = ("conftest", "kyverno", "gator", "kube-apiserver", "etcd", "kubernetes")
    weight = 50
    whole_project = True

    def items(self, case):
        found = {}
        code = content.of_tree(places.HERE / "admission", skip=("__pycache__",))
        rules = content.of_tree(RULES)
        for form, folder in FORMS.items():
            names = case.files(f"{folder}/*")
            if names:
                texts = [_plain(case, case.text(name)) for name in names if "/tests/" not in name]
                found[folder] = content.of(form, code, rules, *texts)
        if "Makefile" in case.all_files() and re.search(r"^admission:", case.text("Makefile"), re.MULTILINE):
            found["make admission"] = case.digest(*case.files("policy/*"))
        if DOCUMENT in case.all_files() and case.name == "goldpath":
            found[DOCUMENT] = content.of(code, case.digest(DOCUMENT))
        return found

    def judge(self, case, items, bench):
        findings = []
        for item in items:
            if item == DOCUMENT:
                findings += self._documented(case)
            elif item == "make admission":
                result = run(bench, ["make", "--no-print-directory", "admission"], case.tree)
                findings += [line.replace("] ", "] make admission: ", 1) for line in said(case, result)]
            else:
                form = next(form for form, folder in FORMS.items() if folder == item)
                with bench.scratch() as place:
                    told = Comparison(case, form, bench, pathlib.Path(place)).findings()
                findings += [f"[{case.name}] {item}: {line}" for line in told]
        return findings

    @staticmethod
    def _documented(case):
        text = " ".join(case.text(DOCUMENT).split())
        lost = {difference.reason for difference in differences.ALL if difference.reason not in text}
        return [f"[{case.name}] {DOCUMENT}: does not tell that {reason}" for reason in sorted(lost)]


def _renamed(made, name):
    return {**made, "metadata": {**made["metadata"], "name": name}}


def _held(told):
    """The first few objects that a policy said something about."""
    return sorted(name for name, rules in told.items() if rules - {forms.IMPOSSIBLE})[:3]


def _fewer(samples, rules):
    """Everything about one kind of each shape, and of the other kinds one object for each set of rules that it breaks.

    Kyverno's command compiles its policies anew for each object, which takes it a hundred times as long as the others.
    """
    kept, seen = [], set()
    for sample in samples:
        case = (sample.kind, frozenset(rules[sample.name]))
        if case not in seen or sample.kind in SHAPES or sample.kind not in corpus.WORKLOADS:
            kept.append(sample)
        seen.add(case)
    return kept


class Comparison:
    """One form of admission policy beside the Rego rules, over the whole corpus."""

    def __init__(self, case, form, bench, place):
        self.form, self.bench, self.place = form, bench, place
        self.policies = case.tree / FORMS[form]
        answers = case.answers
        environments = answers["environments"]
        self.namespaces = [f"{answers['name']}-{environment}" for environment in environments]
        self.registry = answers["registry"]
        self.run = lambda argv: run(bench, argv, place)

    def corpus(self, namespace):
        return corpus.build(namespace, self.registry)

    def findings(self):
        production = self.corpus(self.namespaces[-1])
        folder = forms.write(production, self.place / "production")
        rules = forms.rego(self.run, self.bench.tools["conftest"], RULES, folder)
        try:
            if self.form == "vap":
                return self._of_cluster(rules, production)
            return self._of_command(rules, production, folder)
        except (forms.Broken, cluster.Refused, TimeoutError) as problem:
            return [f"gave no verdict: {problem}"]

    def _of_command(self, rules, production, folder):
        def ask(place):
            if every:
                return forms.gatekeeper(self.run, self.bench.tools["gator"], self.policies, place)
            known = [*self.namespaces, "elsewhere"]
            return forms.kyverno(self.run, self.bench.tools["kyverno"], self.policies, place, known)

        every = self.form == "gatekeeper"
        if not every:
            production = _fewer(production, rules)
            folder = forms.write(production, self.place / "fewer")
        found = self._compare(rules, production, ask(folder), every)
        # The policy that warns holds the same rules, and none holds elsewhere.
        for namespace in {*self.namespaces[:-1], "elsewhere"}:
            some = [sample for sample in self.corpus(namespace) if sample.kind in ("Deployment", "NetworkPolicy")]
            told = ask(forms.write(some, self.place / namespace))
            if namespace == "elsewhere":
                found += [f"holds in a namespace of another service: {name}" for name in _held(told)]
            else:
                found += [f"{line} (in {namespace})" for line in self._compare(rules, some, told, every, stale=False)]
        return found

    def _of_cluster(self, rules, production):
        log = self.bench.log.with_name("admission-cluster.log")
        with cluster.running(self.bench.tools, self.place, log) as server:
            for name in (*self.namespaces, "elsewhere"):
                server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            definitions = self.bench.tools.schemas / "crds-source" / "github.com_argoproj_argo-rollouts"
            server.apply((definitions / "rollout-crd.yaml").read_text(encoding="utf-8"))
            server.wait(lambda: server.serves("argoproj.io/v1alpha1", "rollouts"), "the cluster knows Rollouts")
            older = [_renamed(sample.object, f"older-{sample.name}") for sample in production if sample.name in OLDER]
            for made in older:
                server.create(made)
            for path in sorted(self.policies.glob("*.yaml")):
                server.apply(path.read_text(encoding="utf-8"))
            bad = [sample for sample in production if sample.kind == "Deployment" and rules[sample.name]]
            server.wait(lambda: _held(forms.admission(server, bad)[1]), "the policy refuses any Deployment")
            warned, refused = forms.admission(server, production)
            found = self._compare(rules, production, refused, every=False)
            found += [f"only warns in production: {name}" for name in _held(warned)]
            for namespace in self.namespaces[:-1]:
                warned, refused = forms.admission(server, self.corpus(namespace))
                found += [f"refuses in {namespace}: {name}" for name in _held(refused)]
                found += self._compare(rules, self.corpus(namespace), warned, every=True)
            some = [sample for sample in self.corpus("elsewhere") if sample.kind == "Deployment"]
            for told in forms.admission(server, some):
                found += [f"holds in a namespace of another service: {name}" for name in _held(told)]
            bad = next(sample for sample in production if sample.name == "pod-host-network")
            for account, wanted in CREATORS.items():
                _, refused = forms.admission(server, [bad], account)
                if bool(refused) == wanted:
                    found.append(f"{'refuses' if refused else 'accepts'} {bad.name} from {account}")
            return found + self._updates(server, older)

    @staticmethod
    def _updates(server, older):
        """An object that is older than the rule may be tidied up, and may not be changed to break it again."""
        found = []
        for made in older:
            name = made["metadata"]["name"]
            changes = {
                "an annotation": ({"metadata": {"annotations": {"note": "seen"}}}, True),
                "a finalizer": ({"metadata": {"finalizers": ["example.org/kept"]}}, True),
            }
            if made["kind"] != "Pod":
                changes["its replicas"] = ({"spec": {"replicas": 2}}, True)
                changes["its template"] = ({"spec": {"template": {"spec": {"enableServiceLinks": False}}}}, False)
                changes["its labels"] = ({"metadata": {"labels": {"other": "one"}}}, False)
            for what, (change, wanted) in changes.items():
                try:
                    server.patch(made, change, dry=True)
                    allowed = True
                except cluster.Refused as refusal:
                    allowed = False
                    if "ValidatingAdmissionPolicy" not in str(refusal):
                        found.append(f"{name}: changing {what}: {refusal}")
                        continue
                if allowed != wanted:
                    verdict = "lets" if allowed else "does not let"
                    found.append(f"{verdict} {what} of {name} change, which is older than the policy")
        return found

    def _compare(self, rules, samples, told, every, stale=True):
        """Findings where a form says something else than the Rego rules, apart from the declared differences."""
        found, used = collections.defaultdict(list), set()
        for sample in samples:
            wanted, heard = set(rules[sample.name]), set(told.get(sample.name) or ())
            for difference in differences.ALL:
                if not difference.covers(self.form, sample):
                    continue
                before = set(wanted)
                (wanted.add if difference.refuses else wanted.discard)(difference.rule)
                if before != wanted:
                    used.add(difference)
            if forms.IMPOSSIBLE in heard:
                if not rules[sample.name] and sample.change not in corpus.ONLY_RUNNING:
                    found["", "takes no such object, whatever the policy says", sample.change].append(sample.kind)
                continue
            if every or not (heard & wanted):
                for rule in wanted - heard:
                    found[rule, "accepts", sample.change].append(sample.kind)
            for rule in heard - wanted:
                found[rule, "refuses", sample.change].append(sample.kind)
        lines = []
        for (rule, verdict, change), kinds in sorted(found.items()):
            other = {"accepts": ", which the Rego rule refuses", "refuses": ", which the Rego rule accepts"}
            lines.append(f"{rule or 'the API server'} {verdict} {change} ({', '.join(kinds)}){other.get(verdict, '')}")
        if stale:
            for difference in differences.ALL:
                if self.form in difference.forms and difference not in used:
                    lines.append(f"{difference.rule}: the declared difference is none: {difference.reason}")
        return lines
