//! The push of metrics, to a collector that the test plays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::{Running, get};

/// Takes what is pushed: the path, and the body.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (pushed, taken) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let pushed = pushed.clone();
            thread::spawn(move || {
                let mut connection = BufReader::new(connection.unwrap());
                loop {
                    let mut head = Vec::new();
                    while !head.last().is_some_and(String::is_empty) {
                        let mut line = String::new();
                        if connection.read_line(&mut line).unwrap() == 0 {
                            return;
                        }
                        head.push(line.trim_end().to_owned());
                    }
                    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    let mut body = vec![0; length.parse().unwrap()];
                    connection.read_exact(&mut body).unwrap();
                    connection.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    pushed.send((head[0].clone(), body)).unwrap();
                }
            });
        }
    });
    (address, taken)
}

#[test]
fn what_is_counted_is_pushed() {
    let (address, pushed) = collector();
    let running = Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
        ("OTEL_SERVICE_NAME", "from-the-environment"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("SHUTDOWN_GRACE_SECONDS", "2"),
    ]);
    get(running.http, "/v1/greetings/en").unwrap();
    // Long before the first periodic push: this is the last one.
    running.terminate();
    let (code, log) = running.wait();
    assert_eq!(code, Some(0), "{log:?}");

    let (request, body) = pushed.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(request, "POST /v1/metrics HTTP/1.1");
    // Protobuf keeps texts as they are.
    let holds = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    for want in [
        "http_server_request_duration_seconds",
        "http_route",
        "/v1/greetings/{language}",
        "app_build_info",
        "process_resident_memory_bytes",
        "from-the-environment",
        "deployment.environment.name",
        "service.instance.id",
    ] {
        assert!(holds(want), "{want} was not pushed");
    }
    assert!(!holds("unknown_service"), "the service does not know its name");
}

#[test]
fn the_push_is_off_without_an_endpoint() {
    let running = Running::start(&[("SHUTDOWN_GRACE_SECONDS", "1")]);
    running.terminate();
    let (code, log) = running.wait();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(log.iter().any(|record| record["msg"].as_str().unwrap().starts_with("metrics are not pushed")), "{log:?}");
}

#[test]
fn a_collector_that_is_away_does_not_end_the_service() {
    let running = Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ("SHUTDOWN_GRACE_SECONDS", "5"),
    ]);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(get(running.http, "/v1/greetings/en").unwrap().status, 200);
    running.terminate();
    let (code, log) = running.wait();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(log.iter().any(|record| record["level"] == "WARN"), "nobody is told: {log:?}");
}
