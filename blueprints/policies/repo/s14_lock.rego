package repo

# METADATA
# title: A root module has a lock file beside it
# description: >-
#   Bounds let a provider move within them. Only .terraform.lock.hcl says which version runs, and by its hashes that it is the
#   one that was tested; without it two applies of the same commit may run two providers. A root module is a folder that
#   configures a backend or a provider.
# custom:
#   id: S14
#   lens: security
#   severity: deny
#   concerns: [terraform]
#   fix: >-
#     run terraform init (with `terraform providers lock -platform=…` for every platform that applies it) and commit the
#     .terraform.lock.hcl
#   controls:
#     - OWASP CICD-SEC-3 Dependency Chain Abuse
#     - NIST SSDF PW.4.1
#     - NIST SSDF PW.4.4
deny contains result if {
	some folder, places in root_modules
	not folder in locked
	result := {
		"rule": "S14",
		"msg": sprintf("%s is applied, and no .terraform.lock.hcl says with which providers", [shown(folder)]),
		"at": min(places),
	}
}

# The folders that are applied, and what shows it.
root_modules[folder] contains [index, "contents", "provider"] if {
	some index, document in input
	is_object(document.contents.provider)
	folder := folder_of(document.path)
}

root_modules[folder] contains [index, "contents", "terraform", place] if {
	some index, document in input
	some place, block in bodies(document.contents.terraform)
	some kind in ["backend", "cloud"]
	block[kind]
	folder := folder_of(document.path)
}

locked contains folder_of(document.path) if {
	some document in input
	regex.match(`(^|/)\.terraform\.lock\.hcl$`, document.path)
}

shown("") := "the folder at the top"

shown(folder) := folder if folder != ""
