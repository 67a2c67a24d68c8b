"""The judge that looks at everything: slow to start, so it sees each case's new files in one go."""

import json
import pathlib
import shutil

import content
from engine import Judge
from judges.common import run, said
from judges.manifests import rendered

FRAMEWORKS = ("kubernetes", "dockerfile", "terraform", "github_actions", "gitlab_ci", "azure_pipelines", "openapi")


class Checkov(Judge):
    name = "checkov"
    about = "manifests, Dockerfile, Terraform, pipelines and API description, with the repository's own .checkov.yaml"
    tools = ("checkov",)
    weight = 20

    def items(self, case):
        settings = case.digest(".checkov.yaml")
        found = {name: content.of(settings, content.of_file(path)) for name, path in rendered(case).items()}
        pipelines = (".github/workflows/*", ".gitlab-ci.yml", ".gitlab/ci/*", "azure-pipelines.yml", ".azuredevops/*.yml")
        singles = case.files("Dockerfile", *pipelines, "api/openapi.yaml")
        found.update({name: content.of(settings, case.digest(name)) for name in singles})
        infra = [name for name in case.files("infra/*") if "/tests/" not in name]
        if infra:
            found["infra"] = content.of(settings, case.digest(*infra))
        return found

    def judge(self, case, items, bench):
        with bench.scratch() as place:
            names = [name for item in items for name in case.files(item, f"{item}/*") if "/tests/" not in name]
            case.stage([*names, *case.files(".checkov.yaml")], place)
            for name, path in rendered(case).items():
                if name in items:
                    target = pathlib.Path(place) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, target)
            argv = [bench.tools["checkov"], "--directory", ".", "--framework", *FRAMEWORKS]
            argv += ["--skip-download", "--compact", "--quiet", "--output", "json"]
            if (pathlib.Path(place) / ".checkov.yaml").exists():
                argv += ["--config-file", ".checkov.yaml"]
            env = bench.tools.environment(LOG_LEVEL="ERROR", BC_SKIP_MAPPING="TRUE")
            result = run(bench, argv, place, env=env)
        starts = [at for at in (result.out.find("{\n"), result.out.find("[\n")) if at >= 0]
        try:
            told, _ = json.JSONDecoder().raw_decode(result.out[min(starts) :])
        except ValueError:
            return said(case, result) or [f"[{case.name}] checkov's answer can't be read"]
        findings = []
        for part in told if isinstance(told, list) else [told]:
            for bad in (part.get("results") or {}).get("failed_checks", []):
                where = f"{bad['file_path'].lstrip('/')}:{bad['file_line_range'][0]}"
                findings.append(f"[{case.name}] {where}: {bad['check_id']} {bad['check_name']} ({bad['resource']})")
            for path in (part.get("results") or {}).get("parsing_errors", []):
                findings.append(f"[{case.name}] {path}: checkov can't parse it")
        return findings or said(case, result)
