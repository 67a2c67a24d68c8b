package kubernetes

# METADATA
# title: Containers meet the restricted Pod Security Standard
# description: >-
#   A container that may gain privileges or keeps its capabilities gives whoever breaks into the process a way to the
#   node. What the standard says of the host's namespaces, ports and files is rule S9.
# custom:
#   id: S1
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: >-
#     set allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities.drop: [ALL] and seccompProfile.type:
#     RuntimeDefault, and leave the other settings of the standard at their defaults
#   controls:
#     - Kubernetes Pod Security Standards, restricted
#     - CIS Kubernetes Benchmark 5.2.2
#     - CIS Kubernetes Benchmark 5.2.6
#     - CIS Kubernetes Benchmark 5.2.7
#     - CIS Kubernetes Benchmark 5.2.8
#     - CIS Kubernetes Benchmark 5.2.9
#     - CIS Kubernetes Benchmark 5.2.11
#     - NSA/CISA Kubernetes Hardening Guide, Kubernetes Pod security
#     - OWASP Kubernetes Top Ten 2022 K01 Insecure Workload Configurations
#     - NIST SSDF PW.9.1
deny contains result if {
	some at, entry in containers
	some fault in faults(entry)
	result := {
		"rule": "S1",
		"msg": sprintf("%s %s", [called(entry), fault]),
		"at": array.concat(at, ["securityContext"]),
	}
}

deny contains result if {
	some at, pod in pods
	some index, sysctl in each(pod.spec.securityContext.sysctls)
	not sysctl.name in safe_sysctls
	result := {
		"rule": "S1",
		"msg": sprintf("%s sets the unsafe sysctl %v", [subject(pod.object), field(sysctl, "name", index)]),
		"at": array.concat(at, ["securityContext", "sysctls", index]),
	}
}

deny contains result if {
	some at, pod in pods
	some index, volume in each(pod.spec.volumes)
	some type in (object.keys(volume) - ({"name", "hostPath"} | plain_volumes))
	result := {
		"rule": "S1",
		"msg": sprintf("%s mounts a volume of the type %s", [subject(pod.object), type]),
		"at": array.concat(at, ["volumes", index]),
	}
}

faults(entry) := {fault |
	own := context(entry.it)
	some fault, met in {
		"may gain privileges (allowPrivilegeEscalation)": field(own, "allowPrivilegeEscalation", true) != false,
		"is privileged": field(own, "privileged", false) == true,
		"may run as root (runAsNonRoot)": effective(entry, "runAsNonRoot", false) != true,
		"keeps capabilities (drop ALL)": count({"ALL", "all"} & capabilities(own, "drop")) == 0,
		"adds capabilities other than NET_BIND_SERVICE": count(capabilities(own, "add") - {"NET_BIND_SERVICE"}) > 0,
		"has no seccomp profile": confined(effective(entry, "seccompProfile", {})) == false,
		"has no AppArmor profile": type_of(effective(entry, "appArmorProfile", {})) == "Unconfined",
		"sees all of /proc (procMount)": field(own, "procMount", "Default") != "Default",
		"chooses its SELinux user or role": count({1 |
			some key in ["user", "role"]
			field(effective(entry, "seLinuxOptions", {}), key, "") != ""
		}) > 0,
		"leaves its SELinux type": count({type_of(effective(entry, "seLinuxOptions", {}))} - selinux_types) > 0,
		"is a process of the Windows host": field(effective(entry, "windowsOptions", {}), "hostProcess", false) == true,
	}
	met
}

capabilities(own, key) := {capability | some capability in each(field(own, "capabilities", {})[key])}

type_of(profile) := field(profile, "type", "")

confined(profile) := type_of(profile) in {"RuntimeDefault", "Localhost"}

selinux_types := {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}

safe_sysctls := {
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_wmem",
}

plain_volumes := {
	"configMap",
	"csi",
	"downwardAPI",
	"emptyDir",
	"ephemeral",
	"image",
	"persistentVolumeClaim",
	"projected",
	"secret",
}
