package telemetry

import (
	"log/slog"
	"strings"
	"time"
)

// ecsVersion is the version of the Elastic Common Schema whose field names are used.
const ecsVersion = "8.11.0"

// The names that the Elastic Common Schema has for what the service logs. Whatever it has no name for becomes a label.
var ecsNames = map[string]string{
	slog.TimeKey:    "@timestamp",
	slog.LevelKey:   "log.level",
	slog.MessageKey: "message",
	"trace_id":      "trace.id",
	"method":        "http.request.method",
	"route":         "http.route",
	"status":        "http.response.status_code",
	"duration":      "event.duration",
	"error":         "error.message",
	"stack":         "error.stack_trace",
	"version":       "service.version",
	"ecs":           "ecs.version",
	"service":       "service.name",
}

// ecsField renames a field of a record. Its value stays, but for those that the schema wants otherwise.
func ecsField(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 || strings.Contains(attr.Key, ".") {
		return attr
	}
	name, known := ecsNames[attr.Key]
	if !known {
		name = "labels." + attr.Key
	}
	switch attr.Key {
	case slog.LevelKey:
		attr.Value = slog.StringValue(strings.ToLower(attr.Value.String()))
	case "duration":
		// The schema counts nanoseconds.
		attr.Value = slog.Int64Value(int64(attr.Value.Float64() * float64(time.Second)))
	}
	attr.Key = name
	return attr
}
