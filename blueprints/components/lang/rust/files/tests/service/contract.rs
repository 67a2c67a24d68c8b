//! Holds the code to api/openapi.yaml.

use std::collections::BTreeSet;
use std::fs;

use axum::http::header;
use boon::{Compiler, Schemas};
use serde_json::{Map, Value};
use service::api::routes;

use crate::support::{Answer, Api, JSON, PROBLEM};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/api/openapi.yaml");
const ID: &str = "contract:openapi";

/// api/openapi.yaml.
pub struct Contract(Value);

impl Contract {
    pub fn read() -> Self {
        Self(serde_yaml_ng::from_str(&fs::read_to_string(PATH).unwrap()).unwrap())
    }

    /// All operations, with method and path.
    fn operations(&self) -> Vec<(String, String, &Value)> {
        let mut operations = Vec::new();
        for (path, item) in object(&self.0["paths"]) {
            for (method, operation) in object(item).iter().filter(|(key, _)| *key != "parameters") {
                operations.push((method.to_uppercase(), path.clone(), operation));
            }
        }
        operations
    }

    fn operation(&self, name: &str) -> &Value {
        let all = self.operations();
        let found = all.iter().find(|(method, path, _)| format!("{method} {path}") == name);
        found.unwrap_or_else(|| panic!("the contract has no {name}")).2
    }

    /// Follows a reference, except one to a schema: the validator does that.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) if !pointer.starts_with("/components/schemas/") => self.0.pointer(pointer).unwrap(),
            _ => value,
        }
    }

    /// Puts the parameters' examples into a path.
    fn concrete(&self, path: &str) -> String {
        let parameters = self.0["paths"][path]["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        parameters.iter().map(|parameter| self.resolve(parameter)).fold(path.to_owned(), |path, parameter| {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str().unwrap());
            path.replace(&format!("{{{name}}}"), example)
        })
    }

    /// Fails if a value is not what the schema that is referred to says.
    fn validate(&self, schema: &Value, value: &Value, what: &str) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(ID, self.0.clone()).unwrap();
        let place = format!("{ID}{}", schema["$ref"].as_str().unwrap());
        let schema = compiler.compile(&place, &mut schemas).unwrap();
        if let Err(error) = schemas.validate(value, schema) {
            panic!("{what} is not the contract's: {error:#}");
        }
    }

    /// Fails if the contract does not know an operation's answer.
    pub fn check(&self, operation: &str, answer: &Answer) {
        let responses = &self.operation(operation)["responses"];
        let status = answer.status.as_str();
        let response = match responses.get(status) {
            Some(response) => response,
            None if answer.status.as_u16() >= 400 => &responses["default"],
            None => panic!("{operation} answered {status}, which the contract does not know"),
        };
        let media_type = answer.header(header::CONTENT_TYPE);
        let content = self.resolve(response)["content"].get(media_type);
        let content = content.unwrap_or_else(|| panic!("{operation} answered {status} as {media_type:?}"));
        let body = answer.json();
        self.validate(&content["schema"], &body, &format!("{operation} answered {status} with {body}, which"));
        if media_type == PROBLEM {
            assert_eq!(body["status"], answer.status.as_u16(), "{operation}");
        }
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

#[test]
fn the_routes_are_those_of_the_contract() {
    let served: BTreeSet<_> = routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let contract = Contract::read();
    let described = contract.operations().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(served, described, "the code serves what stands left, {PATH} describes what stands right");
}

#[tokio::test]
async fn the_examples_of_the_contract_work() {
    let (contract, api) = (Contract::read(), Api::new());
    for (method, path, operation) in contract.operations() {
        let examples = &operation["requestBody"]["content"][JSON]["examples"];
        let bodies: Vec<String> = match examples.as_object() {
            Some(examples) => examples.values().map(|example| example["value"].to_string()).collect(),
            None => vec![String::new()],
        };
        for body in bodies {
            let answer = api.call(&method, &contract.concrete(&path), &body).await;
            assert!(answer.status.is_success(), "{method} {path} with {body} answered {}", answer.text);
            contract.check(&format!("{method} {path}"), &answer);
        }
    }
}

#[test]
fn the_examples_of_responses_match_their_schemas() {
    let contract = Contract::read();
    let mut compared = 0;
    for (method, path, operation) in contract.operations() {
        for (status, response) in object(&operation["responses"]) {
            for content in object(&contract.resolve(response)["content"]).values() {
                for (name, example) in content["examples"].as_object().into_iter().flatten() {
                    let what = format!("example {name} of {method} {path}, {status},");
                    contract.validate(&content["schema"], &example["value"], &what);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 0, "the contract has no example");
}
