package repo_test

import data.repo

sizes(path, contents) := {result.msg | some result in repo.warn with input as [{"path": path, "contents": contents}]; result.rule == "C5"}

test_c5_small_sizes_outside_production_pass if {
	every size in [
		"t4g.medium",
		"m7i.large",
		"db.t4g.micro",
		"cache.t4g.small",
		"t3.small.search",
		"e2-medium",
		"e2-standard-2",
		"n2-highmem-2",
		"db-custom-2-7680",
		"db-f1-micro",
		"Standard_B2s",
		"B_Standard_B1ms",
		"GP_Standard_D2ds_v5",
		"Standard_LRS",
		"${var.size}",
	] {
		sizes("infra/environments/dev/terraform.tfvars", {"size": size}) == set()
	}
}

test_c5_large_sizes_outside_production_are_warned_of if {
	every size in [
		"t3.xlarge",
		"m5.4xlarge",
		"c7i.metal-24xl",
		"db.r6g.2xlarge",
		"cache.r7g.xlarge",
		"r6g.xlarge.search",
		"e2-standard-8",
		"n2-custom-8-32768",
		"a2-highgpu-4g",
		"db-custom-16-61440",
		"Standard_D16s_v5",
		"GP_Standard_D4ds_v5",
	] {
		sizes("infra/environments/staging/main.tf", {"resource": {"x": {"y": [{"size": size}]}}}) == {
			sprintf("%s is a size for production, and this is staging", [size]),
		}
	}
}

test_c5_the_name_of_a_file_may_say_the_environment if {
	count(sizes("infra/dev.tfvars", {"types": ["m5.4xlarge"]})) == 1
	sizes("infra/prod.tfvars", {"types": ["m5.4xlarge"]}) == set()
	sizes("infra/main.tf", {"types": ["m5.4xlarge"]}) == set()
	sizes("deploy/dev/x.yaml", {"types": ["m5.4xlarge"]}) == set()
}

test_c5_a_plan_says_its_environment if {
	every environment, found in {"dev": 1, "Staging": 1, "prod": 0} {
		plan := {
			"planned_values": {"root_module": {"resources": [{"values": {"instance_type": "m5.4xlarge"}}]}},
			"variables": {"environment": {"value": environment}},
		}
		count(sizes("plan.json", plan)) == found
	}
}

test_c5_a_finding_leads_to_the_size if {
	some result in repo.warn with input as [{"path": "a/dev/main.tf", "contents": {"types": ["m5.4xlarge"]}}]
	result.at == [0, "contents", "types", 0]
}
