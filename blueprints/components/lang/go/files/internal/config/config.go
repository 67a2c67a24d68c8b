// Package config reads the service's configuration from the environment.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Usage describes every variable that Load reads.
const Usage = `  HTTP_PORT                8080   port of the API, /livez and /readyz
  METRICS_PORT             9090   port of /metrics
  LOG_LEVEL                info   debug, info, warn or error
  LOG_FORMAT               json   json, or ecs for the field names of the Elastic Common Schema
  REQUEST_TIMEOUT_SECONDS  10     a request that takes longer is answered with 503
  MAX_REQUEST_BYTES        65536  a larger body is answered with 413
  SHUTDOWN_GRACE_SECONDS   25     time from SIGTERM to the end, for requests in flight
`

// Config holds the validated configuration.
type Config struct {
	HTTPPort        int
	MetricsPort     int
	LogLevel        slog.Level
	LogECS          bool
	RequestTimeout  time.Duration
	MaxRequestBytes int64
	ShutdownGrace   time.Duration
}

// Load reads and checks all variables. An unset or empty variable gets its default; the error names every problem.
func Load(getenv func(string) string) (Config, error) {
	var problems []error

	integer := func(key string, fallback, least, most int) int {
		text := getenv(key)
		if text == "" {
			return fallback
		}
		number, err := strconv.Atoi(text)
		if err != nil || number < least || number > most {
			problems = append(problems, fmt.Errorf("%s=%q: want a whole number from %d to %d", key, text, least, most))
			return fallback
		}
		return number
	}

	config := Config{
		HTTPPort:        integer("HTTP_PORT", 8080, 1, 65535),
		MetricsPort:     integer("METRICS_PORT", 9090, 1, 65535),
		RequestTimeout:  time.Duration(integer("REQUEST_TIMEOUT_SECONDS", 10, 1, 300)) * time.Second,
		MaxRequestBytes: int64(integer("MAX_REQUEST_BYTES", 64<<10, 1, 64<<20)),
		ShutdownGrace:   time.Duration(integer("SHUTDOWN_GRACE_SECONDS", 25, 1, 600)) * time.Second,
	}
	if config.HTTPPort == config.MetricsPort {
		problems = append(problems, errors.New("HTTP_PORT and METRICS_PORT are the same: want two ports"))
	}

	switch level := getenv("LOG_LEVEL"); strings.ToLower(level) {
	case "debug":
		config.LogLevel = slog.LevelDebug
	case "", "info":
		config.LogLevel = slog.LevelInfo
	case "warn":
		config.LogLevel = slog.LevelWarn
	case "error":
		config.LogLevel = slog.LevelError
	default:
		problems = append(problems, fmt.Errorf("LOG_LEVEL=%q: want debug, info, warn or error", level))
	}

	switch format := getenv("LOG_FORMAT"); strings.ToLower(format) {
	case "", "json":
	case "ecs":
		config.LogECS = true
	default:
		problems = append(problems, fmt.Errorf("LOG_FORMAT=%q: want json or ecs", format))
	}

	if len(problems) > 0 {
		return Config{}, errors.Join(problems...)
	}
	return config, nil
}
