package repo

# METADATA
# title: Registries, and buckets of logs and artifacts, delete what is old
# description: >-
#   What nothing deletes is kept for ever, and the bill grows each month without any change. In AWS and Azure the rule that
#   deletes is a resource of its own, in whichever file of the module.
# custom:
#   id: C4
#   lens: cost
#   severity: deny
#   concerns: [terraform]
#   fix: >-
#     add an aws_ecr_lifecycle_policy, an aws_s3_bucket_lifecycle_configuration or an azurerm_storage_management_policy for it,
#     in the same module
#   controls: []
deny contains result if {
	some store in stores
	not ended(store)
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps everything for ever: it has no %s", [store.name, store.ends_by]),
		"at": store.at,
	}
}

# Whatever holds images, and buckets whose name says that they hold logs or artifacts.
stores contains store if {
	some index, document in input
	some type, ends_by in deleted_by
	some called, blocks in each(document.contents.resource[type])
	some place, block in bodies(blocks)
	holds_what_ages(type, called, block)
	store := {
		"folder": folder_of(document.path),
		"name": sprintf("%s.%s", [type, called]),
		"ends_by": ends_by,
		"at": [index, "contents", "resource", type, called, place],
	}
}

deleted_by := {
	"aws_ecr_repository": "aws_ecr_lifecycle_policy",
	"aws_s3_bucket": "aws_s3_bucket_lifecycle_configuration",
	"azurerm_storage_account": "azurerm_storage_management_policy",
}

holds_what_ages(type, _, _) if type == "aws_ecr_repository"

holds_what_ages(type, label, block) if {
	type != "aws_ecr_repository"
	names := [word | some key in ["bucket", "name"]; word := block[key]; is_string(word)]
	words := replace(concat(" ", array.concat([label], names)), "_", " ")
	regex.match(`(?i)\b(access ?logs?|logs?|artifacts?|builds?|caches?)\b`, words)
}

# What a resource that deletes refers to, in the same module.
ended(store) if store.name in referred[[store.folder, store.ends_by]]

referred[deleting] contains called if {
	some document in input
	some type in deleted_by
	some blocks in each(document.contents.resource[type])
	deleting := [folder_of(document.path), type]
	walk(blocks, [_, value])
	is_string(value)
	some called in regex.find_n(`\b(?:aws_ecr_repository|aws_s3_bucket|azurerm_storage_account)\.[A-Za-z0-9_-]+`, value, -1)
}
