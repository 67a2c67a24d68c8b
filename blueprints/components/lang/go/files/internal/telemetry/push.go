package telemetry

import (
	"context"
	"log/slog"
	"os"

	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Service identifies the sender of pushed metrics. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over it.
type Service struct {
	Name    string
	Version string
}

// StartPush pushes by OTLP over HTTP what /metrics shows: the same names, so that the rules need not know how a metric
// came. The OTEL_* variables of the OpenTelemetry specification configure it; without an endpoint nothing is pushed.
// The function that it returns pushes a last time and stops.
func StartPush(
	ctx context.Context, metrics *Metrics, logger *slog.Logger, service Service,
) (func(context.Context) error, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") == "" {
		logger.InfoContext(ctx, "metrics are not pushed: OTEL_EXPORTER_OTLP_ENDPOINT is not set")
		return func(context.Context) error { return nil }, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.WarnContext(ctx, "telemetry failed", "error", err)
	}))

	// Replicas push the same series; the instance is what keeps them apart.
	hostname, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	identity, err := resource.New(
		ctx,
		resource.WithAttributes(
			attribute.String("service.name", service.Name),
			attribute.String("service.version", service.Version),
			attribute.String("service.instance.id", hostname),
		),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, err
	}
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, err
	}

	producer := bridge.NewMetricProducer(bridge.WithGatherer(metrics.registry))
	provider := metric.NewMeterProvider(
		metric.WithResource(identity),
		metric.WithReader(metric.NewPeriodicReader(exporter, metric.WithProducer(producer))),
	)
	return provider.Shutdown, nil
}
