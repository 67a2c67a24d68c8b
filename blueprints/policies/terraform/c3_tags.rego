package terraform

# METADATA
# title: Everything that costs money is tagged
# description: >-
#   The cloud's bill is split by tags. Tags on the provider reach every resource, also the one that is added next year.
# custom:
#   id: C3
#   lens: cost
#   severity: deny
#   fix: set default_tags on the aws provider, default_labels on google, to service, team, environment and cost centre
#   controls: []
deny contains result if {
	some type, key in {"aws": "default_tags", "google": "default_labels"}
	some index, block in each(input.provider[type])
	not block[key]
	result := {
		"rule": "C3",
		"msg": sprintf("the provider %s sets no %s", [type, key]),
		"at": ["provider", type, index],
	}
}
