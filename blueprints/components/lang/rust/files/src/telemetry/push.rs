//! Pushes by OTLP over HTTP what /metrics shows: the same names, so that the rules need not know how a metric came. The
//! `OTEL_*` variables of the OpenTelemetry specification configure it; without an endpoint nothing is pushed.

use std::fmt;
use std::fs;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter, MeterProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::info;

use super::metrics::{BUCKETS, BUILD, BUILD_HELP, DURATION, DURATION_HELP};
use super::{Build, process};

/// A collector that takes longer than this gets the metrics with the next push.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Why metrics are not pushed.
#[derive(Debug)]
pub enum PushError {
    Start(ExporterBuildError),
    Stop(OTelSdkError),
    Panicked,
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "start pushing metrics: {error}"),
            Self::Stop(error) => write!(f, "push metrics a last time: {error}"),
            Self::Panicked => f.write_str("push metrics a last time: the thread panicked"),
        }
    }
}

impl std::error::Error for PushError {}

/// Metrics that are pushed.
pub struct Push {
    provider: SdkMeterProvider,
    requests: Histogram<f64>,
}

impl Push {
    /// Starts pushing, if there is somewhere to push to. Needs a Tokio runtime around it.
    pub fn start(build: Build) -> Result<Option<Self>, PushError> {
        if !["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"].into_iter().any(is_set) {
            info!("metrics are not pushed: OTEL_EXPORTER_OTLP_ENDPOINT is not set");
            return Ok(None);
        }
        let client = OnRuntime {
            runtime: Handle::current(),
            client: HyperClient::with_default_connector(REQUEST_TIMEOUT, None),
        };
        let exporter = MetricExporter::builder().with_http().with_http_client(client).build();
        let reader = PeriodicReader::builder(exporter.map_err(PushError::Start)?).build();
        let provider = SdkMeterProvider::builder().with_resource(identity(build)).with_reader(reader).build();

        let meter = provider.meter(build.service);
        let requests = meter.f64_histogram(DURATION).with_description(DURATION_HELP);
        let requests = requests.with_boundaries(BUCKETS.to_vec()).build();
        observe_build(&meter, build);
        observe_process(&meter);
        Ok(Some(Self { provider, requests }))
    }

    /// Counts a request.
    pub fn observe_request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let labels = [
            KeyValue::new("http_request_method", method.to_owned()),
            KeyValue::new("http_route", route.to_owned()),
            KeyValue::new("http_response_status_code", status.to_string()),
        ];
        self.requests.record(seconds, &labels);
    }

    /// Pushes a last time and stops.
    pub async fn stop(&self, timeout: Duration) -> Result<(), PushError> {
        let provider = self.provider.clone();
        // It waits for the push, which needs the runtime's threads.
        let stopped = spawn_blocking(move || provider.shutdown_with_timeout(timeout)).await;
        stopped.map_err(|_| PushError::Panicked)?.map_err(PushError::Stop)
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|text| !text.is_empty())
}

/// Who pushes. `OTEL_RESOURCE_ATTRIBUTES` wins over what the service says of itself, `OTEL_SERVICE_NAME` over both.
fn identity(build: Build) -> Resource {
    // Replicas push the same series; the instance is what keeps them apart.
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let identity = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", build.service),
            KeyValue::new("service.version", build.version),
            KeyValue::new("service.instance.id", host.trim().to_owned()),
        ])
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => identity.with_service_name(name).build(),
        _ => identity.build(),
    }
}

fn observe_build(meter: &Meter, build: Build) {
    meter
        .u64_observable_gauge(BUILD)
        .with_description(BUILD_HELP)
        .with_callback(move |observer| {
            let labels = [KeyValue::new("version", build.version), KeyValue::new("revision", build.revision)];
            observer.observe(1, &labels);
        })
        .build();
}

fn observe_process(meter: &Meter) {
    for metric in &process::METRICS {
        let observe = |observer: &dyn AsyncInstrument<f64>| {
            if let Some(value) = (metric.value)() {
                observer.observe(value, &[]);
            }
        };
        if metric.counts {
            let name = format!("{}_total", metric.name);
            meter.f64_observable_counter(name).with_description(metric.help).with_callback(observe).build();
        } else {
            meter.f64_observable_gauge(metric.name).with_description(metric.help).with_callback(observe).build();
        }
    }
}

/// Sends on the service's runtime: the reader that pushes has a thread of its own, outside of it.
#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    client: HyperClient,
}

#[async_trait::async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
