//! Reads and checks request bodies.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::{FieldError, Problem};

/// A body that is one JSON object and has the type's fields. Let the type refuse unknown fields, and default those that
/// are missing: then one answer can name all that are wrong.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            return Err(problem.detail("Send the body as application/json."));
        }
        let body = Bytes::from_request(request, state).await?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // An object first: serde would also read a struct from an array.
    let object: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Problem::invalid(vec![FieldError::new("", "must be an object")])
        } else {
            Problem::new(StatusCode::BAD_REQUEST).detail("The body is not JSON.")
        }
    })?;
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        // serde has no type for this error. The field's name is the caller's, so it's not repeated.
        let field = if error.inner().to_string().starts_with("unknown field") {
            FieldError::new("", "has a field that the schema does not know")
        } else {
            FieldError::new(pointer(error.path()), "must have the type that the schema says")
        };
        Problem::invalid(vec![field])
    })
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        pointer.push_str(&segment.to_string().replace('~', "~0").replace('/', "~1"));
    }
    pointer
}
