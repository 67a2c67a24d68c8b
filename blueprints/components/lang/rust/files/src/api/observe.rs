//! Counts and logs every request, once it is answered or its caller has gone.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, Span, field, info, info_span};

use crate::telemetry::{Metrics, trace_id};

/// The route of a request for which there is none.
const UNMATCHED: &str = "unmatched";

/// What nginx logs when the caller has gone: neither its fault nor the service's.
const CLIENT_CLOSED_REQUEST: u16 = 499;

pub async fn observe(
    State(metrics): State<Arc<Metrics>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let span = info_span!("request", trace_id = field::Empty);
    let traceparent = request.headers().get("traceparent").and_then(|header| header.to_str().ok());
    if let Some(id) = traceparent.and_then(trace_id) {
        span.record("trace_id", id);
    }
    let mut observation = Observation {
        metrics,
        start: Instant::now(),
        method: request.method().clone(),
        route,
        // Until there is an answer: if the caller goes first, the rest of this function does not run.
        status: CLIENT_CLOSED_REQUEST,
        span: span.clone(),
    };

    let mut response = next.run(request).instrument(span).await;

    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    observation.status = response.status().as_u16();
    response
}

/// Counts and logs a request when it is dropped.
struct Observation {
    metrics: Arc<Metrics>,
    start: Instant,
    method: Method,
    route: Option<MatchedPath>,
    status: u16,
    span: Span,
}

impl Drop for Observation {
    fn drop(&mut self) {
        let duration = self.start.elapsed().as_secs_f64();
        let (method, status) = (self.method.as_str(), self.status);
        let route = self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        self.metrics.observe_request(method, route, status, duration);
        self.span.in_scope(|| info!(method, route, status, duration, "request"));
    }
}
