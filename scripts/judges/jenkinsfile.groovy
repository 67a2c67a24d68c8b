// Reads Jenkinsfiles with Groovy's own parser and says where they are no declarative pipeline, as Jenkins' validator would: which
// blocks and settings may stand where, what is there once, what a stage needs. Jenkins' own validator is on no package registry.
// Usage: jenkinsfile.groovy FILE...; prints file:line: what is wrong, and fails where anything is.
// The rules: https://www.jenkins.io/doc/book/pipeline/syntax/
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.builder.AstBuilder
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.MultipleCompilationErrorsException

class Reader {
    static final PIPELINE = ['agent', 'environment', 'libraries', 'options', 'parameters', 'post', 'stages', 'tools', 'triggers']
    static final STAGE = ['agent', 'environment', 'failFast', 'input', 'matrix', 'options', 'parallel', 'post', 'stages', 'steps',
                          'tools', 'when']
    static final WORK = ['steps', 'stages', 'parallel', 'matrix']
    static final POST = ['always', 'changed', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable', 'unsuccessful',
                         'cleanup']
    static final WHEN = ['allOf', 'anyOf', 'not', 'branch', 'buildingTag', 'changelog', 'changeset', 'changeRequest', 'environment',
                         'equals', 'expression', 'isRestartedRun', 'tag', 'triggeredBy']
    static final BEFORE = ['beforeAgent', 'beforeInput', 'beforeOptions']
    static final STAGE_OPTIONS = ['lock', 'retry', 'skipDefaultCheckout', 'timeout', 'timestamps', 'withCredentials']
    static final PIPELINE_OPTIONS = STAGE_OPTIONS + ['ansiColor', 'buildDiscarder', 'checkoutToSubdirectory',
                                                     'disableConcurrentBuilds', 'disableRestartFromStage', 'disableResume',
                                                     'newContainerPerStage', 'overrideIndexTriggers', 'parallelsAlwaysFailFast',
                                                     'preserveStashes', 'quietPeriod', 'rateLimitBuilds', 'skipStagesAfterUnstable']
    static final AGENT = ['any', 'docker', 'dockerfile', 'kubernetes', 'label', 'node', 'none']
    static final INPUT = ['id', 'message', 'ok', 'parameters', 'submitter', 'submitterParameter']
    static final PARAMETERS = ['booleanParam', 'choice', 'password', 'string', 'text']

    String file
    List<String> found = []

    void bad(ASTNode node, String text) { found << "${file}:${node.lineNumber}: ${text}".toString() }

    /** The calls of a block, each a name with its arguments; whatever else stands there is refused. */
    List<MethodCallExpression> calls(ClosureExpression block, String where) {
        block.code.statements.findResults { Statement statement ->
            def it = statement instanceof ExpressionStatement ? statement.expression : null
            if (it instanceof MethodCallExpression && it.implicitThis) return it
            bad(statement, "${where} holds something that is no setting, step or block")
            null
        }
    }

    List<Expression> arguments(MethodCallExpression call) {
        call.arguments instanceof TupleExpression ? call.arguments.expressions : [call.arguments]
    }

    ClosureExpression block(MethodCallExpression call) {
        def last = arguments(call) ? arguments(call).last() : null
        if (last instanceof ClosureExpression) return last
        bad(call, "${call.methodAsString} needs a block")
        null
    }

    void among(MethodCallExpression call, Collection<String> known, String where) {
        if (!(call.methodAsString in known)) bad(call, "${where} knows no ${call.methodAsString}: ${known.join(', ')}")
    }

    Map<String, MethodCallExpression> sections(ClosureExpression block, Collection<String> known, String where) {
        Map<String, MethodCallExpression> byName = [:]
        calls(block, where).each {
            among(it, known, where)
            if (byName.put(it.methodAsString, it)) bad(it, "${where} has ${it.methodAsString} twice")
        }
        byName
    }

    void read(String text) {
        List<ASTNode> nodes
        try {
            nodes = new AstBuilder().buildFromString(CompilePhase.CONVERSION, false, text)
        } catch (MultipleCompilationErrorsException broken) {
            broken.errorCollector.errors.each { found << "${file}:${it.cause.line}: ${it.cause.originalMessage}".toString() }
            return
        }
        def pipelines = nodes.find { it instanceof BlockStatement }.statements.findAll {
            it instanceof ExpressionStatement && it.expression instanceof MethodCallExpression &&
                it.expression.methodAsString == 'pipeline'
        }
        if (pipelines.size() != 1) {
            found << "${file}:1: there have to be one pipeline block, and there are ${pipelines.size()}".toString()
            return
        }
        def body = block(pipelines[0].expression)
        if (!body) return
        def parts = sections(body, PIPELINE, 'pipeline')
        ['agent', 'stages'].findAll { !parts[it] }.each { bad(body, "pipeline has no ${it}") }
        common(parts, PIPELINE_OPTIONS, 'pipeline')
        parts.parameters?.with { block(it)?.with { calls(it, 'parameters').each { among(it, PARAMETERS, 'parameters') } } }
        parts.stages?.with { stages(it, hasAgent(parts), false) }
    }

    boolean hasAgent(Map<String, MethodCallExpression> parts) {
        parts.agent && arguments(parts.agent).first().text != 'none'
    }

    void common(Map<String, MethodCallExpression> parts, Collection<String> options, String where) {
        parts.agent?.with { agent(it) }
        parts.options?.with { block(it)?.with { calls(it, 'options').each { among(it, options, "options of ${where}") } } }
        parts.environment?.with { environment(it) }
        parts.post?.with { call ->
            block(call)?.with { sections(it, POST, 'post').values().each { steps(it, "post ${it.methodAsString}") } }
        }
    }

    void agent(MethodCallExpression call) {
        def argument = arguments(call).first()
        if (argument instanceof ClosureExpression) {
            calls(argument, 'agent').each { among(it, AGENT, 'agent') }
        } else if (!(argument.text in ['any', 'none'])) {
            bad(call, "agent is any, none or a block, and no ${argument.text}")
        }
    }

    void environment(MethodCallExpression call) {
        block(call)?.code?.statements?.each { Statement statement ->
            def it = statement instanceof ExpressionStatement ? statement.expression : null
            if (!(it instanceof BinaryExpression && it.operation.text == '=' && it.leftExpression instanceof VariableExpression)) {
                bad(statement, 'environment holds something that is no NAME = value')
            }
        }
    }

    void stages(MethodCallExpression call, boolean agent, boolean inParallel) {
        def body = block(call)
        if (!body) return
        def names = []
        def all = calls(body, call.methodAsString)
        if (!all) bad(call, "${call.methodAsString} holds no stage")
        all.each {
            if (it.methodAsString != 'stage') {
                bad(it, "${call.methodAsString} holds stages only, and no ${it.methodAsString}")
                return
            }
            def title = arguments(it).first()
            if (!(title instanceof ConstantExpression)) bad(it, 'the name of a stage is a plain text')
            if (title.text in names) bad(it, "there are two stages called ${title.text}")
            names << title.text
            stage(it, "stage ${title.text}", agent, inParallel)
        }
    }

    void stage(MethodCallExpression call, String where, boolean outer, boolean inParallel) {
        def body = block(call)
        if (!body) return
        def parts = sections(body, STAGE, where)
        common(parts, STAGE_OPTIONS, where)
        def work = WORK.findAll { parts[it] }
        if (work.size() != 1) bad(call, "${where} has one of ${WORK.join(', ')}, and not ${work ?: 'none'}")
        def agent = parts.agent ? hasAgent(parts) : outer
        if (parts.when) condition(parts.when, parts, where)
        if (parts.input) {
            def keys = block(parts.input)?.with { sections(it, INPUT, "input of ${where}") } ?: [:]
            if (!keys.message) bad(parts.input, "input of ${where} has no message")
            if (parts.when && !block(parts.when)?.code?.text?.contains('beforeInput')) {
                bad(parts.when, "${where} asks before it looks whether there is anything to do: beforeInput true")
            }
            if (outer) bad(parts.input, "${where} holds an agent while it waits for an answer")
        }
        parts.steps?.with {
            if (!agent) bad(it, "${where} has steps and no agent")
            steps(it, where)
        }
        parts.stages?.with { stages(it, agent, inParallel) }
        parts.parallel?.with {
            if (inParallel) bad(it, "${where} is parallel within what is parallel")
            ['agent', 'tools'].findAll { parts[it] }.each { bad(call, "${where} is parallel, so it can have no ${it} of its own") }
            stages(it, outer, true)
        }
    }

    void condition(MethodCallExpression call, Map<String, MethodCallExpression> parts, String where) {
        def inner = block(call)?.with { calls(it, "when of ${where}") } ?: []
        inner.each { condition(it, where, call.methodAsString == 'when') }
        if (!inner.any { it.methodAsString in WHEN }) bad(call, "when of ${where} has no condition")
        if (parts.agent && !inner.any { it.methodAsString == 'beforeAgent' }) {
            bad(call, "${where} starts an agent before it looks whether there is anything to do: beforeAgent true")
        }
    }

    void condition(MethodCallExpression call, String where, boolean top) {
        among(call, top ? WHEN + BEFORE : WHEN, "when of ${where}")
        if (call.methodAsString in ['allOf', 'anyOf', 'not']) {
            def inner = block(call)?.with { calls(it, call.methodAsString) } ?: []
            if (!inner || (call.methodAsString == 'not' && inner.size() != 1)) bad(call, "${call.methodAsString} of ${where} needs conditions")
            inner.each { condition(it, where, false) }
        }
    }

    /** Steps are calls; Groovy of any other kind needs a script block. */
    void steps(MethodCallExpression call, String where) {
        def body = block(call)
        if (!body) return
        def all = calls(body, "steps of ${where}")
        if (!all) bad(call, "${where} has no step")
        all.each {
            if (it.methodAsString == 'script') return
            if (it.methodAsString in PIPELINE + STAGE - ['input']) bad(it, "${it.methodAsString} is no step, in ${where}")
            if (arguments(it) && arguments(it).last() instanceof ClosureExpression) steps(it, where)
        }
    }
}

def found = args.collectMany { name ->
    def reader = new Reader(file: name)
    reader.read(new File(name).getText('UTF-8'))
    reader.found
}
found.each { println it }
System.exit(found ? 1 : 0)
