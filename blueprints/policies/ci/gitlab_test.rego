package ci_test

import data.ci

gitlab := {
	"stages": ["verify"],
	"workflow": {"rules": []},
	"default": {"image": sprintf("golang:1%s", [digest]), "interruptible": true, "timeout": "20 minutes"},
	"verify": {"script": ["make verify"], "artifacts": {"expire_in": "1 week"}},
}

test_a_good_gitlab_pipeline_passes if count(ci.deny) == 0 with input as gitlab

test_s16_gitlab_images_count if {
	denied(object.union(gitlab, {"default": {"image": {"name": "golang:1"}}}), "S16") == {
		"default runs the image golang:1, which is no digest",
	}
	denied(object.union(gitlab, {"verify": {"image": "golang:1"}}), "S16") == {
		"verify runs the image golang:1, which is no digest",
	}
	denied(object.union(gitlab, {"image": "golang:1"}), "S16") == {"the pipeline runs the image golang:1, which is no digest"}
	denied(object.union(gitlab, {"verify": {"services": ["postgres:17"]}}), "S16") == {
		"verify runs the image postgres:17, which is no digest",
	}
	denied(object.union(gitlab, {"verify": {"image": "$BUILD_IMAGE"}}), "S16") == set()
}

includes(entry) := denied(object.union(gitlab, {"include": [entry]}), "S16")

test_s16_gitlab_includes_count if {
	includes({"local": "x.yml"}) == set()
	includes({"component": "gitlab.com/c/x@1.2.3"}) == set()
	includes({"component": "gitlab.com/c/x@~latest"}) == {
		"the component gitlab.com/c/x@~latest is not pinned to a release or commit",
	}
	includes({"project": "acme/ci", "ref": commit}) == set()
	includes({"project": "acme/ci", "ref": "main"}) == {"the project acme/ci is not pinned to a tag or commit"}
	includes({"remote": "https://example.com/x.yml"}) == {
		"https://example.com/x.yml is fetched from an address without integrity",
	}
}

test_s17_docker_in_docker_is_denied if {
	denied(object.union(gitlab, {"verify": {"services": ["docker:27-dind"]}}), "S17") == {
		"verify needs a privileged runner for Docker in Docker",
	}
}

test_c4_gitlab_artifacts_count if {
	expected := {"the artifacts of verify do not expire"}
	denied(object.union(gitlab, {"verify": {"artifacts": {"expire_in": "never"}}}), "C4") == expected
	it := object.union(object.remove(gitlab, ["verify"]), {"verify": {"script": ["x"], "artifacts": {"paths": ["x"]}}})
	denied(it, "C4") == expected
}

test_c6_gitlab_limits_count if {
	bare := object.union(object.remove(gitlab, ["default"]), {"default": {"interruptible": true}})
	denied(bare, "C6") == {"verify has no timeout"}
	denied(object.union(bare, {"verify": {"timeout": "5 minutes"}}), "C6") == set()
	none := object.union(object.remove(bare, ["verify"]), {".hidden": {"rules": []}})
	denied(none, "C6") == {"the jobs have no default timeout"}
	patient := object.union(object.remove(gitlab, ["default"]), {"default": {"timeout": "1h"}})
	denied(patient, "C6") == {"an outdated pipeline goes on (default.interruptible)"}
	denied(object.union(patient, {"workflow": {"auto_cancel": {"on_new_commit": "interruptible"}}}), "C6") == set()
}

# The main file may have no job of its own.
test_the_main_file_of_gitlab_may_only_include if {
	it := {"include": [{"local": ".gitlab/ci/verify.yml"}], "workflow": {"rules": []}}
	denied(it, "C6") == {"the jobs have no default timeout", "an outdated pipeline goes on (default.interruptible)"}
}

test_c6_included_files_take_the_defaults if denied({"verify": {"script": ["make verify"]}}, "C6") == set()

test_odd_gitlab_pipelines_break_nothing if {
	every it in [
		{"a": {"script": null, "extends": 1}},
		{"a": {"script": "x", "extends": [".none", null]}},
		{"a": {"rules": null, "image": null, "services": "x", "artifacts": "x", "id_tokens": null, "variables": [1]}},
		{"include": "https://example.com/x.yml", "a": {"script": ["reference", [".b", "script"]]}},
		{"include": {"local": "x"}, "default": null, "variables": null, "workflow": null},
		{"include": [null, "x", ["y"]], "default": "x", "variables": "x"},
		{"a": {"trigger": {"include": "x"}}, "b": {"trigger": "x/y"}},
	] {
		is_set(ci.deny) with input as it
	}
}

test_s16_gitlab_images_that_every_job_has_count if {
	denied(object.union(gitlab, {"services": ["postgres:17"]}), "S16") == {
		"the pipeline runs the image postgres:17, which is no digest",
	}
	denied(object.union(gitlab, {"default": {"services": [{"name": "postgres:17"}]}}), "S16") == {
		"default runs the image postgres:17, which is no digest",
	}
	denied(object.union(gitlab, {".base": {"image": "golang:1"}}), "S16") == {
		".base runs the image golang:1, which is no digest",
	}
}

test_s16_gitlab_images_by_variable_count if {
	expected := {"the pipeline runs the image golang:1, which is no digest"}
	every reference in ["$BUILD", "${BUILD}"] {
		it := object.union(gitlab, {"verify": {"image": reference}})
		denied(object.union(it, {"variables": {"BUILD": "golang:1"}}), "S16") == expected
		denied(object.union(it, {"variables": {"BUILD": {"value": "golang:1"}}}), "S16") == expected
		denied(object.union(it, {"variables": {"BUILD": sprintf("golang%s", [digest]), "OTHER": "x:1"}}), "S16") == set()
	}
}

test_s16_gitlab_includes_of_any_form_count if {
	address := "https://example.com/x.yml"
	fetched := {sprintf("%s is fetched from an address without integrity", [address])}
	denied(object.union(gitlab, {"include": address}), "S16") == fetched
	denied(object.union(gitlab, {"include": [address]}), "S16") == fetched
	denied(object.union(gitlab, {"include": {"remote": address}}), "S16") == fetched
	includes({"remote": address, "integrity": "sha256-x"}) == set()
	denied(object.union(gitlab, {"include": "local.yml"}), "S16") == set()
	denied(object.union(gitlab, {"include": {"project": "acme/ci", "ref": "main"}}), "S16") == {
		"the project acme/ci is not pinned to a tag or commit",
	}
}

child(ref) := denied(object.union(gitlab, {"child": {"trigger": {"include": [{"project": "acme/ci", "ref": ref}]}}}), "S16")

test_s16_gitlab_child_pipelines_count if {
	child("main") == {"the project acme/ci is not pinned to a tag or commit"}
	child("1.2.3") == set()
	child("$CI_REF") == set()
}

test_s17_gitlab_logs_with_secrets_are_denied if {
	expected := {"CI_DEBUG_TRACE writes every secret into the log"}
	denied(object.union(gitlab, {"variables": {"CI_DEBUG_TRACE": "true"}}), "S17") == expected
	denied(object.union(gitlab, {"verify": {"variables": {"CI_DEBUG_TRACE": {"value": "true"}}}}), "S17") == expected
	denied(object.union(gitlab, {"variables": {"CI_DEBUG_TRACE": "false"}}), "S17") == set()
}

token(it) := denied(object.union(gitlab, {"verify": {"id_tokens": {"TOKEN": it}}}), "S17")

test_s17_gitlab_tokens_for_nobody_are_denied if {
	expected := {"the token TOKEN of verify names nobody whom it is for (aud)"}
	token({}) == expected
	token({"aud": ""}) == expected
	token({"aud": []}) == expected
	token({"aud": "sigstore"}) == set()
	token({"aud": ["sigstore"]}) == set()
}

kept := {"script": ["x"], "artifacts": {"paths": ["x"]}}

extending(parent) := object.union(object.remove(gitlab, ["verify"]), {"verify": object.union(kept, {"extends": parent})})

test_c4_gitlab_artifacts_take_what_they_extend if {
	base := {"artifacts": {"expire_in": "1 week"}}
	denied(object.union(extending(".base"), {".base": base}), "C4") == set()
	denied(object.union(extending([".middle"]), {".middle": {"extends": ".base", "script": ["x"]}, ".base": base}), "C4") == set()
	denied(object.union(extending(".base"), {".base": {"script": ["x"]}}), "C4") == {"the artifacts of verify do not expire"}
}

test_c4_gitlab_jobs_that_extend_other_files_are_left_alone if {
	denied({"verify": object.union(kept, {"extends": ".elsewhere"})}, "C4") == set()
	middle := object.union(kept, {"extends": ".middle"})
	denied({"verify": middle, ".middle": {"script": ["x"], "extends": ".elsewhere"}}, "C4") == set()
}

test_c6_gitlab_jobs_may_be_interruptible_each if {
	patient := object.union(object.remove(gitlab, ["default"]), {"default": {"timeout": "1h"}})
	denied(object.union(patient, {"verify": {"interruptible": true}}), "C6") == set()
	denied(object.union(patient, {"verify": {"interruptible": true}, "other": {"script": ["x"]}}), "C6") == {
		"an outdated pipeline goes on (default.interruptible)",
	}
}
