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

# The text of each unit that can run another: pipelines by their index, scripts by theirs and the word that they are called with,
# recipes by their place in the list.
units[sprintf("pipeline %d", [index])] := text if {
	some index in pipelines
	text := texts_of[index]
}

units[sprintf("script %d %s", call)] := text if {
	some call in script_calls
	text := called_with(call[0], call[1])
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

# Each file is put into words once.
texts_of[index] := text if {
	some index in pipelines
	text := commands_of(index)
}

texts_of[index] := text if {
	some found in scripts
	some index in found
	text := commands_of(index)
}

# YAML as text, with what its strings hold as it stands in the file, but not the files that only start it; other files without
# lines that are comments.
commands_of(index) := text if {
	not texts[index]
	all := regex.replace(json.marshal(input[index].contents), `"(?:changes|paths|paths-ignore)":\s*\[[^\]]*\]`, `"":""`)
	text := replace(replace(all, `\n`, "\n"), `\"`, `"`)
}

commands_of(index) := text if {
	text := regex.replace(concat("\n", texts[index].lines), `(?m)^[ \t]*(?:#|//)[^\n]*`, "")
}

script_calls contains call if {
	some text in texts_of
	some call in calls_in(text)
}

script_calls contains call if {
	some recipe in recipes
	some call in calls_in(recipe.text)
}

# Calls of scripts: the index of each, and the first word that it is handed, as in `scripts/image.sh push`.
calls_in(text) := {[index, found[2]] |
	some found in regex.find_all_string_submatch_n(`([A-Za-z0-9_.-]+\.sh)["']?[ \t]*["']?([A-Za-z0-9_-]*)`, text, -1)
	some index in scripts[found[1]]
}

# What a script runs where it is called with a word: of a `case` that knows the word only the arms for it.
called_with(index, word) := concat("\n", array.concat(
	[outside_of_cases[index]],
	[arms_for(block, word) | some block in cases_of[index]],
))

arms_for(block, word) := concat("\n", arms) if {
	arms := [arm.text | some arm in block.arms; word in arm.labels]
	count(arms) > 0
} else := block.text

outside_of_cases[index] := text if {
	some index, _ in cases_of
	text := regex.replace(texts_of[index], case_block, "")
}

cases_of[index] := blocks if {
	some found in scripts
	some index in found
	blocks := [{"text": block, "arms": arms} |
		some block in regex.find_n(case_block, texts_of[index], -1)
		arms := [{"labels": regex.find_n(`[A-Za-z0-9_-]+`, arm[1], -1), "text": arm[2]} |
			some arm in regex.find_all_string_submatch_n(case_arm, block, -1)
		]
	]
}

case_block := `(?ms)^[ \t]*case[ \t][^\n]*[ \t]in[ \t\n].*?^[ \t]*esac`

case_arm := `(?ms)^[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\|[ \t]*[A-Za-z0-9_-]+)*)\)(.*?);;`

runs[unit] := others if {
	some unit, text in units
	called := {sprintf("script %d %s", call) |
		some call in calls_in(text)
		not names_itself(unit, call)
	}
	recipes_made := {sprintf("recipe %d", [place]) |
		some target in made(unit, text)
		some place in recipes_of[target]
	}
	others := called | recipes_made
}

# A script that prints its own usage calls nothing.
names_itself(unit, call) if {
	call[1] == ""
	startswith(unit, sprintf("script %d ", [call[0]]))
}

recipes_of[target] contains place if {
	some place, recipe in recipes
	some target in recipe.targets
}

# In a script only where a command stands: its messages may speak of `make` as well.
make_in(unit) := `(?m)(?:^|[;&|(!]|do|then|else|exec|if)[ \t]*make[ \t]+[^\n;&|"']*` if startswith(unit, "script ")

make_in(unit) := `(?:(?:^|[^A-Za-z0-9_.-])make|\$[({]MAKE[)}])[ \t]+[^\n;&|"']*` if not startswith(unit, "script ")

# The targets that a text makes, and those that a recipe needs.
made(unit, text) := wanted | needed if {
	wanted := {word |
		some call in regex.find_n(make_in(unit), text, -1)
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
