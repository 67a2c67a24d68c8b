package terraform

# METADATA
# title: Data is encrypted at rest and not public
# description: >-
#   An unencrypted disk or snapshot can be read by whoever gets a copy. A public bucket or database is found within hours.
# custom:
#   id: S12
#   lens: security
#   severity: deny
#   fix: turn the encryption on, with a key of the service's own; block public access
#   controls:
#     - SOC 2 CC6.1
deny contains result if {
	some type, key in encryption
	some resource in resources(type)
	not on(object.get(resource.it, key, false))
	result := {
		"rule": "S12",
		"msg": sprintf("%s is not encrypted (%s)", [resource.name, key]),
		"at": array.concat(resource.at, [key]),
	}
}

encryption := {
	"aws_db_instance": "storage_encrypted",
	"aws_rds_cluster": "storage_encrypted",
	"aws_ebs_volume": "encrypted",
	"aws_efs_file_system": "encrypted",
	"aws_kms_key": "enable_key_rotation",
}

deny contains result if {
	some type, keys in with_key
	some resource in resources(type)
	count([key | some key in keys; resource.it[key]]) == 0
	result := {
		"rule": "S12",
		"msg": sprintf("%s has no encryption key (%s)", [resource.name, keys[0]]),
		"at": resource.at,
	}
}

with_key := {
	"aws_cloudwatch_log_group": ["kms_key_id"],
	"aws_secretsmanager_secret": ["kms_key_id"],
	"aws_sns_topic": ["kms_master_key_id"],
	"aws_sqs_queue": ["kms_master_key_id", "sqs_managed_sse_enabled"],
}

deny contains result if {
	some resource in resources("aws_s3_bucket_public_access_block")
	some key in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	not on(object.get(resource.it, key, false))
	result := {
		"rule": "S12",
		"msg": sprintf("%s does not set %s", [resource.name, key]),
		"at": array.concat(resource.at, [key]),
	}
}

deny contains result if {
	some resource in resources("aws_s3_bucket_acl")
	startswith(resource.it.acl, "public-")
	result := {
		"rule": "S12",
		"msg": sprintf("%s makes the bucket public", [resource.name]),
		"at": array.concat(resource.at, ["acl"]),
	}
}

deny contains result if {
	some type in ["aws_db_instance", "aws_rds_cluster_instance"]
	some resource in resources(type)
	resource.it.publicly_accessible == true
	result := {
		"rule": "S12",
		"msg": sprintf("%s has a public address", [resource.name]),
		"at": array.concat(resource.at, ["publicly_accessible"]),
	}
}

deny contains result if {
	some resource in resources("aws_security_group")
	some index, rule in each(resource.it.ingress)
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	some range in each(rule[key])
	range in {"0.0.0.0/0", "::/0"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["ingress", index]),
	}
}

deny contains result if {
	some resource in resources("aws_vpc_security_group_ingress_rule")
	some key in ["cidr_ipv4", "cidr_ipv6"]
	resource.it[key] in {"0.0.0.0/0", "::/0"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, [key]),
	}
}
