//! The names that the Elastic Common Schema has for what the service logs.

use std::time::Duration;

use serde_json::Value;

/// The version of the schema whose names are used.
pub const VERSION: &str = "8.11.0";

/// The name of a field; whatever the schema has no name for becomes a label.
pub fn name(field: &str) -> String {
    let known = match field {
        "message" => "message",
        "trace_id" => "trace.id",
        "method" => "http.request.method",
        "route" => "http.route",
        "status" => "http.response.status_code",
        "duration" => "event.duration",
        "error" => "error.message",
        "stack" => "error.stack_trace",
        "version" => "service.version",
        label => return format!("labels.{label}"),
    };
    known.to_owned()
}

/// The value of a field: the schema counts nanoseconds where the service counts seconds.
pub fn value(field: &str, value: &Value) -> Value {
    let nanoseconds = || {
        let duration = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
        u64::try_from(duration.as_nanos()).ok().map(Value::from)
    };
    if field == "duration" { nanoseconds().unwrap_or(Value::Null) } else { value.clone() }
}
