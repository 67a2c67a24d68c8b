/** The example resource: greetings in several languages. */

import type { JsonSchemaToTsProvider } from "@fastify/type-provider-json-schema-to-ts";
import type { FastifyPluginAsync } from "fastify";
import { ProblemError } from "./problems.ts";

const languages = ["de", "en", "es", "fr", "ja"] as const;

const templates: Readonly<Record<(typeof languages)[number], string>> = {
  de: "Hallo, {name}!",
  en: "Hello, {name}!",
  es: "¡Hola, {name}!",
  fr: "Bonjour, {name} !",
  ja: "こんにちは、{name}さん。",
};

// The type of a request's body is the compiler's reading of its schema: the two cannot drift apart.
const greetingRequest = {
  type: "object",
  additionalProperties: false,
  required: ["language", "name"],
  properties: {
    language: { enum: languages },
    name: { type: "string", minLength: 1, maxLength: 80 },
  },
} as const;

const greetingParameters = {
  type: "object",
  required: ["language"],
  properties: {
    language: { type: "string" },
  },
} as const;

/** Methods and paths are those of api/openapi.yaml; a test compares them. */
export const greetings: FastifyPluginAsync = async (scope) => {
  const app = scope.withTypeProvider<JsonSchemaToTsProvider>();

  app.post("/v1/greetings", { schema: { body: greetingRequest } }, async ({ body: { language, name } }) => {
    // A function, because `$&` in a name is a pattern of replaceAll's otherwise.
    return { language, message: templates[language].replace("{name}", () => name) };
  });

  app.get("/v1/greetings/:language", { schema: { params: greetingParameters } }, async ({ params }) => {
    const language = languages.find((each) => each === params.language);
    if (language === undefined) {
      throw new ProblemError(404, "There is no greeting in this language.");
    }
    return { language, template: templates[language] };
  });
};
