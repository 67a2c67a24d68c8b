//! Reads the service's configuration from the environment.

use std::fmt;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

/// Describes every variable that [`Config::load`] reads.
pub const USAGE: &str = "  HTTP_PORT                8080   port of the API, /livez and /readyz
  METRICS_PORT             9090   port of /metrics
  LOG_LEVEL                info   debug, info, warn or error
  LOG_FORMAT               json   json, or ecs for the field names of the Elastic Common Schema
  REQUEST_TIMEOUT_SECONDS  10     a request that takes longer is answered with 503
  MAX_REQUEST_BYTES        65536  a larger body is answered with 413
  SHUTDOWN_GRACE_SECONDS   25     time from SIGTERM to the end, for requests in flight
";

/// The names of a log record's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    /// The Elastic Common Schema.
    Ecs,
}

/// The validated configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub http_port: u16,
    pub metrics_port: u16,
    pub log_level: LevelFilter,
    pub log_format: LogFormat,
    pub request_timeout: Duration,
    pub max_request_bytes: usize,
    pub shutdown_grace: Duration,
}

impl Config {
    /// Reads and checks all variables. An unset or empty variable gets its default; the error names every problem.
    pub fn load(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let config = Self {
            http_port: reader.number("HTTP_PORT", 8080, 1, 65_535),
            metrics_port: reader.number("METRICS_PORT", 9090, 1, 65_535),
            log_level: reader.word("LOG_LEVEL", LevelFilter::INFO, &LEVELS),
            log_format: reader.word("LOG_FORMAT", LogFormat::Json, &FORMATS),
            request_timeout: Duration::from_secs(reader.number("REQUEST_TIMEOUT_SECONDS", 10, 1, 300)),
            max_request_bytes: reader.number("MAX_REQUEST_BYTES", 64 << 10, 1, 64 << 20),
            shutdown_grace: Duration::from_secs(reader.number("SHUTDOWN_GRACE_SECONDS", 25, 1, 600)),
        };
        if config.http_port == config.metrics_port {
            reader.problems.push(Problem::OnePort);
        }
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError(reader.problems)) }
    }
}

const LEVELS: [(&str, LevelFilter); 4] = [
    ("debug", LevelFilter::DEBUG),
    ("info", LevelFilter::INFO),
    ("warn", LevelFilter::WARN),
    ("error", LevelFilter::ERROR),
];
const FORMATS: [(&str, LogFormat); 2] = [("json", LogFormat::Json), ("ecs", LogFormat::Ecs)];

struct Reader<V> {
    variable: V,
    problems: Vec<Problem>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn text(&self, key: &str) -> Option<String> {
        (self.variable)(key).filter(|text| !text.is_empty())
    }

    fn number<N: Copy + TryFrom<u64>>(&mut self, key: &'static str, default: N, least: u64, most: u64) -> N {
        let Some(text) = self.text(key) else { return default };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.and_then(|number| N::try_from(number).ok()).unwrap_or_else(|| {
            self.problems.push(Problem::Number { key, text, least, most });
            default
        })
    }

    fn word<T: Copy>(&mut self, key: &'static str, default: T, words: &[(&'static str, T)]) -> T {
        let Some(text) = self.text(key) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return *value;
        }
        let words = words.iter().map(|(word, _)| *word).collect();
        self.problems.push(Problem::Word { key, text, words });
        default
    }
}

/// Everything that is wrong with the environment, a line for each problem.
#[derive(Debug)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong with a variable.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    Number { key: &'static str, text: String, least: u64, most: u64 },
    Word { key: &'static str, text: String, words: Vec<&'static str> },
    OnePort,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { key, text, least, most } => {
                write!(f, "{key}={text:?}: want a whole number from {least} to {most}")
            }
            Self::Word { key, text, words } => write!(f, "{key}={text:?}: want one of {}", words.join(", ")),
            Self::OnePort => write!(f, "HTTP_PORT and METRICS_PORT are the same: want two ports"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(|key| variables.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn defaults() {
        let want = Config {
            http_port: 8080,
            metrics_port: 9090,
            log_level: LevelFilter::INFO,
            log_format: LogFormat::Json,
            request_timeout: Duration::from_secs(10),
            max_request_bytes: 65_536,
            shutdown_grace: Duration::from_secs(25),
        };
        assert_eq!(load(&[]).unwrap(), want);
        assert_eq!(load(&[("HTTP_PORT", ""), ("LOG_LEVEL", "")]).unwrap(), want);
    }

    #[test]
    fn every_variable_is_read() {
        let got = load(&[
            ("HTTP_PORT", "8081"),
            ("METRICS_PORT", "9091"),
            ("LOG_LEVEL", "DEBUG"),
            ("LOG_FORMAT", "ECS"),
            ("REQUEST_TIMEOUT_SECONDS", "3"),
            ("MAX_REQUEST_BYTES", "1024"),
            ("SHUTDOWN_GRACE_SECONDS", "7"),
        ]);
        let want = Config {
            http_port: 8081,
            metrics_port: 9091,
            log_level: LevelFilter::DEBUG,
            log_format: LogFormat::Ecs,
            request_timeout: Duration::from_secs(3),
            max_request_bytes: 1024,
            shutdown_grace: Duration::from_secs(7),
        };
        assert_eq!(got.unwrap(), want);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let error = load(&[
            ("HTTP_PORT", "http"),
            ("METRICS_PORT", "65536"),
            ("LOG_LEVEL", "loud"),
            ("LOG_FORMAT", "xml"),
            ("REQUEST_TIMEOUT_SECONDS", "0"),
            ("MAX_REQUEST_BYTES", "-1"),
            ("SHUTDOWN_GRACE_SECONDS", "25s"),
        ])
        .unwrap_err()
        .to_string();
        for want in [
            r#"HTTP_PORT="http""#,
            r#"METRICS_PORT="65536": want a whole number from 1 to 65535"#,
            r#"LOG_LEVEL="loud": want one of debug, info, warn, error"#,
            r#"LOG_FORMAT="xml""#,
            r#"REQUEST_TIMEOUT_SECONDS="0""#,
            r#"MAX_REQUEST_BYTES="-1""#,
            r#"SHUTDOWN_GRACE_SECONDS="25s""#,
        ] {
            assert!(error.lines().any(|line| line.starts_with(want)), "no {want} in:\n{error}");
        }
    }

    #[test]
    fn two_listeners_need_two_ports() {
        assert_eq!(load(&[("METRICS_PORT", "8080")]).unwrap_err().0, [Problem::OnePort]);
    }

    #[test]
    fn usage_names_every_variable() {
        let read = RefCell::new(Vec::new());
        Config::load(|key| {
            read.borrow_mut().push(key.to_owned());
            None
        })
        .unwrap();
        let named: Vec<_> = USAGE.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let mut read = read.into_inner();
        read.sort_by_key(|key| named.iter().position(|name| name == key));
        assert_eq!(read, named);
    }
}
