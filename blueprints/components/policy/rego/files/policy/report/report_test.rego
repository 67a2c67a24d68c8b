package report_test

import data.report

finding(rule) := {"msg": "it is wrong", "metadata": {"rule": rule}}

results(rule) := {"today": "2026-11-24", "results": [[{
	"filename": "build/manifests/prod.yaml",
	"failures": [finding(rule)],
	"warnings": [finding("R2")],
}]]}

exception := {
	"rule": "S3",
	"path": "deploy/kustomize/base/deployment.yaml",
	"owner": "payments",
	"reason": "until it writes elsewhere",
	"expires": "2026-11-25",
}

test_a_finding_is_reported if {
	not report.passed with input as results("S3") with data.exceptions as []
	report.text == concat("\n", [
		"deny S3 build/manifests/prod.yaml: it is wrong",
		"warn R2 build/manifests/prod.yaml: it is wrong",
		"1 denied, 1 warnings, 0 excepted, 0 faulty exceptions",
	]) with input as results("S3") with data.exceptions as []
}

test_a_warning_alone_passes if {
	report.passed with input as {"today": "2026-11-24", "results": [[{"filename": "x", "warnings": [finding("R2")]}]]}
		with data.exceptions as []
}

test_a_file_that_was_read_as_text_has_its_own_name if {
	it := {"today": "2026-11-24", "results": [[{
		"filename": "build/policy/texts/Jenkinsfile.yaml",
		"failures": [finding("S17")],
	}]]}
	startswith(report.text, "deny S17 Jenkinsfile: it is wrong") with input as it with data.exceptions as []
	report.passed with input as it with data.exceptions as [object.union(exception, {"rule": "S17", "path": "Jenkinsfile"})]
}

test_an_exception_holds if {
	report.passed with input as results("S3") with data.exceptions as [exception]
	exact := object.union(exception, {"path": "build/manifests/*.yaml"})
	report.passed with input as results("S3") with data.exceptions as [exact]
}

test_an_exception_is_for_one_rule_and_path if {
	not report.passed with input as results("S2") with data.exceptions as [exception]
	other := object.union(exception, {"path": "infra/**"})
	not report.passed with input as results("S3") with data.exceptions as [other]
}

test_an_exception_expires if {
	old := object.union(exception, {"expires": "2026-11-24"})
	not report.passed with input as results("S3") with data.exceptions as [old]
	report.faults == {"the exception from S3 for deploy/kustomize/base/deployment.yaml expired on 2026-11-24"} with input as results("S3")
		with data.exceptions as [old]
}

test_an_exception_that_is_not_needed_is_a_fault if {
	report.faults == {"the exception from S3 for deploy/kustomize/base/deployment.yaml excepts nothing"} with input as results("S2")
		with data.exceptions as [exception]
}

test_an_incomplete_exception_is_a_fault if {
	vague := object.remove(exception, ["reason"])
	report.faults == {"the exception 1 has no reason"} with input as results("S3") with data.exceptions as [vague]
}
