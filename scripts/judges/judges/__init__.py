"""All judges, in the order in which they are listed."""

from judges import checkov, files, manifests, parity, policy, prometheus, services, terraform, texts

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
    policy.Conftest(),
    policy.Policy(),
    parity.Parity(),
    prometheus.Promtool(),
    terraform.Format(),
    terraform.ValidateAndTest(),
    terraform.Tflint(),
    texts.Links(),
    texts.Suppressions(),
    checkov.Checkov(),
    services.Service(),
)
