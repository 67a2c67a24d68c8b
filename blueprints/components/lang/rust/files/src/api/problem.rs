//! Error responses: problem details as in RFC 9457.

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A field of the request's body, as a JSON pointer, and what is wrong with it.
#[derive(Debug, Serialize)]
pub struct FieldError {
    pub pointer: Cow<'static, str>,
    pub detail: Cow<'static, str>,
}

impl FieldError {
    pub fn new(pointer: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// Ends a request with an error.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
}

impl Problem {
    pub const fn new(status: StatusCode) -> Self {
        Self { status, detail: Cow::Borrowed(""), errors: Vec::new() }
    }

    /// The body is JSON, but not what its schema says.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY).detail("The body does not match its schema.");
        Self { errors, ..problem }
    }

    /// Says what went wrong this time.
    #[must_use]
    pub fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The status in words. The `http` crate still calls some by the names that RFC 9110 has replaced.
    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
            StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
            status => status.canonical_reason().unwrap_or("Error"),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    /// `about:blank` says that the status explains the problem, and then the title is the status's.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let problem = Self::new(rejection.status());
        match problem.status {
            StatusCode::PAYLOAD_TOO_LARGE => problem.detail("The body is too large."),
            _ => problem.detail("The body could not be read."),
        }
    }
}

/// A path whose parameters can't be read leads nowhere.
impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(StatusCode::NOT_FOUND)
    }
}
