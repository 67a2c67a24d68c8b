package repo

# METADATA
# title: Pipelines, infrastructure and policies have owners by name
# description: >-
#   A change of a pipeline or a policy can undo every other rule. CODEOWNERS is what brings it before somebody who knows that; a
#   line for `*` alone does not say so.
# custom:
#   id: O4
#   lens: operability
#   severity: deny
#   convention: an owner of each such folder by name
#   concerns: [ci, terraform]
#   fix: name owners for the folder in CODEOWNERS
#   controls:
#     - OWASP CICD-SEC-1 Insufficient Flow Control Mechanisms
deny contains result if {
	count(owner_files) > 0
	some entry in guarded
	not owned(entry.folder)
	result := {
		"rule": "O4",
		"msg": sprintf("CODEOWNERS names no owner for %s", [entry.place]),
		"at": [min(owner_files), "contents"],
		"convention": true,
	}
}

deny contains result if {
	count(guarded) > 0
	count(owner_files) == 0
	result := {
		"rule": "O4",
		"msg": "there is no CODEOWNERS",
		"path": "CODEOWNERS",
		"convention": true,
	}
}

owner_files contains index if {
	some index, text in texts
	regex.match(`(^|/)CODEOWNERS$`, text.path)
}

# The patterns that have an owner.
patterns contains words[0] if {
	some index in owner_files
	some line in texts[index].lines
	not startswith(line, "#")
	words := [word | some word in split(trim_space(line), " "); word != ""]
	count(words) > 1
	not words[0] in {"*", "/*", "/**", "**"}
}

# Folders that need an owner, with a slash at both ends, and what they belong to; or a file.
guarded contains {"folder": folder, "place": sprintf("/%s/", [parts[0]])} if {
	some document in input
	not document.contents.text
	parts := split(document.path, "/")
	parts[0] in {".github", ".gitlab", ".azuredevops", "infra", "terraform", "policy"}
	count(parts) > 1
	folder := sprintf("/%s/", [concat("/", array.slice(parts, 0, count(parts) - 1))])
}

guarded contains {"folder": place, "place": place} if {
	some document in input
	document.path in {".gitlab-ci.yml", "azure-pipelines.yml"}
	place := sprintf("/%s", [document.path])
}

guarded contains {"folder": place, "place": place} if {
	some text in texts
	text.path == "Jenkinsfile"
	place := "/Jenkinsfile"
}

owned(folder) if {
	some pattern in patterns
	covers(pattern, folder)
}

# `/infra/` and `/infra/**` mean all below; `infra/` does at any depth; `/.gitlab-ci.yml` is the file.
covers(pattern, folder) if {
	startswith(pattern, "/")
	startswith(folder, trim_suffix(pattern, "**"))
}

covers(pattern, folder) if {
	not startswith(pattern, "/")
	endswith(pattern, "/")
	contains(folder, sprintf("/%s", [pattern]))
}

covers(pattern, folder) if folder == sprintf("/%s", [pattern])
