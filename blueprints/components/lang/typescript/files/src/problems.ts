/** Error responses: problem details as in RFC 9457. */

import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply } from "fastify";

export const problemType = "application/problem+json";

// The contract allows no more.
const mostErrors = 20;

// Node still calls some statuses by the names that RFC 9110 has replaced.
const titles: Readonly<Record<number, string>> = { 413: "Content Too Large", 422: "Unprocessable Content" };

/** A field of the request's body, as a JSON pointer, and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** Ends a request with a problem: throw it. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly statusCode: number;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[];

  constructor(statusCode: number, detail?: string, errors: readonly FieldError[] = []) {
    super(detail ?? STATUS_CODES[statusCode]);
    this.statusCode = statusCode;
    this.detail = detail;
    this.errors = errors;
  }
}

/** Answers with a problem. about:blank says that the status explains it, and then the title is the status's. */
export function sendProblem(reply: FastifyReply, problem: ProblemError): FastifyReply {
  const { statusCode: status, detail, errors } = problem;
  const body = JSON.stringify({
    type: "about:blank",
    title: titles[status] ?? STATUS_CODES[status] ?? "Error",
    status,
    detail,
    errors: errors.length > 0 ? errors.slice(0, mostErrors) : undefined,
  });
  return reply.code(status).type(problemType).send(body);
}

/** What callers get to see of whatever was thrown: everything of a ProblemError, of other faults of ours nothing. */
export function problemOf(error: unknown, maxRequestBytes: number): ProblemError {
  if (error instanceof ProblemError) {
    return error;
  }
  if (!isFastifyError(error)) {
    return new ProblemError(500);
  }
  if (error.validation !== undefined) {
    return error.validationContext === "body"
      ? new ProblemError(422, "The body does not match its schema.", error.validation.map(fieldError))
      : new ProblemError(400, `The ${error.validationContext ?? "request"} does not match its schema.`);
  }
  const status = error.statusCode ?? 500;
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new ProblemError(413, `Send at most ${maxRequestBytes} bytes.`);
  }
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new ProblemError(415, "Send the body as application/json.");
  }
  if (error.code === "FST_UNDER_PRESSURE") {
    return new ProblemError(503, "The service is overloaded.");
  }
  if (status === 400) {
    return new ProblemError(400, error.code === "FST_ERR_BAD_URL" ? "The path is wrong." : "The body is not JSON.");
  }
  return new ProblemError(status >= 400 && status < 500 ? status : 500);
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function fieldError(error: NonNullable<FastifyError["validation"]>[number]): FieldError {
  const { instancePath, keyword, message, params } = error;
  if (keyword === "required") {
    return { pointer: `${instancePath}/${String(params["missingProperty"])}`, detail: "is required" };
  }
  if (keyword === "enum" && Array.isArray(params["allowedValues"])) {
    return { pointer: instancePath, detail: `must be one of ${params["allowedValues"].join(", ")}` };
  }
  return { pointer: instancePath, detail: message ?? "does not match its schema" };
}
