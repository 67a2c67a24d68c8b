//! Logs: one JSON object a line, with the fields of the spans around it, such as the request's trace id.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Debug};
use std::io::Write;
use std::sync::Mutex;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber, error};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::ecs;
use crate::config::LogFormat;

/// What is written, and how.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    pub level: LevelFilter,
    pub format: LogFormat,
    /// The service's name, which the Elastic Common Schema wants in each record.
    pub service: &'static str,
}

/// Writes what is logged at the level or above it.
pub fn subscriber<W: Write + Send + 'static>(out: W, log: Log) -> impl Subscriber + Send + Sync {
    Registry::default().with(JsonLines { out: Mutex::new(out), log }).with(log.level)
}

/// Logs every panic, with its stack if `RUST_BACKTRACE` is set, instead of writing it to stderr.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let cause = panic.payload_as_str().unwrap_or("not a text");
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let stack = Backtrace::capture();
        if stack.status() == BacktraceStatus::Captured {
            error!(error = cause, at, %stack, "panic");
        } else {
            error!(error = cause, at, "panic");
        }
    }));
}

/// The layer that writes the lines.
struct JsonLines<W> {
    out: Mutex<W>,
    log: Log,
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(more) = span.extensions().get::<Fields>() {
                fields.0.extend(more.0.iter().cloned());
            }
        }
        let line = Line { log: self.log, time: now(), level: event.metadata().level().as_str(), fields };
        if let Ok(mut line) = serde_json::to_vec(&line) {
            line.push(b'\n');
            // There is nobody to tell that the log can't be written.
            let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = out.write_all(&line);
        }
    }
}

/// The time in RFC 3339, to the microsecond.
fn now() -> String {
    let mut time = String::new();
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    time
}

struct Line {
    log: Log,
    time: String,
    level: &'static str,
    fields: Fields,
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.log.format {
            LogFormat::Json => {
                map.serialize_entry("time", &self.time)?;
                map.serialize_entry("level", self.level)?;
                for (name, value) in &self.fields.0 {
                    map.serialize_entry(if *name == "message" { "msg" } else { name }, value)?;
                }
            }
            LogFormat::Ecs => {
                map.serialize_entry("@timestamp", &self.time)?;
                map.serialize_entry("log.level", &self.level.to_ascii_lowercase())?;
                map.serialize_entry("ecs.version", ecs::VERSION)?;
                map.serialize_entry("service.name", self.log.service)?;
                for (name, value) in &self.fields.0 {
                    map.serialize_entry(&ecs::name(name), &ecs::value(name, value))?;
                }
            }
        }
        map.end()
    }
}

/// The fields of an event or a span, in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, fmt::format(format_args!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use serde_json::json;
    use tracing::{info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LevelFilter, format: LogFormat, log: impl FnOnce()) -> Vec<Value> {
        let out = Buffer::default();
        tracing::subscriber::with_default(subscriber(out.clone(), Log { level, format, service: "greeter" }), log);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_an_object_with_the_fields_of_its_spans() {
        let records = logged(LevelFilter::INFO, LogFormat::Json, || {
            info_span!("request", trace_id = "4bf92f").in_scope(|| {
                warn!(number = 1, ratio = 0.5, sure = true, name = "a \"b\"\n", error = %"broken", "it happened");
            });
            info!("outside");
        });
        let record = &records[0];
        assert_eq!(record["level"], "WARN");
        assert_eq!(record["msg"], "it happened");
        assert_eq!(record["number"], 1);
        assert_eq!(record["ratio"], 0.5);
        assert_eq!(record["sure"], true);
        assert_eq!(record["name"], "a \"b\"\n");
        assert_eq!(record["error"], "broken");
        assert_eq!(record["trace_id"], "4bf92f");
        let time = record["time"].as_str().unwrap();
        assert!(time.len() == "2026-01-01T00:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
        assert_eq!(records[1].get("trace_id"), None);
    }

    #[test]
    fn an_event_in_the_elastic_common_schema() {
        let mut records = logged(LevelFilter::INFO, LogFormat::Ecs, || {
            info_span!("request", trace_id = "4bf92f").in_scope(|| {
                warn!(method = "POST", route = "/v1/{id}", status = 503, duration = 0.25, cache = "cold", "request");
            });
        });
        let record = records[0].as_object_mut().unwrap();
        assert!(record.remove("@timestamp").is_some_and(|time| time.is_string()));
        let want = json!({
            "ecs.version": ecs::VERSION,
            "event.duration": 250_000_000,
            "http.request.method": "POST",
            "http.response.status_code": 503,
            "http.route": "/v1/{id}",
            "labels.cache": "cold",
            "log.level": "warn",
            "message": "request",
            "service.name": "greeter",
            "trace.id": "4bf92f",
        });
        assert_eq!(records[0], want);
    }

    #[test]
    fn nothing_is_logged_below_the_level() {
        assert!(logged(LevelFilter::WARN, LogFormat::Json, || info!("too quiet")).is_empty());
    }
}
