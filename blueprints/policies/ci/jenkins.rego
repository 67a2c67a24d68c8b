# Reads a Jenkinsfile, which comes as lines of text: {"text": {"path", "lines"}}. Groovy is not parsed, it is taken apart as far
# as the rules need: comments go, each string becomes its number in quotes, as in `sh "12"`, and what is left, the code, has
# balanced braces that mean blocks. The code has the lines of the file, so that a finding leads back to one.
package ci

is_jenkins if is_array(input.text.lines)

jenkins_source := concat("\n", [line | some line in input.text.lines; is_string(line)]) if is_jenkins

# Comments, strings of all kinds, and the code between them. What stands first in the alternation wins, as in a lexer.
jenkins_tokens := regex.find_n(
	concat("|", [
		`//[^\n]*`,
		`(?s:/\*.*?\*/)`,
		`(?s:'''(?:[^\\]|\\.)*?''')`,
		`(?s:"""(?:[^\\]|\\.)*?""")`,
		`'(?:[^'\\\n]|\\.)*'`,
		`"(?:\$\{[^{}\n]*\}|[^"\\\n]|\\.)*"`,
		`(?s:\$/.*?/\$)`,
		`/(?:[^/*\\\s]|\\.)(?:[^/\\\n]|\\.)*/`,
		`[^'"/$]+`,
		`(?s:.)`,
	]),
	jenkins_source,
	-1,
)

jenkins_code := concat("", [shown |
	some number, token in jenkins_tokens
	shown := code_of(number, token)
])

code_of(_, token) := regex.replace(token, `[^\n]`, "") if regex.match(`^/[/*]`, token)

code_of(number, token) := sprintf(`"%d"%s`, [number, regex.replace(token, `[^\n]`, "")]) if is_groovy_string(token)

code_of(_, token) := token if {
	not regex.match(`^/[/*]`, token)
	not is_groovy_string(token)
}

is_groovy_string(token) if {
	regex.match(`^(['"]|/[^/*]|\$/)`, token)
	count(token) > 1
}

jenkins_lines := split(jenkins_code, "\n")

# The line of each string: its first one.
line_of_string[number] := index if {
	some index, line in jenkins_lines
	some number in numbers(line)
}

# The strings of a piece of code, by number.
numbers(code) := [to_number(trim(found, `"`)) | some found in regex.find_n(`"[0-9]+"`, code, -1)]

# What is in a string, without its quotes.
unquoted(number) := trim(jenkins_tokens[number], `'"`)

# The first line that matches; the first of the file where none does, since a match may go over two.
first_line(pattern) := min({index | some index, line in jenkins_lines; regex.match(pattern, line)} | {count(jenkins_lines) - 1})

line_at(index) := ["text", "lines", index]

# Blocks in blocks, as deep as pipelines go: stages, stage, parallel, stage, stages, stage, steps, script, and some closures.
deeper(inner) := sprintf(`[^{}]*(?:\{%s\}[^{}]*)*`, [inner])

five_deeper(inner) := deeper(deeper(deeper(deeper(deeper(inner)))))

inside_braces := five_deeper(five_deeper(five_deeper(`[^{}]*`)))

# The arguments of a step in parentheses, which may hold one more pair.
in_parentheses := `\((?:[^()]|\([^()]*\))*\)`

# … and without them: to the end of the line, or of the next one after a comma.
bare_arguments := `[ \t]+(?:"[0-9]+"|[A-Za-z0-9_:.+ \t]|,\s*)+`

calls(step) := regex.find_n(sprintf(`\b(?:%s)(?:\s*%s|%s)`, [step, in_parentheses, bare_arguments]), jenkins_code, -1)

# A declarative pipeline, in a Jenkinsfile or in a step of a library.
is_declarative if {
	is_jenkins
	regex.match(`(^|[\s{])pipeline\s*\{`, jenkins_code)
}

# A scripted one. A step of a library may use `node` as well, and is none: its pipeline sets the limits.
is_scripted if {
	is_jenkins
	not is_declarative
	regex.match(`(?i)(^|/)[^/]*jenkinsfile[^/]*$`, input.text.path)
	regex.match(`(^|\n)\s*(node|podTemplate)\b`, jenkins_code)
}

is_jenkins_pipeline if is_declarative

is_jenkins_pipeline if is_scripted

# What holds for the pipeline as a whole: a declarative one without its stages.
whole_pipeline := regex.replace(jenkins_code, sprintf(`\bstages\s*\{%s\}`, [inside_braces]), "") if is_declarative

whole_pipeline := jenkins_code if is_scripted

pipeline_line := first_line(`^\s*(.*[\s{])?(pipeline\s*\{|node\b|podTemplate\b)`)

# The commands that the shell steps are given: what Groovy puts into them, and where.
shell_values contains {"expression": expression, "line": line} if {
	some call in shell_calls
	some number in numbers(call)
	startswith(jenkins_tokens[number], `"`)
	some offset, text in split(jenkins_tokens[number], "\n")
	some found in regex.find_all_string_submatch_n(`(\\?)\$(?:\{([^{}]*)\}|([A-Za-z_][A-Za-z0-9_.]*))`, text, -1)
	found[1] == ""
	line := line_of_string[number] + offset
	expression := trim_space(concat("", [found[2], found[3]]))
}

shell_values contains {"expression": found[1], "line": line} if {
	some call in shell_calls
	line := line_of_string[numbers(call)[0]]
	some found in regex.find_all_string_submatch_n(`\+\s*([A-Za-z_][A-Za-z0-9_.]*)`, call, -1)
}

shell_calls := calls("sh|bat|powershell|pwsh") if is_jenkins

# Names of secrets: bound by withCredentials, or by `credentials(…)` in an environment. Files are bound by their path, which
# is none.
secret_names contains unquoted(to_number(found[1])) if {
	is_jenkins
	bindings := regex.replace(jenkins_code, `\b(file|zip|certificate)\s*\([^()]*\)`, "")
	keys := `\b(?:v|passwordV|passphraseV|secretKeyV|tokenV|secretV|clientSecretV)ariable\s*:\s*"([0-9]+)"`
	some found in regex.find_all_string_submatch_n(keys, bindings, -1)
}

secret_names contains sprintf("%s%s", [name, part]) if {
	some name in environment_secrets(jenkins_code)
	not regex.match(`(?i)(file|path|config|keystore)$`, name)
	some part in ["", "_PSW"]
}

environment_secrets(code) := {found[1] |
	some found in regex.find_all_string_submatch_n(`\b([A-Za-z_][A-Za-z0-9_]*)\s*=\s*credentials\s*\(`, code, -1)
}

# Parameters that whoever starts a build may set to any text, and those that only take what is offered.
text_parameters contains name if {
	is_jenkins
	some name in parameter_names("string|text|password|gitParameter|stringParam|textParam")
}

offered_parameters := parameter_names("booleanParam|choice|choiceParam") if is_jenkins

# With a value it is one that is handed to another build.
parameter_names(kind) := {unquoted(to_number(found[1])) |
	some call in calls(kind)
	not regex.match(`\bvalue\s*:`, call)
	some found in regex.find_all_string_submatch_n(`\bname\s*:\s*"([0-9]+)"`, call, -1)
}
