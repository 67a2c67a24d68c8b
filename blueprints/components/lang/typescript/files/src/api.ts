/** Serves the operations of api/openapi.yaml, with limits, log and metrics around each. */

import underPressure from "@fastify/under-pressure";
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from "fastify";
import type { Config } from "./config.ts";
import { greetings } from "./greetings.ts";
import { thrown, traceBinding, traceIdOf } from "./logs.ts";
import type { Metrics } from "./metrics.ts";
import { ProblemError, problemOf, sendProblem } from "./problems.ts";

// The route of a request for which there is none.
const unmatched = "unmatched";

// What nginx logs when the caller has gone: neither its fault nor the service's.
const clientClosedRequest = 499;

// Callers that wait longer than this for the event loop are turned away until it has caught up: a late answer to
// everybody helps nobody.
const maxEventLoopDelayMilliseconds = 1_000;
const retryAfterSeconds = 2;

const headersTimeoutMilliseconds = 5_000;
const maxHeaderBytes = 16 * 1024;

// Longer than the idle timeout of the usual load balancers (60 s), so that it is they who close a connection; otherwise
// a request can meet a connection that is just being closed.
const idleTimeoutMilliseconds = 75_000;

declare module "fastify" {
  interface FastifyRequest {
    /** Aborted when the time of the request is up or its caller has gone. Pass it on: `fetch(url, { signal })`. */
    deadline: AbortSignal;
  }

  interface FastifyContextConfig {
    /** The route as the contract spells it: /v1/greetings/{language}. */
    pattern?: string;
  }
}

export interface ApiOptions {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Registers the operations. */
  readonly operations?: FastifyPluginAsync;
}

export function createApi({ config, logger, metrics, operations = greetings }: ApiOptions): FastifyInstance {
  const requestTimeout = config.requestTimeoutSeconds * 1_000;
  const app = fastify({
    ajv: {
      // Name all that is wrong, and take nothing for what it isn't.
      customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false },
    },
    bodyLimit: config.maxRequestBytes,
    childLoggerFactory: (parent, _bindings, options, request) => {
      const traceId = traceIdOf(request.headers["traceparent"]);
      return parent.child(traceId === undefined ? {} : traceBinding(config.logFormat, traceId), options);
    },
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply, problemOf(error, config.maxRequestBytes));
    },
    http: {
      connectionsCheckingInterval: 1_000,
      headersTimeout: headersTimeoutMilliseconds,
      maxHeaderSize: maxHeaderBytes,
    },
    keepAliveTimeout: idleTimeoutMilliseconds,
    // The hook below writes a line for each request, and says more.
    logController: new LogController({ disableRequestLogging: true }),
    loggerInstance: logger,
    // For those who send slowly: their connection is closed.
    requestTimeout: requestTimeout + headersTimeoutMilliseconds,
    // While the last requests are answered, late ones are answered as well.
    return503OnClosing: false,
  });
  app.removeContentTypeParser("text/plain");

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, config.maxRequestBytes);
    if (problem.statusCode === 500) {
      request.log.error(thrown(error), "request failed");
    }
    return sendProblem(reply, problem);
  });

  // A scope of its own, so that probes are neither counted nor turned away.
  const observed: FastifyPluginAsync = async (scope) => {
    observe(scope, requestTimeout, metrics);
    await scope.register(underPressure, {
      maxEventLoopDelay: maxEventLoopDelayMilliseconds,
      retryAfter: retryAfterSeconds,
    });
    scope.setNotFoundHandler(() => {
      throw new ProblemError(404);
    });
    const methods = methodsByPath(scope);
    await scope.register(operations);
    refuseOtherMethods(scope, methods);
  };
  void app.register(observed);
  return app;
}

/** Limits a request's time, counts it and logs it. */
function observe(scope: FastifyInstance, timeout: number, metrics: Metrics): void {
  scope.decorateRequest("deadline");
  scope.addHook("onRequest", (request, reply, done) => {
    const cancel = new AbortController();
    request.deadline = cancel.signal;
    const timer = setTimeout(() => {
      const late = new ProblemError(503, "The request took too long.");
      cancel.abort(late);
      if (!reply.sent) {
        // Part of the request may still be under way: nothing else can come over this connection.
        void reply.header("connection", "close").send(late);
      }
    }, timeout);

    // Not Fastify's hooks: they miss callers that go away after they have sent a body.
    reply.raw.once("close", () => {
      clearTimeout(timer);
      cancel.abort();
      const route = request.routeOptions.config.pattern ?? unmatched;
      const status = reply.raw.writableEnded ? reply.statusCode : clientClosedRequest;
      const duration = reply.elapsedTime / 1_000;
      metrics.observeRequest(request.method, route, status, duration);
      request.log.info({ method: request.method, route, status, duration }, "request");
    });

    void reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    done();
  });
}

/** Collects what is registered from now on. */
function methodsByPath(scope: FastifyInstance): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  scope.addHook("onRoute", (route) => {
    route.config = { ...route.config, pattern: route.url.replaceAll(/:(\w+)/g, "{$1}") };
    methods.set(route.url, [...(methods.get(route.url) ?? []), route.method].flat());
  });
  return methods;
}

function refuseOtherMethods(scope: FastifyInstance, methods: ReadonlyMap<string, readonly string[]>): void {
  for (const [url, allowed] of [...methods]) {
    scope.route({
      method: scope.supportedMethods.filter((method) => !allowed.includes(method)),
      url,
      handler: (_request, reply) => {
        void reply.header("allow", allowed.join(", "));
        throw new ProblemError(405);
      },
    });
  }
}
