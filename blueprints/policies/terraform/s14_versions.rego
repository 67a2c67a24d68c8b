package terraform

# METADATA
# title: Modules are local or pinned to a commit, and providers are bounded
# description: >-
#   A registry version or a tag can be moved; a provider without an upper bound breaks on the day of its next major release,
#   in whichever environment applies first.
# custom:
#   id: S14
#   lens: security
#   severity: deny
#   convention: upper bounds, in a module that others call
#   fix: "name modules by path or by git commit (?ref=<40 hex>); give each provider, and required_version, an upper bound"
#   controls:
#     - OWASP CICD-SEC-3 Dependency Chain Abuse
#     - NIST SSDF PW.4.1
#     - NIST SSDF PW.4.4
deny contains result if {
	some name, found in each(input.module)
	some index, block in bodies(found)
	source := block.source
	is_string(source)
	not regex.match(`^\.\.?/`, source)
	not regex.match(`[?&]ref=[0-9a-f]{40}(&|$)`, source)
	result := {
		"rule": "S14",
		"msg": sprintf("the module %s comes from %q, which is no commit", [name, source]),
		"at": ["module", name, index, "source"],
	}
}

deny contains result if {
	some index, block in bodies(input.terraform)
	some place, required in bodies(block.required_providers)
	some name, provider in each(required)
	not bounded(version_of(provider))
	result := {
		"rule": "S14",
		"msg": sprintf("the provider %s has no upper bound", [name]),
		"at": ["terraform", index, "required_providers", place, name],
		"convention": for_others,
	}
}

deny contains result if {
	some index, block in bodies(input.terraform)
	block.required_providers
	not bounded(sprintf("%v", [field(block, "required_version", "")]))
	result := {
		"rule": "S14",
		"msg": "required_version has no upper bound",
		"at": ["terraform", index, "required_version"],
		"convention": for_others,
	}
}

# A plan names the modules that its configuration calls.
deny contains result if {
	walk(input.configuration, [path, call])
	path[count(path) - 2] == "module_calls"
	source := call.source
	not regex.match(`^\.\.?/`, source)
	not regex.match(`[?&]ref=[0-9a-f]{40}(&|$)`, source)
	result := {
		"rule": "S14",
		"msg": sprintf("the module %s comes from %q, which is no commit", [path[count(path) - 1], source]),
		"at": array.concat(array.concat(["configuration"], path), ["source"]),
	}
}

version_of(provider) := sprintf("%v", [field(provider, "version", "")]) if not is_string(provider)

version_of(provider) := provider if is_string(provider)

# A module that others call configures neither a state nor a provider, and leaves the choice above its lower bounds to them.
for_others := false if {
	input.provider
} else := false if {
	some block in bodies(input.terraform)
	some state in ["backend", "cloud"]
	block[state]
} else := true

# `< 7.0`, `~> 5.1`, `= 5.1.0`, `5.1.0`
bounded(version) if regex.match(`<|~>|(^|,)\s*=?\s*[0-9]`, version)
