/** Holds the operations and their answers to api/openapi.yaml. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fastify, { type InjectOptions, type LightMyRequestResponse } from "fastify";
import { parse } from "yaml";
import { greetings } from "../src/greetings.ts";
import { problemType } from "../src/problems.ts";
import { testApi } from "./support.ts";

const jsonType = "application/json";
const compose = "POST /v1/greetings";
const look = "GET /v1/greetings/{language}";

interface Content {
  readonly schema: { readonly $ref: string };
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Body {
  readonly content: Readonly<Record<string, Content>>;
}
type Reference<T> = T | { readonly $ref: string };
interface Operation {
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Reference<Body>>>;
}
interface Parameter {
  readonly name: string;
  readonly example: string;
}
type PathItem = Readonly<Record<string, Operation>> & { readonly parameters?: readonly Reference<Parameter>[] };

const contract = parse(await readFile("api/openapi.yaml", "utf8")) as {
  readonly paths: Readonly<Record<string, PathItem>>;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(contract, "contract");

/** All operations by "METHOD /path". */
const operations = new Map<string, Operation>(
  Object.entries(contract.paths).flatMap(([path, { parameters: _, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  ),
);

/** Follows a reference within the contract. */
function resolve<T extends object>(node: Reference<T>): T {
  if (!("$ref" in node)) {
    return node;
  }
  const keys = String(node.$ref).replace("#/", "").split("/");
  return keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], contract) as T;
}

function validate({ schema }: Content, value: unknown, what: string): void {
  const valid = ajv.getSchema(`contract${schema.$ref}`);
  assert.ok(valid, `the contract has no ${schema.$ref}`);
  assert.ok(valid(value), `${what}: ${ajv.errorsText(valid.errors)}`);
}

/** Puts the parameters' examples into a path. */
function concrete(path: string): string {
  return (contract.paths[path]?.parameters ?? [])
    .map((parameter) => resolve(parameter))
    .reduce((text, { name, example }) => text.replace(`{${name}}`, example), path);
}

async function call(name: string, more: InjectOptions = {}): Promise<LightMyRequestResponse> {
  const [method = "", path = ""] = name.split(" ");
  const { api } = testApi();
  try {
    return await api.inject({ method: method as NonNullable<InjectOptions["method"]>, url: concrete(path), ...more });
  } finally {
    await api.close();
  }
}

/** Fails if the contract does not know an operation's response. */
function check(name: string, response: LightMyRequestResponse): void {
  const responses = operations.get(name)?.responses ?? {};
  const status = String(response.statusCode);
  assert.ok(status in responses || response.statusCode >= 400, `${name} answered ${status}, not in the contract`);
  const known = responses[status] ?? responses["default"];
  assert.ok(known, `the contract of ${name} knows no other errors`);

  const mediaType = String(response.headers["content-type"]).split(";")[0] ?? "";
  const content = resolve(known).content[mediaType];
  assert.ok(content, `${name} answered ${status} as ${mediaType}, not in the contract`);
  const body: unknown = response.json();
  validate(content, body, `${name} answered ${status}`);
  if (mediaType === problemType) {
    assert.equal((body as { status: number }).status, response.statusCode);
  }
}

test("the routes are those of the contract", async () => {
  const served: string[] = [];
  const app = fastify({ exposeHeadRoutes: false });
  app.addHook("onRoute", ({ method, url }) => {
    served.push(`${String(method)} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
  });
  await app.register(greetings);
  await app.ready();
  assert.deepEqual(served.toSorted(), [...operations.keys()].toSorted());
});

describe("the examples of the contract", () => {
  for (const [name, operation] of operations) {
    const requests = Object.values(operation.requestBody?.content[jsonType]?.examples ?? {});
    for (const { value } of requests.length > 0 ? requests : [{ value: undefined }]) {
      test(`${name} answers ${JSON.stringify(value) ?? "without a body"}`, async () => {
        const response = await call(name, value === undefined ? {} : { payload: value as object });
        assert.ok(response.statusCode < 400, `answered ${response.statusCode}: ${response.body}`);
        check(name, response);
      });
    }

    test(`responses of ${name} match their schemas`, () => {
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const content of Object.values(resolve(response).content)) {
          for (const [key, { value }] of Object.entries(content.examples ?? {})) {
            validate(content, value, `example ${key} of ${status}`);
          }
        }
      }
    });
  }
});

describe("what is wrong with a body is named", () => {
  const ofLength = (length: number): string => JSON.stringify({ language: "en", name: "ä".repeat(length) });
  const cases: [what: string, body: string, status: number, pointers: string[]][] = [
    ["no JSON", '{"language":', 400, []],
    ["nothing", "", 400, []],
    ["not a number", "NaN", 400, []],
    ["deep", "[".repeat(1000), 400, []],
    ["two values", '{"language": "en", "name": "Ada"} {}', 400, []],
    ["a prototype", '{"__proto__": {}}', 400, []],
    ["too large", ofLength(2000), 413, []],
    ["no fields", "{}", 422, ["/language", "/name"]],
    ["an unknown language", '{"language": "xx", "name": "Ada"}', 422, ["/language"]],
    ["an inherited name as language", '{"language": "constructor", "name": "Ada"}', 422, ["/language"]],
    ["a list as language", '{"language": ["en"], "name": "Ada"}', 422, ["/language"]],
    ["an unknown field", '{"language": "en", "name": "Ada", "age": 36}', 422, [""]],
    ["a number as name", '{"language": "en", "name": 36}', 422, ["/name"]],
    ["no object", "[]", 422, [""]],
    ["no name", ofLength(0), 422, ["/name"]],
    ["a name that is too long", ofLength(81), 422, ["/name"]],
    ["the longest name", ofLength(80), 200, []],
    ["the longest name in characters of two units", ofLength(80).replaceAll("ä", "𝄞"), 200, []],
  ];
  for (const [what, payload, status, pointers] of cases) {
    test(what, async () => {
      const response = await call(compose, { payload, headers: { "content-type": jsonType } });
      assert.equal(response.statusCode, status, response.body);
      const { errors = [] } = response.json<{ errors?: { pointer: string }[] }>();
      assert.deepEqual(errors.map(({ pointer }) => pointer).toSorted(), pointers);
      check(compose, response);
    });
  }
});

test("no more errors are named than the contract allows", async () => {
  const payload = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, 0]));
  const response = await call(compose, { payload });
  assert.equal(response.statusCode, 422);
  check(compose, response);
});

test("a wrong media type is refused", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const response = await call(compose, { payload: "name=Ada", headers: { "content-type": type } });
    assert.equal(response.statusCode, 415);
    check(compose, response);
  }
});

test("an unknown language is a problem", async () => {
  const response = await call(look, { url: "/v1/greetings/xx" });
  assert.equal(response.statusCode, 404);
  check(look, response);
});
