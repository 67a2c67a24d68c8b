//! Implements the operations of api/openapi.yaml.

mod body;
mod greetings;
mod observe;
mod problem;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use futures_util::FutureExt;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, ServiceBuilder};

use crate::telemetry::Metrics;
pub use problem::{FieldError, Problem};

/// More requests at once than this are answered with 503, before they take memory: each may hold a body.
pub const MAX_IN_FLIGHT: usize = 512;

/// What bounds a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub request_timeout: Duration,
    pub max_request_bytes: usize,
    pub max_in_flight: usize,
}

/// An operation. Method and path are those of api/openapi.yaml; a test compares them.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    handler: MethodRouter,
}

impl Route {
    pub fn get<H: Handler<T, ()>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self { method: Method::GET, path, handler: routing::get(handler) }
    }

    pub fn post<H: Handler<T, ()>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self { method: Method::POST, path, handler: routing::post(handler) }
    }
}

/// All operations.
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/greetings", greetings::compose_greeting),
        Route::get("/v1/greetings/{language}", greetings::get_greeting),
    ]
}

/// Serves the routes, with limits, log and metrics around each.
pub fn router(routes: Vec<Route>, limits: Limits, metrics: Arc<Metrics>) -> Router {
    let bounds = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(on_bound))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(limits.max_in_flight))
        .layer(TimeoutLayer::new(limits.request_timeout));
    routes
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.path, route.handler))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(limits.max_request_bytes))
        .layer(middleware::from_fn(catch_panic))
        .layer(bounds)
        .layer(middleware::from_fn_with_state(metrics, observe::observe))
}

/// Answers what ran into a bound.
async fn on_bound(error: BoxError) -> Problem {
    let detail = if error.is::<tower::timeout::error::Elapsed>() {
        "The request took too long."
    } else {
        "There are too many requests at once. Try again later."
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail)
}

/// Answers a panic with 500; the panic hook has logged where it came from.
async fn catch_panic(request: Request, next: Next) -> Response {
    let answered: Result<_, Box<dyn Any + Send>> = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response())
}
