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
#   fix: name owners for the folder in CODEOWNERS
#   controls:
#     - OWASP CICD-SEC-1 Insufficient Flow Control Mechanisms
deny contains result if {
	some place in unowned
	count(owner_files) > 0
	some file in owner_files
	result := {
		"rule": "O4",
		"msg": sprintf("CODEOWNERS names no owner for %s", [place]),
		"at": file.at,
	}
}

deny contains result if {
	count(guarded) > 0
	count(owner_files) == 0
	result := {
		"rule": "O4",
		"msg": "there is no CODEOWNERS",
		"path": "CODEOWNERS",
		"at": [],
	}
}

owner_files contains text if {
	some text in texts
	regex.match(`(^|/)CODEOWNERS$`, text.path)
}

# What needs an owner, by the folder at the top or the file there.
guarded contains {"path": document.path, "place": place} if {
	some document in input
	top := split(document.path, "/")[0]
	count(split(document.path, "/")) > 1
	top in {".github", ".gitlab", ".azuredevops", "infra", "terraform", "policy"}
	place := sprintf("/%s/", [top])
	not document.contents.text
}

guarded contains {"path": document.path, "place": sprintf("/%s", [document.path])} if {
	some document in input
	document.path in {".gitlab-ci.yml", "azure-pipelines.yml"}
}

unowned contains entry.place if {
	some entry in guarded
	not owned(entry.path)
}

owned(path) if {
	some file in owner_files
	some line in file.lines
	not startswith(line, "#")
	words := [word | some word in split(trim_space(line), " "); word != ""]
	count(words) > 1
	covers(words[0], path)
}

covers(pattern, path) if {
	endswith(pattern, "/")
	startswith(sprintf("/%s", [path]), pattern)
}

covers(pattern, path) if {
	endswith(pattern, "/")
	not startswith(pattern, "/")
	contains(sprintf("/%s", [path]), sprintf("/%s", [pattern]))
}

covers(pattern, path) if trim_prefix(pattern, "/") == path

covers(pattern, path) if {
	startswith(pattern, "/")
	glob.match(trim_prefix(pattern, "/"), ["/"], path)
	not pattern in {"*", "/*", "/**"}
}

covers(pattern, path) if {
	startswith(pattern, "/")
	startswith(sprintf("/%s", [path]), sprintf("%s/", [trim_suffix(pattern, "/**")]))
}
