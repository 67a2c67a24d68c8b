package repo_test

backend(path, key) := {"path": path, "contents": {
	"provider": {"aws": [{}]},
	"terraform": [{"backend": {"s3": [{"bucket": "state", "key": key}]}}],
}}

test_r10_a_state_for_each_environment_passes if {
	denied_files([backend("infra/dev/main.tf", "dev"), backend("infra/prod/main.tf", "prod")], "R10") == set()
}

test_r10_one_state_for_two_is_denied if {
	denied_files([backend("infra/dev/main.tf", "x"), backend("infra/prod/main.tf", "x")], "R10") == {
		"this state is also that of infra/dev/main.tf",
		"this state is also that of infra/prod/main.tf",
	}
}

test_r10_a_directory_without_a_backend_is_denied if {
	provider := {"path": "infra/dev/providers.tf", "contents": {"provider": {"aws": [{}]}}}
	denied_files([provider], "R10") == {
		"infra/dev is applied, and keeps its state in a local file: it has no backend",
	}
	cloud := {"path": "infra/dev/terraform.tf", "contents": {"terraform": [{"cloud": [{}]}]}}
	denied_files([provider, cloud], "R10") == set()
}

text(path, lines) := {"path": path, "contents": {"text": {"path": path, "lines": lines}}}

runbook := text("docs/runbooks/api.md", ["# api", "", "## ApiErrorBudgetBurn", "## What's *new*, here?"])

rules(alert) := {"path": "observability/rules/api.yaml", "contents": {"groups": [{"name": "api", "rules": [alert]}]}}

alert := {
	"alert": "ApiErrorBudgetBurn",
	"expr": "1",
	"labels": {"severity": "page"},
	"annotations": {"runbook_url": "https://example.com/docs/runbooks/api.md#apierrorbudgetburn"},
}

test_o2_an_alert_with_a_runbook_passes if {
	denied_files([rules(alert), runbook], "O2") == set()
	odd := object.union(alert, {"annotations": {"runbook_url": "https://example.com/runbooks/api.md#whats-new-here"}})
	denied_files([rules(odd), runbook], "O2") == set()
	whole := object.union(alert, {"annotations": {"runbook_url": "https://example.com/runbooks/api.md"}})
	denied_files([rules(whole), runbook], "O2") == set()
	denied_files([rules({"record": "a:b", "expr": "1"})], "O2") == set()
}

test_o2_an_alert_without_urgency_is_denied if {
	denied_files([rules(object.remove(alert, ["labels"])), runbook], "O2") == {
		"the alert ApiErrorBudgetBurn has no severity",
	}
}

test_o2_an_alert_without_a_runbook_is_denied if {
	denied_files([rules(object.remove(alert, ["annotations"])), runbook], "O2") == {
		"the alert ApiErrorBudgetBurn has no runbook_url",
	}
	denied_files([rules(alert)], "O2") == {
		"the runbook of the alert ApiErrorBudgetBurn does not exist: api.md#apierrorbudgetburn",
	}
	moved := object.union(alert, {"annotations": {"runbook_url": "https://example.com/runbooks/api.md#gone"}})
	denied_files([rules(moved), runbook], "O2") == {
		"the runbook of the alert ApiErrorBudgetBurn does not exist: api.md#gone",
	}
}

test_o2_rules_of_the_operator_count if {
	it := {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": [{"rules": [{
		"alert": "Odd",
		"labels": {"severity": "page"},
	}]}]}}
	denied_files([{"path": "x.yaml", "contents": it}], "O2") == {"the alert Odd has no runbook_url"}
}

objective := {"path": "observability/slo.yaml", "contents": {"slos": [{
	"name": "availability",
	"objective": 99.9,
	"alerting": {"name": "ApiErrorBudgetBurn"},
}]}}

test_o3_an_objective_without_an_alert_is_denied if {
	denied_files([objective, rules(alert), runbook], "O3") == set()
	denied_files([objective], "O3") == {
		"no rule alerts as ApiErrorBudgetBurn, the name that the objective availability gives",
	}
}

pipeline := {"path": ".github/workflows/ci.yaml", "contents": {"jobs": {}}}

owners(lines) := text(".github/CODEOWNERS", lines)

test_o4_owners_by_name_pass if {
	denied_files([pipeline, owners(["* @acme/shop", "/.github/ @acme/platform"])], "O4") == set()
	denied_files([pipeline, owners(["/.github/workflows/** @acme/platform"])], "O4") == set()
	denied_files([pipeline, owners([".github/ @acme/platform"])], "O4") == set()
	gitlab := {"path": ".gitlab-ci.yml", "contents": {"stages": []}}
	denied_files([gitlab, owners([".gitlab-ci.yml @acme/platform"])], "O4") == set()
	denied_files([gitlab, owners(["/.gitlab-ci.yml @acme/platform"])], "O4") == set()
}

test_o4_owners_of_everything_alone_are_denied if {
	expected := {"CODEOWNERS names no owner for /.github/"}
	denied_files([pipeline, owners(["* @acme/shop"])], "O4") == expected
	denied_files([pipeline, owners(["/.github/"])], "O4") == expected
	denied_files([pipeline, owners(["# /.github/ @acme/platform"])], "O4") == expected
	denied_files([pipeline, owners(["/infra/ @acme/platform"])], "O4") == expected
}

test_o4_no_owners_at_all_are_denied if {
	denied_files([pipeline], "O4") == {"there is no CODEOWNERS"}
	denied_files([text("docs/runbooks/x.md", [])], "O4") == set()
}
