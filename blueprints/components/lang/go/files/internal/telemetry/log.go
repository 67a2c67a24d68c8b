// Package telemetry holds what the service tells about itself: logs, trace ids and metrics.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

type traceIDKey struct{}

// The header of W3C Trace Context: version, trace id, parent id, flags. A later version may append fields.
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)

// Log says which records are written and how.
type Log struct {
	Level slog.Level
	// ECS has the fields named as the Elastic Common Schema names them.
	ECS bool
	// Service is the service's name, which the Elastic Common Schema wants in each record.
	Service string
}

// NewLogger writes one JSON object a line. A record whose context carries a trace id gets it as trace_id.
func NewLogger(w io.Writer, log Log) *slog.Logger {
	options := slog.HandlerOptions{Level: log.Level}
	if !log.ECS {
		return slog.New(traceHandler{slog.NewJSONHandler(w, &options)})
	}
	options.ReplaceAttr = ecsField
	handler := slog.NewJSONHandler(w, &options).WithAttrs([]slog.Attr{
		slog.String("ecs", ecsVersion),
		slog.String("service", log.Service),
	})
	return slog.New(traceHandler{handler})
}

// WithTraceID returns a context that carries the trace id of a traceparent header, if the header is valid.
func WithTraceID(ctx context.Context, header string) context.Context {
	match := traceparent.FindStringSubmatch(header)
	if match == nil {
		return ctx
	}
	version, traceID, parentID, rest := match[1], match[2], match[3], match[4]
	if version == "ff" || version == "00" && rest != "" || allZero(traceID) || allZero(parentID) {
		return ctx
	}
	return context.WithValue(ctx, traceIDKey{}, traceID)
}

func allZero(id string) bool {
	return strings.Trim(id, "0") == ""
}

type traceHandler struct {
	slog.Handler
}

func (h traceHandler) Handle(ctx context.Context, record slog.Record) error {
	if traceID, ok := ctx.Value(traceIDKey{}).(string); ok {
		record.AddAttrs(slog.String("trace_id", traceID))
	}
	return h.Handler.Handle(ctx, record)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

func (h traceHandler) WithGroup(name string) slog.Handler {
	return traceHandler{h.Handler.WithGroup(name)}
}
