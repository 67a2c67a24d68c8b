package ci_test

import data.ci

groovy(path, text) := {"text": {"path": path, "lines": split(text, "\n")}}

jenkins(text) := groovy("Jenkinsfile", text)

options := `
  options {
    buildDiscarder(logRotator(numToKeepStr: '20'))
    disableConcurrentBuilds(abortPrevious: true)
    timeout(time: 30, unit: 'MINUTES')
  }
`

good := concat("", [
	`@Library('platform@v2.3.1') _

pipeline {
  agent { docker { image 'golang:1.26@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0' } }
`,
	options,
	`
  stages {
    stage('Release') { // "it's" a comment
      environment { TOKEN = credentials('registry') }
      steps {
        sh 'make release TOKEN="$TOKEN" VERSION="$VERSION"'
        /* sh "${params.GONE}" */
        sh """
          echo "\${VERSION}" ${params.DEBUG ? '-x' : ''}
        """
      }
    }
  }
}
`,
])

# A declarative pipeline with these stages, and what is right otherwise.
staged(text) := jenkins(concat("", ["pipeline {\n", options, "stages {\n", text, "\n}\n}"]))

step(text) := staged(sprintf("stage('Build') { steps {\n%s\n} }", [text]))

# The line that a finding leads to.
shown(it, rule) := {trim_space(line) |
	some result in ci.deny with input as it
	result.rule == rule
	line := object.get(it, result.at, "?")
}

test_a_good_jenkinsfile_passes if count(ci.deny) == 0 with input as jenkins(good)

test_odd_jenkinsfiles_break_nothing if {
	every lines in [
		[], [""], [null, 1, "pipeline {"], ["pipeline { stages { stage('x') {"], ["'''"], ["\"${"], ["sh"], ["sh("], ["/"],
		["input("], ["@Library("], ["node {"], ["library 'x"], ["sh 'a' + b"], ["sh() + b"], ["credentials("], ["$/ x /$"],
	] {
		is_set(ci.deny) with input as {"text": {"path": "Jenkinsfile", "lines": lines}}
	}
	every it in [{"text": null}, {"text": {"lines": null}}, {"text": {"lines": {"a": 1}}}, {"text": {"lines": ["node { }"]}}] {
		is_set(ci.deny) with input as it
	}
}

test_s16_libraries_that_can_move_are_denied if {
	every text, name in {
		`@Library('platform') _`: "platform",
		`@Library("platform@main") _`: "platform@main",
		`@Library(['other@v1.2.3', 'platform@release/1.2']) _`: "platform@release/1.2",
		`library 'platform@1.x'`: "platform@1.x",
		`library(identifier: 'platform@master', retriever: modernSCM(x))`: "platform@master",
	} {
		denied(jenkins(text), "S16") == {sprintf("the library %s is not pinned to a tag or commit", [name])}
		shown(jenkins(text), "S16") == {text}
	}
	every text in [
		`@Library('platform@v2') _`,
		`@Library('platform@2.3.1-rc.1') _`,
		`@Library('platform@platform-2.3.1') _`,
		`@Library('platform@refs/tags/stable') _`,
		sprintf(`@Library('platform@%s') _`, [commit]),
		`library "platform@${VERSION}"`,
		`// @Library('platform') _`,
		`def x = foo.library 'platform'`,
	] {
		denied(jenkins(text), "S16") == set()
	}
}

test_s16_images_of_agents_count if {
	every text in [
		`agent { docker { image 'golang:1' } }`,
		"agent {\n  docker {\n    label 'x'\n    image 'golang:1'\n  }\n}",
		`agent { docker 'golang:1' }`,
		`docker.image('golang:1').inside { }`,
		`containerTemplate(name: 'go', image: 'golang:1')`,
	] {
		denied(jenkins(text), "S16") == {"the agent runs the image golang:1, which is no digest"}
	}
	every text in [
		`docker.image("golang:${VERSION}").inside { }`,
		`docker.image('payments').push('1.2.3')`,
		sprintf(`agent { docker 'golang%s' }`, [digest]),
	] {
		denied(jenkins(text), "S16") == set()
	}
}

pod := `
podTemplate(yaml: '''
  spec:
    containers:
      - name: go
        image: golang:1
        securityContext:
          privileged: true
''') { node(POD_LABEL) { } }`

test_s16_images_of_pods_count if {
	denied(jenkins(pod), "S16") == {"the agent's pod runs the image golang:1, which is no digest"}
	shown(jenkins(pod), "S16") == {"image: golang:1"}
}

test_s17_what_others_choose_in_a_command_is_denied if {
	every text, name in {
		`sh "make V=${params.VERSION}"`: "params.VERSION",
		`sh "make V=${params['VERSION']}"`: "params['VERSION']",
		`sh "make V=$params.VERSION"`: "params.VERSION",
		`bat "make ${env.CHANGE_TITLE}"`: "env.CHANGE_TITLE",
		`sh(script: "make ${env.BRANCH_NAME}", returnStdout: true)`: "env.BRANCH_NAME",
		`sh label: 'Make', script: "make ${params.X ?: 'y'}"`: "params.X ?: 'y'",
		`powershell 'make ' + params.VERSION`: "params.VERSION",
	} {
		denied(step(text), "S17") == {sprintf("Groovy puts %s into a command, and others choose what it is", [name])}
		shown(step(text), "S17") == {text}
	}
	every text in [
		`sh "make V=\${params.VERSION}"`,
		`sh 'make V=${params.VERSION}'`,
		`sh "make V=${params.FAST ? '1' : '2'}"`,
		`sh "make V=${env.BUILD_NUMBER}"`,
		`echo "V=${params.VERSION}"`,
	] {
		denied(step(text), "S17") == set()
	}
}

test_s17_the_line_within_a_long_command_is_shown if {
	text := "sh '''\nfirst\n'''\nsh \"\"\"\n  one\n  two ${env.TAG_NAME}\n\"\"\""
	shown(step(text), "S17") == {"two ${env.TAG_NAME}"}
}

with_parameter(text) := staged(concat("\n", [
	sprintf("parameters { %s }", [text]),
	`stage('a') { steps { sh "make ${V} ${params.V}" } }`,
]))

test_s17_parameters_count_by_their_kind if {
	every text in [`string(name: 'V', defaultValue: '1')`, `text name: 'V'`] {
		denied(with_parameter(text), "S17") == {
			"Groovy puts V into a command, and others choose what it is",
			"Groovy puts params.V into a command, and others choose what it is",
		}
	}
	every text in [`choice(name: 'V', choices: ['1', '2'])`, `booleanParam name: 'V'`] {
		denied(with_parameter(text), "S17") == set()
	}
	handed := `build job: 'x', parameters: [string(name: 'V', value: '1')]
	sh "make ${V}"`
	denied(step(handed), "S17") == set()
}

test_s17_secrets_in_commands_are_denied if {
	expected := {"Groovy puts the secret PASS into a command, where the list of processes shows it"}
	every binding in [
		`usernamePassword(credentialsId: 'x', usernameVariable: 'NAME', passwordVariable: 'PASS')`,
		`string(credentialsId: 'x', variable: 'PASS')`,
	] {
		denied(step(sprintf("withCredentials([%s]) {\nsh \"login ${NAME} ${PASS}\"\n}", [binding])), "S17") == expected
		denied(step(sprintf("withCredentials([%s]) {\nsh \"login ${NAME} \" + env.PASS\n}", [binding])), "S17") == expected
		denied(step(sprintf("withCredentials([%s]) {\nsh 'login ${PASS}'\n}", [binding])), "S17") == set()
	}
	path := "withCredentials([file(credentialsId: 'x', variable: 'PASS')]) {\nsh \"login ${PASS}\"\n}"
	denied(step(path), "S17") == set()
	own := staged(`stage('a') { environment { LOGIN = credentials('x') } steps { sh "login ${LOGIN_USR} ${LOGIN_PSW}" } }`)
	denied(own, "S17") == {"Groovy puts the secret LOGIN_PSW into a command, where the list of processes shows it"}
}

test_s17_secrets_of_the_whole_pipeline_are_denied if {
	it := staged("stage('a') { steps { sh 'x' } } }\nenvironment {\n  TOKEN = credentials('x')\n")
	denied(it, "S17") == {"every stage has the secret TOKEN in its environment"}
	shown(it, "S17") == {"TOKEN = credentials('x')"}
}

test_s17_agents_with_the_rights_of_their_node_are_denied if {
	expected := {"the agent's container is as good as root on its node"}
	denied(jenkins(pod), "S17") == expected
	shown(jenkins(pod), "S17") == {"privileged: true"}
	every text in [
		`agent { docker { args '-v /var/run/docker.sock:/var/run/docker.sock' } }`,
		`image.inside('--privileged') { }`,
		`containerTemplate(name: 'docker', privileged: true)`,
	] {
		denied(jenkins(text), "S17") == expected
	}
}

test_s17_production_that_anybody_approves_is_denied if {
	expected := {"anybody may approve what goes to production: the input has no submitter"}
	every text in [
		`stage('x') { steps { input 'Deploy to production?' } }`,
		`stage('x') { steps { input(message: 'Deploy to prod?', ok: 'Yes') } }`,
		`stage('Deploy to prod') { input { message 'Go on?' } steps { sh 'x' } }`,
	] {
		denied(staged(text), "S17") == expected
	}
	every text in [
		`stage('Prod') { steps { input message: 'Deploy to prod?', submitter: 'shop-leads' } }`,
		`stage('Dev') { steps { input 'Deploy to dev?' } }`,
		`stage('Prod') { input { message 'Go on?'
		submitter 'shop-leads' } }`,
	] {
		denied(staged(text), "S17") == set()
	}
	denied(jenkins(`input 'Deploy to live?'`), "S17") == expected
}

bare := "pipeline {\n  agent any\n  stages {\n    stage('a') { steps { sh 'x' } }\n  }\n}"

test_c4_builds_without_end_are_denied if {
	expected := {"builds, their logs and their artifacts are kept for ever (buildDiscarder)"}
	denied(jenkins(bare), "C4") == expected
	shown(jenkins(bare), "C4") == {"pipeline {"}
	denied(jenkins("node('linux') {\n  sh 'x'\n}"), "C4") == expected
	of_a_stage := "pipeline { stages { stage('a') { options { buildDiscarder(logRotator(numToKeepStr: '1')) } } } }"
	denied(jenkins(of_a_stage), "C4") == expected
	denied(staged(""), "C4") == set()
	denied(jenkins("properties([buildDiscarder(logRotator(daysToKeepStr: '30'))])\nnode { }"), "C4") == set()
}

test_c4_a_rotation_that_keeps_everything_is_denied if {
	it := jenkins(replace(good, "numToKeepStr: '20'", ""))
	denied(it, "C4") == {"the logRotator keeps every build: it has no number of builds or days"}
}

# A shared library's step, and a Jenkinsfile that only calls one: the limits are somewhere else.
test_c4_and_c6_leave_steps_of_libraries_alone if {
	step_of_library := groovy("vars/build.groovy", "def call() {\n  node('x') { sh 'y' }\n}")
	every it in [step_of_library, jenkins("buildPlugin(useContainerAgent: true)")] {
		count(ci.deny) == 0 with input as it
	}
	denied(groovy("vars/service.groovy", sprintf("def call() {\n%s\n}", [bare])), "C4") != set()
}

test_c6_no_time_limit_is_denied if {
	expected := {"the pipeline has no timeout", "an outdated build goes on beside the next one (disableConcurrentBuilds)"}
	denied(jenkins(bare), "C6") == expected
	denied(jenkins("node {\n  sh 'x'\n}"), "C6") == expected
	each_stage := replace(bare, "steps {", "options { timeout(time: 5) } steps {")
	denied(jenkins(each_stage), "C6") == {"an outdated build goes on beside the next one (disableConcurrentBuilds)"}
	denied(jenkins("properties([disableConcurrentBuilds(abortPrevious: true)])\nnode { timeout(5) { } }"), "C6") == set()
}

test_c6_outdated_builds_that_go_on_are_denied if {
	it := replace(good, "disableConcurrentBuilds(abortPrevious: true)", "disableConcurrentBuilds()")
	denied(jenkins(it), "C6") == {"an outdated build goes on, and the next one waits for it (abortPrevious)"}
	shown(jenkins(it), "C6") == {"disableConcurrentBuilds()"}
	decided := replace(good, "abortPrevious: true", "abortPrevious: false")
	denied(jenkins(decided), "C6") == set()
	denied(jenkins(replace(it, "make release", "make'\nmilestone 1\nsh 'release")), "C6") == set()
}
