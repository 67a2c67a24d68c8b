package terraform

# METADATA
# title: Everything that costs money is tagged with service, team, environment and cost centre
# description: >-
#   The cloud's bill is split by tags. Tags on the provider reach every resource, also the one that is added next year; Azure's
#   provider has none, so each resource carries them.
# custom:
#   id: C3
#   lens: cost
#   severity: deny
#   convention: these tags
#   fix: set default_tags on the aws provider, default_labels on google, and tags on each Azure resource, to all four
#   controls: []
deny contains result if {
	some provider in providers
	key := default_tags[provider.type]
	not provider.it[key]
	result := {
		"rule": "C3",
		"msg": sprintf("the provider %s sets no %s", [provider.type, key]),
		"at": provider.at,
		"convention": true,
	}
}

default_tags := {"aws": "default_tags", "google": "default_labels", "google-beta": "default_labels"}

# Tags that are written out, and lack one.
deny contains result if {
	some written in written_tags
	not computed(written.tags)
	names := {replace(replace(lower(name), "_", ""), "-", "") | some name, _ in each(written.tags)}
	missing := [wanted | some wanted, synonyms in payers; count(names & synonyms) == 0]
	count(missing) > 0
	result := {
		"rule": "C3",
		"msg": sprintf("%s has no tag %s", [written.name, concat(", ", missing)]),
		"at": written.at,
		"convention": true,
	}
}

# What each tag is called elsewhere.
payers := {
	"service": {"service", "servicename", "app", "application", "name"},
	"team": {"team", "owner"},
	"environment": {"environment", "env", "stage"},
	"cost-center": {"costcenter", "costcentre"},
}

deny contains result if {
	some resource in taggable
	not resource.it.tags
	result := {
		"rule": "C3",
		"msg": sprintf("%s has no tags", [resource.name]),
		"at": resource.at,
		"convention": true,
	}
}

written_tags contains {"tags": block.tags, "name": "the provider aws", "at": array.concat(provider.at, ["default_tags", index, "tags"])} if {
	some provider in providers
	provider.type == "aws"
	not is_plan
	some index, block in bodies(provider.it.default_tags)
	block.tags
}

written_tags contains {"tags": provider.it.default_labels, "name": name, "at": array.concat(provider.at, ["default_labels"])} if {
	some provider in providers
	startswith(provider.type, "google")
	provider.it.default_labels
	not is_plan
	name := sprintf("the provider %s", [provider.type])
}

written_tags contains {"tags": resource.it.tags, "name": resource.name, "at": array.concat(resource.at, ["tags"])} if {
	some resource in taggable
	resource.it.tags
}

taggable contains resource if {
	some type in [
		"azurerm_container_registry",
		"azurerm_cosmosdb_account",
		"azurerm_key_vault",
		"azurerm_kubernetes_cluster",
		"azurerm_linux_virtual_machine",
		"azurerm_log_analytics_workspace",
		"azurerm_mssql_database",
		"azurerm_mssql_server",
		"azurerm_mysql_flexible_server",
		"azurerm_postgresql_flexible_server",
		"azurerm_redis_cache",
		"azurerm_resource_group",
		"azurerm_servicebus_namespace",
		"azurerm_storage_account",
	]
	some resource in resources[type]
}

providers contains {"type": type, "it": block, "at": ["provider", type, index]} if {
	some type, found in each(input.provider)
	some index, block in bodies(found)
	is_object(block)
}

# In a plan a provider's settings are expressions, of which only the presence is certain.
providers contains {"type": it.name, "it": field(it, "expressions", {}), "at": ["configuration", "provider_config", key]} if {
	some key, it in each(input.configuration.provider_config)
	is_string(it.name)
}
