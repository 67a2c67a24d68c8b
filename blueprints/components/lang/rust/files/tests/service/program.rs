//! The program itself: signals and exit codes want a process of their own.

use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Running, ended, free_port, get, program, reply};

const GRACE: u64 = 5;

#[test]
fn from_start_to_sigterm() {
    let running = Running::start(&[("SHUTDOWN_GRACE_SECONDS", &GRACE.to_string())]);
    let port = running.http;
    assert_eq!(get(port, "/livez").unwrap().status, 200);
    let greeting = get(port, "/v1/greetings/en").unwrap();
    assert!(greeting.status == 200 && greeting.text.contains("Hello"), "{}", greeting.text);
    assert_eq!(get(port, "/metrics").unwrap().status, 404);
    let metrics = get(running.metrics, "/metrics").unwrap().text;
    for want in ["app_build_info{", r#"http_route="/v1/greetings/{language}""#] {
        assert!(metrics.contains(want), "no {want} in:\n{metrics}");
    }
    assert!(!metrics.contains("/livez") && !metrics.contains("/readyz"), "probes are counted:\n{metrics}");

    // A request whose body is half sent is in flight.
    let (half, rest) = (r#"{"language": "en""#, r#", "name": "Ada"}"#);
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = half.len() + rest.len();
    let head = "POST /v1/greetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    write!(connection, "{head}Content-Length: {length}\r\n\r\n{half}").unwrap();
    // A connection on which nothing was asked yet must not hold up the end.
    let idle = TcpStream::connect(("127.0.0.1", port)).unwrap();
    sleep(Duration::from_millis(100));

    let begin = Instant::now();
    running.terminate();
    running.wait_for("/readyz", 503);
    assert_eq!(get(port, "/livez").unwrap().status, 200, "/livez fails while draining: the replica would be killed");
    sleep(Duration::from_millis(1500));
    assert!(get(port, "/livez").is_none(), "the port is still open");
    assert_eq!(get(running.metrics, "/metrics").unwrap().status, 200, "no metrics with a request in flight");
    connection.write_all(rest.as_bytes()).unwrap();
    let answer = reply(connection).unwrap();
    assert!(answer.status == 200 && answer.text.contains("Hello, Ada!"), "{}", answer.text);

    let (code, log) = running.wait();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(begin.elapsed() < Duration::from_secs(GRACE), "took {:?} to stop", begin.elapsed());
    for key in ["time", "level", "msg"] {
        assert!(log.iter().all(|record| record.get(key).is_some()), "a line has no {key}: {log:?}");
    }
    drop(idle);
}

#[test]
fn requests_that_do_not_end_are_cut_off_within_the_grace_period() {
    let running = Running::start(&[("SHUTDOWN_GRACE_SECONDS", "1")]);
    let mut stuck = TcpStream::connect(("127.0.0.1", running.http)).unwrap();
    let head = "POST /v1/greetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    write!(stuck, "{head}Content-Length: 9\r\n\r\n{{").unwrap();
    sleep(Duration::from_millis(100));

    let begin = Instant::now();
    running.terminate();
    let (code, log) = running.wait();
    assert!(begin.elapsed() < Duration::from_secs(1), "took {:?}", begin.elapsed());
    assert_eq!(code, Some(1));
    assert!(log.last().unwrap()["error"].as_str().unwrap().contains("cut off"), "{log:?}");
}

#[test]
fn healthcheck() {
    let running = Running::start(&[("SHUTDOWN_GRACE_SECONDS", "1")]);
    let port = running.http.to_string();
    let check = || ended(&program(&[("HTTP_PORT", &port)]).arg("healthcheck").output().unwrap());
    assert_eq!(check(), (Some(0), String::new()));

    running.terminate();
    assert_eq!(running.wait().0, Some(0));
    let (code, said) = check();
    assert_eq!(code, Some(1));
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn exit_codes() {
    for (arguments, http_port, code, says) in [
        (vec!["version"], "", 0, "(unknown)"),
        (vec!["--help"], "", 0, "SHUTDOWN_GRACE_SECONDS"),
        (vec!["fly"], "", 2, "usage:"),
        (vec!["serve", "now"], "", 2, "usage:"),
        (vec![], "http", 2, "HTTP_PORT"),
    ] {
        let ended = ended(&program(&[("HTTP_PORT", http_port)]).args(&arguments).output().unwrap());
        assert_eq!(ended.0, Some(code), "{arguments:?}: {}", ended.1);
        assert!(ended.1.contains(says), "{arguments:?} does not say {says}: {}", ended.1);
    }
}

#[test]
fn a_taken_port_is_an_error() {
    let running = Running::start(&[]);
    let (port, metrics) = (running.http.to_string(), free_port().to_string());
    let ended = ended(&program(&[("HTTP_PORT", &port), ("METRICS_PORT", &metrics)]).output().unwrap());
    assert_eq!(ended.0, Some(1), "{}", ended.1);
    assert!(ended.1.contains("Address already in use") && ended.1.contains(&port), "{}", ended.1);
}
