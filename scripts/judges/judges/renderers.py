"""The judge that compares the objects of one set of answers as Kustomize and as Helm render them."""

import json
import pathlib

import content
import places
from engine import Judge
from judges.common import run

def goldpath():
    return places.target() / "release" / "goldpath"


class Renderers(Judge):
    name = "renderers"
    about = "the same answers with render=kustomize and render=helm: the same objects, field by field, for every environment"
    tools = ("kubectl", "helm")
    goldpath = True
    weight = 3

    def items(self, case):
        # Each pair is compared once, from the chart's side.
        if case.answers.get("render") != "helm":
            return {}
        charts = case.files("deploy/helm/*")
        return {"objects": content.of(case.digest(*charts), content.of_file(places.HERE / "renderers.py"))}

    def judge(self, case, items, bench):
        with bench.scratch() as place:
            twin = pathlib.Path(place) / "twin"
            answers = pathlib.Path(place) / "answers.json"
            answers.write_text(json.dumps({**case.answers, "render": "kustomize"}), encoding="utf-8")
            made = run(bench, [goldpath(), "new", "service", twin, "--defaults", "--no-git", "--answers", answers], place)
            if not made.ok:
                return [f"[{case.name}] its twin can't be made: {' / '.join(made.lines()[-3:])}"]
            findings = []
            overlays = {path.name: path for path in sorted((twin / "deploy/kustomize/overlays").iterdir())}
            if sorted(overlays) != case.environments():
                findings.append(f"[{case.name}] environments: {sorted(overlays)} by kustomize, {case.environments()} by helm")
            for environment in sorted(set(overlays) & set(case.environments())):
                told = self._compare(
                    bench,
                    [bench.tools["kubectl"], "kustomize", overlays[environment]],
                    helm_template(bench.tools["helm"], case.tree, environment),
                    pathlib.Path(place),
                )
                findings += [f"[{case.name}] {environment}: {line}" for line in told]
        return findings

    @staticmethod
    def _compare(bench, left, right, place):
        files = []
        for name, argv in (("kustomize", left), ("helm", right)):
            result = run(bench, argv, place)
            if not result.ok:
                return [f"{name} fails: {' / '.join(result.lines()[-2:])}"]
            files.append(place / f"{name}.yaml")
            files[-1].write_text(result.out, encoding="utf-8")
        argv = [bench.tools.pythons["lint"], "-B", places.HERE / "renderers.py", *files]
        result = run(bench, argv, place)
        return [line for line in result.lines() if line.strip()] or ([] if result.ok else [f"exit {result.code}"])


def helm_template(helm, tree, environment):
    """The command that renders the one chart of a repository, as its scripts/k8s-render.sh does."""
    chart = next(iter(sorted(pathlib.Path(tree).glob("deploy/helm/*/Chart.yaml")))).parent
    argv = [helm, "template", chart.name, chart, "--namespace", f"{chart.name}-{environment}", "--skip-tests"]
    return [*argv, "--values", chart / f"values-{environment}.yaml", "--values", chart / f"images/{environment}.yaml"]
