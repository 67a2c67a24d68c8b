# The statements of IAM policies in AWS: of policy documents, and of policies that are written as JSON, as they stand in a
# plan. All have the shape of a policy document's statement.
package terraform

statements contains entry if {
	some document in data_sources("aws_iam_policy_document")
	some index, statement in bodies(document.it.statement)
	is_object(statement)
	entry := {
		"it": statement,
		"name": sprintf("%s, statement %s", [document.name, field(statement, "sid", format_int(index + 1, 10))]),
		"at": array.concat(document.at, ["statement", index]),
	}
}

# What `for_each` decides is how often it is there, not what it says.
statements contains entry if {
	some document in data_sources("aws_iam_policy_document")
	some index, dynamic in bodies(document.it.dynamic.statement)
	some place, statement in bodies(dynamic.content)
	is_object(statement)
	number := sprintf("%d of the dynamic ones", [index + 1])
	entry := {
		"it": statement,
		"name": sprintf("%s, statement %s", [document.name, field(statement, "sid", number)]),
		"at": array.concat(document.at, ["dynamic", "statement", index, "content", place]),
	}
}

statements contains entry if {
	some policy in json_policies
	json.is_valid(policy.text)
	some index, statement in each(list(json.unmarshal(policy.text).Statement))
	is_object(statement)
	entry := {
		"it": translated(statement),
		"name": sprintf("%s, statement %s", [policy.name, field(statement, "Sid", format_int(index + 1, 10))]),
		"at": policy.at,
	}
}

json_policies contains {"text": text, "name": resource.name, "at": array.concat(resource.at, [key])} if {
	some type, key in {
		"aws_ecr_repository_policy": "policy",
		"aws_iam_group_policy": "policy",
		"aws_iam_policy": "policy",
		"aws_iam_role": "assume_role_policy",
		"aws_iam_role_policy": "policy",
		"aws_iam_user_policy": "policy",
		"aws_kms_key": "policy",
		"aws_s3_bucket_policy": "policy",
		"aws_secretsmanager_secret_policy": "policy",
		"aws_sns_topic_policy": "policy",
		"aws_sqs_queue_policy": "policy",
	}
	some resource in resources[type]
	text := resource.it[key]
	is_string(text)
}

# A statement of JSON in the words of a policy document.
translated(statement) := object.union_n([
	{"effect": field(statement, "Effect", "Allow")},
	{to: list(statement[from]) |
		some from, to in {
			"Action": "actions",
			"NotAction": "not_actions",
			"NotResource": "not_resources",
			"Resource": "resources",
		}
	},
	{key: principals |
		some key in ["principals"]
		principals := [{"type": type, "identifiers": list(who)} | some type, who in addressed(statement.Principal)]
		count(principals) > 0
	},
	{"condition": [{"test": test, "variable": variable, "values": list(values)} |
		some test, comparisons in each(statement.Condition)
		some variable, values in each(comparisons)
	]},
])

addressed(principal) := principal if is_object(principal)

addressed(principal) := {principal: [principal]} if is_string(principal)

allows(statement) if field(statement, "effect", "Allow") == "Allow"
