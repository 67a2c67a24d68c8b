# S16 for Jenkins: shared libraries, and the images of agents. What the rule is for stands in s16_pins.rego.
package ci

deny contains result if {
	some number in libraries
	name := unquoted(number)
	not contains(name, "$")
	not pinned_library(name)
	result := {
		"rule": "S16",
		"msg": sprintf("the library %s is not pinned to a tag or commit", [name]),
		"at": line_at(line_of_string[number]),
	}
}

# @Library("name@v1.2.3"), with one name or a list; library "name@v1.2.3", library(identifier: …).
libraries contains number if {
	is_jenkins
	some found in regex.find_n(`@Library\s*\([^()]*\)`, jenkins_code, -1)
	some number in numbers(found)
}

libraries contains number if {
	is_jenkins
	some found in regex.find_n(`(^|[^@.A-Za-z0-9_])library[\s(]*(identifier\s*:\s*)?"[0-9]+"`, jenkins_code, -1)
	some number in numbers(found)
}

# A version or a commit. A branch may be called 1.x or release/1.2, so a name before the version asks for all three numbers.
pinned_library(name) if regex.match(`@v?[0-9]+(\.[0-9]+)*([-+][A-Za-z0-9.-]+)?$`, name)

pinned_library(name) if regex.match(`@[A-Za-z0-9._/-]*[-_/]v?[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*$`, name)

pinned_library(name) if regex.match(`@([0-9a-f]{40}|[0-9a-f]{64}|refs/tags/.+)$`, name)

images contains {"job": "the agent", "image": image, "at": line_at(line)} if {
	is_jenkins
	some form in [
		`\bdocker\s*\{[^{}]*\bimage\s*\(?\s*"[0-9]+"`,
		`\bagent\s*\{\s*docker\s*\(?\s*"[0-9]+"`,
		`\bdocker\.image\s*\(\s*"[0-9]+"\s*\)\s*\.\s*(inside|withRun|run)\b`,
		`\bcontainerTemplate\s*\([^()]*\bimage\s*:\s*"[0-9]+"`,
	]
	some found in regex.find_n(form, jenkins_code, -1)
	listed := numbers(found)
	number := listed[count(listed) - 1]
	image := unquoted(number)
	line := line_of_string[number]
}

# The pod that an agent runs in, as YAML in a string.
images contains {"job": "the agent's pod", "image": found[1], "at": line_at(line)} if {
	some pod in agent_pods
	some offset, text in split(jenkins_tokens[pod], "\n")
	some found in regex.find_all_string_submatch_n(`^\s*(?:-\s+)?image:\s*["']?([^\s"'#]+)`, text, 1)
	line := line_of_string[pod] + offset
}

agent_pods contains number if {
	some number, _ in line_of_string
	regex.match(`(?m)^\s*containers:\s*$`, jenkins_tokens[number])
}
