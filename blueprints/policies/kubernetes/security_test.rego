package kubernetes_test

import data.kubernetes

# The message of each fault, and the security context that has it.
test_s1_each_fault_is_denied if {
	prefix := "Deployment api: container api"
	every fault, context in {
		"may gain privileges (allowPrivilegeEscalation)": {"allowPrivilegeEscalation": true},
		"is privileged": {"privileged": true},
		"may run as root (runAsNonRoot)": {"runAsNonRoot": false},
		"keeps capabilities (drop ALL)": {"capabilities": {"drop": ["NET_RAW"]}},
		"adds capabilities other than NET_BIND_SERVICE": {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}},
		"has no seccomp profile": {"seccompProfile": {"type": "Unconfined"}},
		"has no AppArmor profile": {"appArmorProfile": {"type": "Unconfined"}},
		"sees all of /proc (procMount)": {"procMount": "Unmasked"},
		"chooses its SELinux user or role": {"seLinuxOptions": {"user": "system_u"}},
		"leaves its SELinux type": {"seLinuxOptions": {"type": "spc_t"}},
		"is a process of the Windows host": {"windowsOptions": {"hostProcess": true}},
	} {
		denied(with_container({"securityContext": context}), "S1") == {sprintf("%s %s", [prefix, fault])}
	}
}

test_s1_nothing_set_is_every_fault if {
	bare := object.remove(container, ["securityContext"])
	it := workload("Deployment", object.union(object.remove(pod, ["securityContext"]), {"containers": [bare]}))
	denied(it, "S1") == {
		"Deployment api: container api may gain privileges (allowPrivilegeEscalation)",
		"Deployment api: container api may run as root (runAsNonRoot)",
		"Deployment api: container api keeps capabilities (drop ALL)",
		"Deployment api: container api has no seccomp profile",
	}
}

# What is written as an empty key means that nothing is set.
test_s1_an_empty_context_is_nothing_set if {
	every empty in [null, {}, "text", []] {
		it := workload("Deployment", object.union(object.remove(pod, ["securityContext"]), {
			"securityContext": empty,
			"containers": [object.union(object.remove(container, ["securityContext"]), {"securityContext": empty})],
		}))
		count(denied(it, "S1")) == 4
		count(denied(it, "S3")) == 1
	}
	"Deployment api: container api has no seccomp profile" in denied(with_container({"securityContext": {"seccompProfile": {}}}), "S1")
}

sysctls(name) := with_pod({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}})

test_s1_unsafe_sysctls_are_denied if {
	denied(sysctls("net.ipv4.tcp_syncookies"), "S1") == set()
	denied(sysctls("kernel.msgmax"), "S1") == {"Deployment api sets the unsafe sysctl kernel.msgmax"}
}

test_s1_volumes_of_other_types_are_denied if {
	denied(with_pod({"volumes": [{"name": "data", "nfs": {"server": "files", "path": "/"}}]}), "S1") == {
		"Deployment api mounts a volume of the type nfs",
	}
	denied(with_pod({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}), "S1") == set()
}

test_s1_a_low_port_may_be_bound if {
	denied(with_container({"securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}), "S1") == set()
}

test_s1_the_container_counts_before_the_pod if {
	own := {"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}}}
	bare := object.remove(pod, ["securityContext"])
	it := workload("Deployment", object.union(bare, {"containers": [object.union(container, own)]}))
	denied(it, "S1") == set()
}

test_s1_init_containers_count if {
	init := {"name": "init", "securityContext": {"privileged": true}}
	"Deployment api: container init is privileged" in denied(with_pod({"initContainers": [init]}), "S1")
}

test_s2_low_ids_are_denied if {
	denied(with_container({"securityContext": {"runAsUser": 1000}}), "S2") == {
		"Deployment api: container api has runAsUser 1000",
	}
	denied(with_pod({"securityContext": {"runAsGroup": 0}}), "S2") == {"Deployment api: container api has runAsGroup 0"}
}

test_s2_an_ordinary_id_is_a_convention_and_root_is_not if {
	low := with_container({"securityContext": {"runAsUser": 1000}})
	conventions(low, "S2") == denied(low, "S2")
	conventions(with_container({"securityContext": {"runAsUser": 0}}), "S2") == set()
	conventions(without_pod(["securityContext"]), "S2") == set()
}

test_s2_unset_ids_are_denied if {
	denied(without_pod(["securityContext"]), "S2") == {
		"Deployment api: container api has runAsUser unset",
		"Deployment api: container api has runAsGroup unset",
	}
}

test_s2_an_id_is_found_where_it_is_set if {
	pod := ["spec", "template", "spec", "securityContext", "runAsUser"]
	container := ["spec", "template", "spec", "containers", 0, "securityContext", "runAsUser"]
	by_container := with_container({"securityContext": {"runAsUser": 1000}})
	by_pod := with_pod({"securityContext": {"runAsUser": 1000}})
	places(by_pod) == {pod}
	places(by_container) == {container}
	places(without_pod(["securityContext", "runAsUser"])) == {container}
}

places(it) := {result.at |
	some result in kubernetes.deny with input as it
	result.rule == "S2"
	"runAsUser" in result.at
}

test_s3_a_writable_root_is_denied if {
	expected := {"Deployment api: container api can write to its root file system"}
	denied(with_container({"securityContext": {"readOnlyRootFilesystem": false}}), "S3") == expected
	denied(without_container(["securityContext"]), "S3") == expected
}

test_s4_the_default_account_is_denied if {
	expected := {"Deployment api runs under the default service account"}
	denied(with_pod({"serviceAccountName": "default"}), "S4") == expected
	denied(without_pod(["serviceAccountName"]), "S4") == expected
}

test_s4_a_token_is_denied if {
	expected := {"Deployment api mounts a token for the Kubernetes API"}
	denied(with_pod({"automountServiceAccountToken": true}), "S4") == expected
	denied(without_pod(["automountServiceAccountToken"]), "S4") == expected
}

test_s4_an_account_that_mounts_its_token_is_denied if {
	account := {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "api"}}
	denied(account, "S4") == {"ServiceAccount api mounts its token into pods that do not ask for it"}
	denied(object.union(account, {"automountServiceAccountToken": false}), "S4") == set()
}

test_s5_tags_are_denied if {
	every image in ["ghcr.io/acme/api:1.2.3", "ghcr.io/acme/api:latest", "ghcr.io/acme/api", "ghcr.io/acme/api@sha256:0"] {
		denied(with_container({"image": image}), "S5") == {
			sprintf("Deployment api: container api runs %q, which is no digest", [image]),
		}
	}
}

test_s5_a_whole_version_is_a_convention if {
	every tag in ["1.2.3", "v1.2.3", "1.2.3-alpine3.22"] {
		it := with_container({"image": sprintf("ghcr.io/acme/api:%s", [tag])})
		conventions(it, "S5") == denied(it, "S5")
	}
	every tag in ["latest", "1", "1.2", "v1.2", "main-1.2.3", "20250101"] {
		conventions(with_container({"image": sprintf("ghcr.io/acme/api:%s", [tag])}), "S5") == set()
	}
}

test_s5_an_image_without_a_registry_is_denied if {
	image := trim_prefix(digest, "ghcr.io/")
	conventions(with_container({"image": image}), "S5") == denied(with_container({"image": image}), "S5")
	denied(with_container({"image": image}), "S5") == {
		sprintf("Deployment api: container api runs %q, which names no registry", [image]),
	}
}

test_s5_an_image_that_is_not_released_is_a_warning if {
	it := with_container({"image": "ghcr.io/acme/api:unreleased"})
	denied(it, "S5") == set()
	warned(it, "S5") == {"Deployment api: container api waits for its first release"}
}

test_s5_registries_with_a_port_and_local_ones_are_names if {
	hash := split(digest, "@")[1]
	denied(with_container({"image": sprintf("localhost/api@%s", [hash])}), "S5") == set()
	denied(with_container({"image": sprintf("registry:5000/api@%s", [hash])}), "S5") == set()
}

network_policy := {
	"apiVersion": "networking.k8s.io/v1",
	"kind": "NetworkPolicy",
	"metadata": {"name": "api"},
	"spec": {
		"podSelector": {},
		"policyTypes": ["Ingress", "Egress"],
		"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]}],
		"egress": [{"to": [{"podSelector": {"matchLabels": {"a": "b"}}}]}],
	},
}

test_s6_both_directions_with_named_peers_pass if denied(network_policy, "S6") == set()

test_s6_a_direction_that_is_left_open_is_denied if {
	denied(object.union(network_policy, {"spec": {"policyTypes": ["Ingress"]}}), "S6") == {
		"NetworkPolicy api does not limit Egress",
	}
}

test_s6_a_rule_without_peers_is_denied if {
	denied(object.union(network_policy, {"spec": {"ingress": [{"ports": [{"port": 80}]}]}}), "S6") == {
		"NetworkPolicy api has an ingress rule without `from`, which means everybody",
	}
}

test_s6_an_empty_peer_is_denied if {
	every peer in [{}, {"namespaceSelector": {}}, {"namespaceSelector": {}, "podSelector": {}}] {
		denied(object.union(network_policy, {"spec": {"egress": [{"to": [peer]}]}}), "S6") == {
			"NetworkPolicy api has an egress rule with an empty peer, which means everybody",
		}
	}
}

test_s6_pods_of_one_name_in_all_namespaces_are_named if {
	peer := {"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}
	denied(object.union(network_policy, {"spec": {"egress": [{"to": [peer]}]}}), "S6") == set()
}

test_s6_an_address_range_of_everybody_is_denied if {
	every cidr in ["0.0.0.0/0", "::/0"] {
		denied(object.union(network_policy, {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}}), "S6") == {
			sprintf("NetworkPolicy api has an ingress rule for %s, which means everybody", [cidr]),
		}
	}
	every block in [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}] {
		denied(object.union(network_policy, {"spec": {"ingress": [{"from": [{"ipBlock": block}]}]}}), "S6") == set()
	}
}

test_s6_a_policy_that_is_left_empty_is_denied if {
	denied(object.union(network_policy, {"spec": null}), "S6") == {
		"NetworkPolicy api does not limit Ingress",
		"NetworkPolicy api does not limit Egress",
	}
}

test_s7_a_secret_in_the_repository_is_denied if {
	secret := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "api"}}
	denied(secret, "S7") == set()
	every field in ["data", "stringData"] {
		denied(object.union(secret, {field: {"key": "dmFsdWU="}}), "S7") == {"Secret api holds its values in the repository"}
	}
}

test_s7_a_secret_in_the_environment_is_denied if {
	variable := {"name": "DATABASE", "valueFrom": {"secretKeyRef": {"name": "api", "key": "database"}}}
	denied(with_container({"env": [variable]}), "S7") == {
		"Deployment api: container api has a secret in the variable DATABASE",
	}
	denied(with_container({"envFrom": [{"secretRef": {"name": "api"}}]}), "S7") == {
		"Deployment api: container api has all of a secret in its environment",
	}
}

test_s7_a_value_that_is_a_secret_by_its_name_is_denied if {
	denied(with_container({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}), "S7") == {
		"Deployment api: container api has the variable DB_PASSWORD with its value in the repository",
	}
	denied(with_container({"env": [{"name": "DB_PASSWORD_FILE", "value": "/run/db"}, {"name": "TOKEN", "value": ""}]}), "S7") == set()
}

role(rule) := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "api"}, "rules": [rule]}

test_s8_named_rights_pass if {
	denied(role({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}), "S8") == set()
	denied(role({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["api"]}), "S8") == set()
}

test_s8_wildcards_are_denied if {
	every field in ["apiGroups", "resources", "verbs", "nonResourceURLs"] {
		rule := object.union({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}, {field: ["*"]})
		denied(role(rule), "S8") == {sprintf("Role api grants all %s", [field])}
	}
}

test_s8_ways_to_more_are_denied if {
	every verb in ["bind", "escalate", "impersonate"] {
		rule := {"apiGroups": [""], "resources": ["roles"], "verbs": [verb]}
		denied(role(rule), "S8") == {sprintf("Role api grants %s, and with it every right", [verb])}
	}
}

test_s8_all_secrets_and_commands_in_pods_are_denied if {
	denied(role({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}), "S8") == {
		"Role api grants list on secrets",
	}
	denied(role({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}), "S8") == {
		"Role api grants create on pods/exec",
	}
}

binding(changes) := object.union(
	{"kind": "ClusterRoleBinding", "metadata": {"name": "api"}, "roleRef": {"name": "view"}, "subjects": [{"name": "api"}]},
	changes,
)

test_s8_a_binding_to_one_account_passes if denied(binding({}), "S8") == set()

test_s8_a_binding_to_everything_is_denied if {
	denied(binding({"roleRef": {"name": "cluster-admin"}}), "S8") == {
		"ClusterRoleBinding api grants everything: cluster-admin",
	}
}

test_s8_a_binding_of_everybody_is_denied if {
	denied(binding({"subjects": [{"kind": "Group", "name": "system:authenticated"}]}), "S8") == {
		"ClusterRoleBinding api grants it to system:authenticated",
	}
}

service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "labels": labels}, "spec": spec}

test_s9_ways_around_the_gateway_are_denied if {
	denied(service({"type": "ClusterIP"}), "S9") == set()
	denied(service({"type": "NodePort"}), "S9") == {"Service api opens a port on every node"}
	denied(service({"externalIPs": ["192.0.2.1"]}), "S9") == {"Service api takes external IPs"}
}

test_s9_ways_into_the_node_are_denied if {
	every key in ["hostNetwork", "hostPID", "hostIPC"] {
		denied(with_pod({key: true}), "S9") == {sprintf("Deployment api sets %s", [key])}
	}
	denied(with_pod({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), "S9") == {
		"Deployment api mounts files of the node",
	}
	denied(with_container({"ports": [{"containerPort": 80, "hostPort": 80}]}), "S9") == {
		"Deployment api: container api opens port 80 of the node",
	}
}

test_a_finding_names_its_place if {
	some result in kubernetes.deny with input as with_container({"image": "ghcr.io/acme/api:1"})
	result.at == ["spec", "template", "spec", "containers", 0, "image"]
}
