# Rule S12, the part about who may reach data; its METADATA is in s12_data.rego.
package terraform

deny contains result if {
	some resource in resources.aws_s3_bucket_public_access_block
	some key in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	not on(field(resource.it, key, false))
	result := {
		"rule": "S12",
		"msg": sprintf("%s does not set %s", [resource.name, key]),
		"at": array.concat(resource.at, [key]),
	}
}

deny contains result if {
	some resource in resources.aws_s3_bucket_acl
	startswith(resource.it.acl, "public-")
	result := {
		"rule": "S12",
		"msg": sprintf("%s makes the bucket public", [resource.name]),
		"at": array.concat(resource.at, ["acl"]),
	}
}

# The policy of a resource that everybody is named in, under no condition.
deny contains result if {
	some statement in statements
	allows(statement.it)
	not conditional(statement.it)
	some principal in bodies(statement.it.principals)
	"*" in list(principal.identifiers)
	result := {
		"rule": "S12",
		"msg": sprintf("%s allows it to everybody", [statement.name]),
		"at": array.concat(statement.at, ["principals"]),
	}
}

conditional(statement) if count(statement.condition) > 0

deny contains result if {
	some type in ["aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster"]
	some resource in resources[type]
	resource.it.publicly_accessible == true
	result := {
		"rule": "S12",
		"msg": sprintf("%s has a public address", [resource.name]),
		"at": array.concat(resource.at, ["publicly_accessible"]),
	}
}

# Where nothing is said, these are open to the internet.
deny contains result if {
	some type in [
		"azurerm_cosmosdb_account",
		"azurerm_mssql_server",
		"azurerm_postgresql_flexible_server",
		"azurerm_redis_cache",
		"azurerm_storage_account",
	]
	some resource in resources[type]
	not closed(resource.it)
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be reached from the internet (public_network_access_enabled)", [resource.name]),
		"at": array.concat(resource.at, ["public_network_access_enabled"]),
	}
}

closed(it) if it.public_network_access_enabled == false

closed(it) if computed(it.public_network_access_enabled)

# A server in a network of its own has no public address.
closed(it) if it.delegated_subnet_id

closed(it) if {
	some rules in blocks(it, "network_rules")
	rules.default_action == "Deny"
}

closed(it) if {
	some rules in blocks(it, "network_rules")
	computed(rules.default_action)
}

deny contains result if {
	some resource in resources.azurerm_storage_account
	not shut(field(resource.it, "allow_nested_items_to_be_public", true))
	result := {
		"rule": "S12",
		"msg": sprintf("%s allows public containers (allow_nested_items_to_be_public)", [resource.name]),
		"at": array.concat(resource.at, ["allow_nested_items_to_be_public"]),
	}
}

shut(value) if value == false

shut(value) if computed(value)

deny contains result if {
	some resource in resources.azurerm_storage_container
	resource.it.container_access_type in {"blob", "container"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s is public", [resource.name]),
		"at": array.concat(resource.at, ["container_access_type"]),
	}
}

deny contains result if {
	some type in ["azurerm_mssql_firewall_rule", "azurerm_mysql_flexible_server_firewall_rule", "azurerm_postgresql_flexible_server_firewall_rule"]
	some resource in resources[type]
	resource.it.start_ip_address == "0.0.0.0"
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["start_ip_address"]),
	}
}

deny contains result if {
	some resource in resources.azurerm_network_security_rule
	resource.it.access == "Allow"
	resource.it.direction == "Inbound"
	resource.it.source_address_prefix in {"*", "0.0.0.0/0", "Internet", "Any"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["source_address_prefix"]),
	}
}

deny contains result if {
	some resource in resources.google_storage_bucket
	not on(field(resource.it, "uniform_bucket_level_access", false))
	result := {
		"rule": "S12",
		"msg": sprintf("%s may have public objects (uniform_bucket_level_access)", [resource.name]),
		"at": array.concat(resource.at, ["uniform_bucket_level_access"]),
	}
}

deny contains result if {
	some resource in resources.google_storage_bucket
	prevention := field(resource.it, "public_access_prevention", "inherited")
	prevention != "enforced"
	not computed(prevention)
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be made public (public_access_prevention)", [resource.name]),
		"at": array.concat(resource.at, ["public_access_prevention"]),
	}
}

deny contains result if {
	some resource in resources.google_sql_database_instance
	some index, setting in bodies(resource.it.settings)
	not private_address(setting)
	result := {
		"rule": "S12",
		"msg": sprintf("%s has a public address (ipv4_enabled)", [resource.name]),
		"at": array.concat(resource.at, ["settings", index, "ip_configuration"]),
	}
}

private_address(setting) if {
	some configuration in blocks(setting, "ip_configuration")
	shut(configuration.ipv4_enabled)
}

deny contains result if {
	some resource in resources.google_sql_database_instance
	some index, setting in bodies(resource.it.settings)
	some configuration in blocks(setting, "ip_configuration")
	some network in blocks(configuration, "authorized_networks")
	network.value in {"0.0.0.0/0", "::/0"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["settings", index, "ip_configuration"]),
	}
}

deny contains result if {
	some resource in resources.google_sql_database_instance
	some index, setting in bodies(resource.it.settings)
	some configuration in blocks(setting, "ip_configuration")
	configuration.ssl_mode == "ALLOW_UNENCRYPTED_AND_ENCRYPTED"
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be reached in the clear (ssl_mode)", [resource.name]),
		"at": array.concat(resource.at, ["settings", index, "ip_configuration"]),
	}
}

deny contains result if {
	some resource in resources.google_bigquery_dataset
	some index, access in bodies(resource.it.access)
	some key in ["special_group", "iam_member"]
	access[key] in {"allAuthenticatedUsers", "allUsers"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s is public", [resource.name]),
		"at": array.concat(resource.at, ["access", index]),
	}
}

everybody := {"0.0.0.0/0", "::/0"}

deny contains result if {
	some resource in resources.google_compute_firewall
	field(resource.it, "direction", "INGRESS") == "INGRESS"
	given(resource.it, "allow")
	count(everybody & {range | some range in each(resource.it.source_ranges)}) > 0
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["source_ranges"]),
	}
}

deny contains result if {
	some type in ["aws_security_group", "aws_default_security_group"]
	some resource in resources[type]
	some index, rule in bodies(resource.it.ingress)
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	some range in each(rule[key])
	range in everybody
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, ["ingress", index]),
	}
}

deny contains result if {
	some resource in resources.aws_security_group_rule
	resource.it.type == "ingress"
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	some range in each(resource.it[key])
	range in everybody
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, [key]),
	}
}

deny contains result if {
	some resource in resources.aws_vpc_security_group_ingress_rule
	some key in ["cidr_ipv4", "cidr_ipv6"]
	resource.it[key] in everybody
	result := {
		"rule": "S12",
		"msg": sprintf("%s lets everybody in", [resource.name]),
		"at": array.concat(resource.at, [key]),
	}
}
