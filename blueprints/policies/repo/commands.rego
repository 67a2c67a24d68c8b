# What the pipelines run: their own steps, the targets of Makefiles that they make, and the scripts that either calls. A target
# that no pipeline makes is a person's tool, and proves nothing about a release.
package repo

# The pipelines of all four systems, by their index.
pipelines contains index if {
	some index, document in input
	regex.match(pipeline_paths, object.get(document.contents, ["text", "path"], document.path))
}

pipeline_paths := concat("|", [
	`^\.github/workflows/|^\.gitlab-ci\.ya?ml$|^\.gitlab/ci/|^azure-pipelines\.ya?ml$|^\.azuredevops/`,
	`(^|/)action\.ya?ml$`,
	`(?i:(^|/)(jenkinsfile|jenkinsfile\.[^/]*|[^/]*\.jenkinsfile)$)`,
	`(^|/)(jenkins/.*|vars/[^/]+)\.groovy$`,
])

# The text of each unit that can run another: pipelines and scripts by their index, recipes by their place in the list.
units[sprintf("pipeline %d", [index])] := text if {
	some index in pipelines
	text := commands_of(index)
}

units[sprintf("script %d", [index])] := text if {
	some found in scripts
	some index in found
	text := commands_of(index)
}

units[sprintf("recipe %d", [place])] := recipe.text if some place, recipe in recipes

# Scripts are found by their name without the folder, since the folder may be one that the caller is in.
scripts[called] contains index if {
	some index, text in texts
	endswith(text.path, ".sh")
	parts := split(text.path, "/")
	called := parts[count(parts) - 1]
}

# Each rule of each Makefile: its targets, what they need, and what they run.
recipes := [{"targets": words(found[1]), "needs": words(found[2]), "text": found[3], "file": index} |
	some index, text in texts
	regex.match(`(^|/)([Mm]akefile|GNUmakefile|[^/]+\.mk)$`, text.path)
	source := sprintf("%s\n", [commands_of(index)])
	some found in regex.find_all_string_submatch_n(
		`(?m)^([^\s#:=.][^\n#:=]*)::?((?:[^=\n\\#][^\n\\#]*)?(?:\\\n[^\n\\#]*)*)(?:#[^\n]*)?\n((?:\t[^\n]*\n|[ \t]*\n)*)`,
		source, -1,
	)
]

words(text) := [word | some word in regex.split(`[\s\\]+`, text); word != ""]

# YAML as text, with what its strings hold as it stands in the file; other files without lines that are comments.
commands_of(index) := text if {
	not texts[index]
	text := replace(replace(json.marshal(input[index].contents), `\n`, "\n"), `\"`, `"`)
}

commands_of(index) := text if {
	text := regex.replace(concat("\n", texts[index].lines), `(?m)^[ \t]*(?:#|//)[^\n]*`, "")
}

runs[unit] := others if {
	some unit, text in units
	called := {sprintf("script %d", [index]) |
		some script in regex.find_n(`[A-Za-z0-9_.-]+\.sh\b`, text, -1)
		some index in scripts[script]
	}
	recipes_made := {sprintf("recipe %d", [place]) |
		some target in made(unit, text)
		some place in recipes_of[target]
	}
	others := called | recipes_made
}

recipes_of[target] contains place if {
	some place, recipe in recipes
	some target in recipe.targets
}

# The targets that a text makes, and those that a recipe needs.
made(unit, text) := wanted | needed if {
	wanted := {word |
		some call in regex.find_n(`(?:\bmake|\$\(MAKE\)|\$\{MAKE\})[ \t]+[^\n;&|"']*`, text, -1)
		some word in regex.find_n(`[A-Za-z0-9_./%-]+`, call, -1)
	}
	needed := {word |
		startswith(unit, "recipe ")
		some word in recipes[to_number(trim_prefix(unit, "recipe "))].needs
	}
}

reached := graph.reachable(runs, {unit | some unit, _ in runs; startswith(unit, "pipeline ")})

# Everything that the pipelines run.
commands := concat("\n", [units[unit] | some unit in reached])
