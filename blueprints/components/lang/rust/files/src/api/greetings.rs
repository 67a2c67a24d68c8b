//! The example resource: greetings in several languages.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::JsonBody;
use super::problem::{FieldError, Problem};

const PLACEHOLDER: &str = "{name}";
const MAX_NAME_LENGTH: usize = 80;

fn template(language: &str) -> Option<&'static str> {
    match language {
        "de" => Some("Hallo, {name}!"),
        "en" => Some("Hello, {name}!"),
        "es" => Some("¡Hola, {name}!"),
        "fr" => Some("Bonjour, {name} !"),
        "ja" => Some("こんにちは、{name}さん。"),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GreetingRequest {
    language: String,
    name: String,
}

#[derive(Serialize)]
pub struct Greeting {
    language: String,
    message: String,
}

#[derive(Serialize)]
pub struct GreetingTemplate {
    language: String,
    template: &'static str,
}

pub async fn compose_greeting(JsonBody(request): JsonBody<GreetingRequest>) -> Result<Json<Greeting>, Problem> {
    let mut errors = Vec::new();
    let template = template(&request.language);
    if template.is_none() {
        errors.push(FieldError::new("/language", "must be a language that there is a greeting in"));
    }
    if !(1..=MAX_NAME_LENGTH).contains(&request.name.chars().count()) {
        errors.push(FieldError::new("/name", "must have 1 to 80 characters"));
    }
    match template {
        Some(template) if errors.is_empty() => {
            let message = template.replacen(PLACEHOLDER, &request.name, 1);
            Ok(Json(Greeting { language: request.language, message }))
        }
        _ => Err(Problem::invalid(errors)),
    }
}

pub async fn get_greeting(language: Result<Path<String>, PathRejection>) -> Result<Json<GreetingTemplate>, Problem> {
    let Path(language) = language?;
    match template(&language) {
        Some(template) => Ok(Json(GreetingTemplate { language, template })),
        None => Err(Problem::new(StatusCode::NOT_FOUND).detail("There is no greeting in this language.")),
    }
}
