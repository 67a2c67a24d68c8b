//! What the operations answer, and what every request leaves behind in log and metrics.

use std::future::pending;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use futures_util::stream;
use service::api::Route;
use service::telemetry::log_panics;

use crate::contract::Contract;
use crate::support::{Answer, Api, PROBLEM};

const COMPOSE: &str = "POST /v1/greetings";
const LOOK_UP: &str = "GET /v1/greetings/{language}";

#[tokio::test]
async fn compose_greeting() {
    let answer = Api::new().call("POST", "/v1/greetings", r#"{"language": "fr", "name": "<Zoë> {name}"}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.text, r#"{"language":"fr","message":"Bonjour, <Zoë> {name} !"}"#);
}

#[tokio::test]
async fn get_greeting() {
    let answer = Api::new().call("GET", "/v1/greetings/ja", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text, r#"{"language":"ja","template":"こんにちは、{name}さん。"}"#);
}

#[tokio::test]
async fn errors() {
    let contract = Contract::read();
    let of_length = |length| format!(r#"{{"language": "en", "name": "{}"}}"#, "ä".repeat(length));
    let cases: [(&str, &str, &str, u16, &[&str]); 18] = [
        ("no greeting", LOOK_UP, "/v1/greetings/xx", 404, &[]),
        ("not a text", LOOK_UP, "/v1/greetings/%FF", 404, &[]),
        ("no JSON", COMPOSE, r#"{"language":"#, 400, &[]),
        ("not a number", COMPOSE, r#"{"language": NaN}"#, 400, &[]),
        ("half a character", COMPOSE, r#"{"language": "\ud800"}"#, 400, &[]),
        ("empty body", COMPOSE, "", 400, &[]),
        ("two values", COMPOSE, r#"{"language": "en", "name": "Ada"} {}"#, 400, &[]),
        ("deeper than the stack", COMPOSE, &"[".repeat(1000), 422, &[""]),
        ("too large", COMPOSE, &of_length(2000), 413, &[]),
        ("no fields", COMPOSE, "{}", 422, &["/language", "/name"]),
        ("unknown language", COMPOSE, r#"{"language": "xx", "name": "Ada"}"#, 422, &["/language"]),
        ("unknown field", COMPOSE, r#"{"age": 36}"#, 422, &[""]),
        ("wrong type", COMPOSE, r#"{"language": "en", "name": 36}"#, 422, &["/name"]),
        ("nothing", COMPOSE, r#"{"language": null, "name": "Ada"}"#, 422, &["/language"]),
        ("no object", COMPOSE, r#"["en", "Ada"]"#, 422, &[""]),
        ("name too long", COMPOSE, &of_length(81), 422, &["/name"]),
        ("no name", COMPOSE, &of_length(0), 422, &["/name"]),
        ("longest name", COMPOSE, &of_length(80), 200, &[]),
    ];
    let api = Api::new();
    for (name, operation, input, status, pointers) in cases {
        let answer = match operation {
            COMPOSE => api.call("POST", "/v1/greetings", input).await,
            _ => api.call("GET", input, "").await,
        };
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        if !pointers.is_empty() {
            assert_eq!(answer.pointers(), pointers, "{name}: {}", answer.text);
        }
        contract.check(operation, &answer);
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let api = Api::new();
    for media_type in ["text/plain", "application/jsonx", ""] {
        let request = Request::post("/v1/greetings").header(header::CONTENT_TYPE, media_type);
        let answer = api.send(request.body(Body::from(r#"{"language":"en","name":"Ada"}"#)).unwrap()).await;
        assert_eq!(answer.status, 415, "{media_type:?}");
        Contract::read().check(COMPOSE, &answer);
    }
    let request = Request::post("/v1/greetings").header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
    let answer = api.send(request.body(Body::from(r#"{"language":"en","name":"Ada"}"#)).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_bounded_too() {
    let chunks = stream::iter((0..10).map(|_| Ok::<_, std::convert::Infallible>(Bytes::from(vec![b' '; 200]))));
    let request = Request::post("/v1/greetings").header(header::CONTENT_TYPE, "application/json");
    let answer = Api::new().send(request.body(Body::from_stream(chunks)).unwrap()).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
}

fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header(header::CONTENT_TYPE), PROBLEM);
    assert_eq!(answer.json()["status"], status);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let api = Api::new();
    for (method, path, status, allow) in [
        ("GET", "/nowhere", 404, ""),
        ("GET", "/v1/greetings", 405, "POST"),
        ("DELETE", "/v1/greetings/en", 405, "GET,HEAD"),
    ] {
        let answer = api.call(method, path, "").await;
        is_problem(&answer, status);
        assert_eq!(answer.header(header::ALLOW), allow, "{method} {path}");
    }
    let metrics = api.scrape().await;
    assert!(metrics.contains(r#"http_route="unmatched""#) && !metrics.contains("nowhere"), "{metrics}");
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let api = Api::new();
    for path in ["/v1/greetings/en", "/v1/greetings/de", "/v1/greetings/xx"] {
        api.call("GET", path, "").await;
    }
    let metrics = api.scrape().await;
    let labels = r#"http_request_method="GET",http_route="/v1/greetings/{language}",http_response_status_code"#;
    for want in [format!(r#"{labels}="200"}} 2"#), format!(r#"{labels}="404"}} 1"#)] {
        let want = format!("http_server_request_duration_seconds_count{{{want}");
        assert!(metrics.lines().any(|line| line == want), "no {want} in:\n{metrics}");
    }
}

#[tokio::test]
async fn requests_are_logged() {
    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let api = Api::new();
    let request = Request::get("/v1/greetings/en").header("traceparent", format!("00-{ID}-00f067aa0ba902b7-01"));
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");

    let record = &api.logged()[0];
    assert_eq!(record["level"], "INFO");
    assert_eq!(record["msg"], "request");
    assert_eq!(record["method"], "GET");
    assert_eq!(record["route"], "/v1/greetings/{language}");
    assert_eq!(record["status"], 200);
    assert_eq!(record["trace_id"], ID);
    assert!(record["duration"].is_f64(), "{record}");
}

#[tokio::test]
async fn slow_requests_are_cut_off() {
    let api = Api::of(vec![Route::get("/slow", pending::<()>)]);
    is_problem(&api.call("GET", "/slow", "").await, 503);
    assert_eq!(api.logged()[0]["status"], 503);
}

#[tokio::test]
async fn what_is_too_much_at_once_is_turned_away() {
    let api = Api::of(vec![Route::get("/slow", pending::<()>)]);
    let call = || api.call("GET", "/slow", "");
    let (first, _, third) = tokio::join!(call(), call(), call());
    is_problem(&first, 503);
    is_problem(&third, 503);
    let logged = api.logged();
    let turned_away = &logged[0];
    assert!(turned_away["duration"].as_f64().unwrap() < 0.1, "waited before it was turned away: {turned_away}");
    assert_eq!(logged.len(), 3);
}

#[tokio::test]
async fn callers_that_give_up_are_not_errors_of_the_service() {
    let api = Api::of(vec![Route::get("/slow", pending::<()>)]);
    let call = api.call("GET", "/slow", "");
    assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
    assert_eq!(api.logged()[0]["status"], 499);
}

#[tokio::test]
async fn panics_are_answered_and_logged() {
    async fn broken() {
        panic!("secret detail");
    }
    log_panics();
    let api = Api::of(vec![Route::get("/broken", broken)]);
    let answer = api.call("GET", "/broken", "").await;
    is_problem(&answer, 500);
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    let logged = api.logged();
    assert_eq!(logged[0]["level"], "ERROR");
    assert_eq!(logged[0]["error"], "secret detail");
    assert!(logged[0]["at"].as_str().unwrap().starts_with("tests/service/api.rs:"), "{}", logged[0]);
    assert_eq!(logged[1]["status"], 500);
}
