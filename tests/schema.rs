//! What commands print for programs has the shape that `docs/schema/` promises.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{World, greeter};
use serde_json::{Value, json};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{name}.schema.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Checks a value against the part of JSON Schema that our schemas use; anything else in a schema is an error.
fn check(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let known =
        ["$schema", "title", "description", "type", "enum", "required", "properties", "additionalProperties", "items"];
    for key in schema.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{at}: the schema uses `{key}`, which this test does not know");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match &schema["type"] {
        Value::Null => true,
        Value::String(expected) => expected == kind,
        expected => expected.as_array().unwrap().iter().any(|expected| expected == kind),
    };
    if !fits {
        wrong.push(format!("{at}: is a {kind}"));
    }
    if let Some(all) = schema["enum"].as_array()
        && !all.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {all:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        if schema["items"].is_object() {
            check(&schema["items"], item, &format!("{at}[]"), wrong);
        }
    }
    let Some(fields) = value.as_object() else { return };
    for field in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(field.as_str().unwrap()) {
            wrong.push(format!("{at}: lacks {field}"));
        }
    }
    for (name, field) in fields {
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Object(known), _) => check(&Value::Object(known.clone()), field, &format!("{at}.{name}"), wrong),
            (_, Value::Object(others)) => check(&Value::Object(others.clone()), field, &format!("{at}.{name}"), wrong),
            (_, Value::Bool(true)) => {}
            _ => wrong.push(format!("{at}: has {name}, which the schema does not know")),
        }
    }
}

#[track_caller]
fn holds(name: &str, output: &str) {
    let mut wrong = Vec::new();
    check(&schema(name), &serde_json::from_str(output).unwrap(), name, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_output_has_the_promised_shape() {
    let world = World::new();
    let blueprint = greeter();
    let run = |arguments: &[&str], code| world.run(&[arguments, &["--output", "json"]].concat()).fails(code).stdout;
    holds("list", &run(&["list"], 0));
    holds("show", &run(&["show", "service"], 0));
    holds("show", &run(&["show", &blueprint], 0));
    holds("new", &run(&["new", "service", "payments-api", "--defaults"], 0));
    holds("new", &run(&["new", &blueprint, "demo", "--defaults", "--set", "border=#", "--dry-run"], 0));
    holds("explain", &run(&["explain"], 0));
    holds("explain", &run(&["explain", "S6"], 0));
    holds("explain", &run(&["explain", "delivery"], 0));
    holds("check", &run(&["check", "payments-api"], 0));
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\n";
    world.write("work/payments-api/deploy/secret.yaml", secret);
    world.write("work/payments-api/deploy/broken.yaml", "apiVersion: [\n");
    world.write("work/payments-api/scripts/promote.sh", "");
    holds("check", &run(&["check", "payments-api"], 3));
    holds("check", &run(&["check", "payments-api", "--fix"], 3));
    let lock = world.read("payments-api/goldpath.lock");
    world.write("work/payments-api/goldpath.lock", &lock.replacen("owner = \"platform\"", "owner = \"team\"", 1));
    let choices = world.read("payments-api/goldpath.yaml");
    world.write("work/payments-api/goldpath.yaml", &choices.replace("lang: go", "lang: python"));
    world.write("work/payments-api/scripts/promote.sh", "");
    holds("check", &run(&["check", "payments-api"], 3));
    holds("check", &run(&["check", "payments-api", "--fix"], 3));
    world.write("work/payments-api/goldpath.lock", &lock);
    world.write("work/payments-api/goldpath.yaml", &choices);
    holds("review", &run(&["review", "payments-api"], 0));
    world
        .write("work/bp/blueprint.yaml", "name: bp\nversion: 1.0.0\nsummary: x\ncomponents: [{use: ./components/x}]\n");
    world.write("work/bp/components/x/component.yaml", "summary: x\n");
    world.write("work/bp/components/x/files/a.txt", "a\n");
    world.run(&["new", "./bp", "lines", "--defaults"]).success();
    holds("update", &run(&["update", "lines"], 0));
    world.write("work/lines/a.txt", "mine\n");
    world.git("lines", &["commit", "-qam", "mine"]);
    world.write("work/bp/components/x/files/a.txt", "theirs\n");
    world.write("work/bp/components/x/files/b.txt", "theirs\n");
    holds("diff", &run(&["diff", "lines"], 6));
    holds("update", &run(&["update", "lines", "--dry-run"], 6));
    holds("update", &run(&["update", "lines", "--commit"], 6));
    holds("error", &run(&["update", "lines"], 6));
    holds("check", &run(&["check", "lines"], 6));
    holds("error", &run(&["check", "lines", "--fix"], 6));
    holds("update", &run(&["update", "lines", "--abort"], 0));
    world.run(&["update", "lines", "--commit"]).fails(6);
    world.git("lines", &["rm", "-q", "a.txt"]);
    holds("update", &run(&["update", "lines", "--continue"], 0));
    world.write("work/there/a.txt", "mine\n");
    world.write("work/there/.cruft.json", "{\"context\": {\"cookiecutter\": {\"name\": \"No!\", \"org\": \"ada\"}}}");
    world.write("work/there/x.go", "package x\n");
    world.git("there", &["init", "-q"]);
    world.git("there", &["add", "-A"]);
    world.git("there", &["commit", "-qm", "x"]);
    holds("adopt", &run(&["adopt", "service", "there", "--defaults", "--dry-run"], 0));
    holds("adopt", &run(&["adopt", "./bp", "there", "--defaults"], 6));
    holds("error", &run(&["adopt", "./bp", "there", "--defaults"], 6));
    holds("adopt", &run(&["-C", "there", "adopt", "--abort"], 0));
    holds("error", &run(&["new", "servcie", "x"], 2));
    holds("error", &run(&["new", &blueprint, "x", "--set", "times=99"], 2));
}

#[test]
fn the_check_of_shapes_finds_what_is_wrong() {
    let mut wrong = Vec::new();
    let entry = json!({ "name": 1, "version": "1", "source": null, "call": "x", "more": true });
    let value = json!({ "blueprints": [entry] });
    check(&schema("list"), &value, "list", &mut wrong);
    assert_eq!(wrong.len(), 3, "{wrong:?}");
}
