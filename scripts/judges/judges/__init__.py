"""All judges, in the order in which they are listed."""

from judges import checkov, files, manifests, policy, prometheus, reports, services, terraform, texts

ALL = (
    files.Yamllint(),
    files.Shellcheck(),
    files.Hadolint(),
    files.Actionlint(),
    files.Zizmor(),
    files.CheckJsonschema(),
    files.Gitleaks(),
    manifests.Kubeconform(),
    manifests.KubectlValidate(),
    manifests.KubeScore(),
    manifests.Workload(),
    manifests.Trivy(),
    policy.Opa(),
    policy.Coverage(),
    policy.Conftest(),
    policy.Policy(),
    policy.Check(),
    prometheus.Promtool(),
    terraform.Format(),
    terraform.ValidateAndTest(),
    terraform.Tflint(),
    texts.Links(),
    texts.Suppressions(),
    checkov.Checkov(),
    reports.Formats(),
    reports.Page(),
    services.Service(),
)
