package repo

# METADATA
# title: A StatefulSet has the headless service that it names
# description: >-
#   The pods of a StatefulSet find each other by names that the headless service gives them. Without it the names do not
#   resolve, and the peers never meet.
# custom:
#   id: R11
#   lens: reliability
#   severity: deny
#   concerns: [StatefulSet]
#   fix: "add a Service with clusterIP: None under the name in spec.serviceName"
#   controls: []
deny contains result if {
	some index, it in workloads
	it.kind == "StatefulSet"
	not has_headless_service(index, it.spec.serviceName)
	result := {
		"rule": "R11",
		"msg": sprintf("%s names no headless service that is there", [subject(it)]),
		"at": [index, "contents", "spec", "serviceName"],
	}
}

has_headless_service(index, called) if {
	some place in places_of[index]
	array.concat(place, [called]) in headless
}

headless contains array.concat(place, [name(it)]) if {
	some index, it in services
	it.spec.clusterIP == "None"
	some place in places_of[index]
}
