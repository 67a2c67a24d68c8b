/** The service's configuration, read from the environment. */

/** Describes every variable that `loadConfig` reads. */
export const usage = `\
  HTTP_PORT                8080   port of the API, /livez and /readyz
  METRICS_PORT             9090   port of /metrics
  LOG_LEVEL                info   debug, info, warn or error
  LOG_FORMAT               json   json, or ecs for the field names of the Elastic Common Schema
  REQUEST_TIMEOUT_SECONDS  10     a request that takes longer is answered with 503
  MAX_REQUEST_BYTES        65536  a larger body is answered with 413
  SHUTDOWN_GRACE_SECONDS   25     time from SIGTERM to the end, for requests in flight
`;

const logLevels = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof logLevels)[number];

const logFormats = ["json", "ecs"] as const;

export type LogFormat = (typeof logFormats)[number];

export interface Config {
  readonly httpPort: number;
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly requestTimeoutSeconds: number;
  readonly maxRequestBytes: number;
  readonly shutdownGraceSeconds: number;
}

/** Names every problem of the environment, one a line. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all variables; an unset or empty one gets its default. Throws a ConfigError. */
export function loadConfig(environment: Environment): Config {
  const problems: string[] = [];

  function integer(key: string, fallback: number, least: number, most: number): number {
    const text = environment[key] || String(fallback);
    const number = Number(text);
    if (!/^[0-9]{1,9}$/.test(text) || number < least || number > most) {
      problems.push(`${key}=${JSON.stringify(text)}: want a whole number from ${least} to ${most}`);
      return fallback;
    }
    return number;
  }

  function oneOf<T extends string>(key: string, choices: readonly T[], fallback: T, wanted: string): T {
    const text = environment[key] || fallback;
    const known = choices.find((each) => each === text.toLowerCase());
    if (known === undefined) {
      problems.push(`${key}=${JSON.stringify(text)}: want ${wanted}`);
      return fallback;
    }
    return known;
  }

  const config: Config = {
    httpPort: integer("HTTP_PORT", 8080, 1, 65_535),
    metricsPort: integer("METRICS_PORT", 9090, 1, 65_535),
    logLevel: oneOf("LOG_LEVEL", logLevels, "info", "debug, info, warn or error"),
    logFormat: oneOf("LOG_FORMAT", logFormats, "json", "json or ecs"),
    requestTimeoutSeconds: integer("REQUEST_TIMEOUT_SECONDS", 10, 1, 300),
    maxRequestBytes: integer("MAX_REQUEST_BYTES", 64 * 1024, 1, 64 * 1024 * 1024),
    shutdownGraceSeconds: integer("SHUTDOWN_GRACE_SECONDS", 25, 1, 600),
  };
  if (config.httpPort === config.metricsPort) {
    problems.push("HTTP_PORT and METRICS_PORT are the same: want two ports");
  }

  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return config;
}
