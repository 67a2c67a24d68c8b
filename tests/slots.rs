//! Slots whose fillings have names: files that one component places and others fill.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::World;
use goldpath::blueprint::{self, lint::lint};
use goldpath::source;

const MANIFEST: &str = "\
name: path
version: 1.0.0
summary: x
questions:
  - {key: render, type: choice, ask: Which renderer?, default: '\"plain\"', choices: [plain, chart]}
  - {key: scaled, type: bool, ask: Is it scaled?, default: 'true'}
components:
  - {use: ./components/plain, when: render == \"plain\"}
  - {use: ./components/chart, when: render == \"chart\"}
  - use: ./components/base
  - {use: ./components/scaler, when: scaled}
";

fn world() -> World {
    let world = World::new();
    let write = |path: &str, text: &str| world.write(&format!("work/bp/{path}"), text);
    write("blueprint.yaml", MANIFEST);
    let slots = "slots:\n  objects: objects, each a file\n";
    for (name, more) in [("plain", "  overlay.patches: patches\n"), ("chart", "  values: values\n")] {
        let folder = if name == "plain" { "base" } else { "templates" };
        let files = format!("files:\n  \"{folder}/{{object}}\": {{each: objects, as: object}}\n");
        write(&format!("components/{name}/component.yaml"), &format!("summary: x\n{slots}{more}{files}"));
        let call = if name == "plain" { "" } else { ", varying=\"{{ .Values.%s }}\"" };
        let text = format!("---\n<%= slot(\"objects\", only=object{call}) %>\n");
        write(&format!("components/{name}/files/{folder}/{{object}}.jinja"), &text);
    }
    let list =
        "#% for object in slot_names(\"objects\")\n- <%= object %>\n#% endfor\n<%= slot(\"overlay.patches\") %>\n";
    write("components/plain/files/list.yaml.jinja", list);
    write("components/chart/files/values.yaml.jinja", "<%= slot(\"values\") %>\n");
    write("components/base/component.yaml", "summary: x\nslots: {pod.env: variables}\n");
    let pod = "kind: Pod\nspec:\n  size: <%= varies(\"size\", 4) %>\n  <%= slot(\"pod.env\") %>\n";
    write("components/base/slots/objects/pod.yaml.jinja", pod);
    write("components/base/slots/objects/service.yaml.jinja", "kind: Service\n");
    write(
        "components/scaler/component.yaml",
        "summary: x\ninputs: {render: choice}\nfillings:\n  overlay.*: {when: render == \"plain\"}\n  \
         values: {when: render == \"chart\"}\n",
    );
    write("components/scaler/slots/objects/scaler.yaml.jinja", "kind: Scaler\n");
    write("components/scaler/slots/pod.env.jinja", "env:\n  - least: <%= varies(\"scaler.least\", 2) %>\n");
    write("components/scaler/slots/overlay.patches.jinja", "# patch\n");
    write("components/scaler/slots/values.jinja", "scaler: {least: 2}\n");
    world
}

#[test]
fn each_filling_is_a_file_where_the_opener_wants_it() {
    let world = world();
    world.run(&["new", "./bp", "demo", "--defaults"]).success();
    assert_eq!(world.read("demo/base/pod.yaml"), "---\nkind: Pod\nspec:\n  size: 4\n  env:\n    - least: 2\n");
    assert_eq!(world.read("demo/list.yaml"), "- pod.yaml\n- service.yaml\n- scaler.yaml\n# patch\n");
    world.run(&["new", "./bp", "small", "--defaults", "--set", "scaled=no"]).success();
    assert_eq!(world.read("small/list.yaml"), "- pod.yaml\n- service.yaml\n");
    assert_eq!(world.read("small/base/pod.yaml"), "---\nkind: Pod\nspec:\n  size: 4\n");
}

#[test]
fn what_varies_has_the_openers_form_and_fillings_follow_their_condition() {
    let world = world();
    world.run(&["new", "./bp", "demo", "--defaults", "--set", "render=chart"]).success();
    assert_eq!(
        world.read("demo/templates/pod.yaml"),
        "---\nkind: Pod\nspec:\n  size: {{ .Values.size }}\n  env:\n    - least: {{ .Values.scaler.least }}\n"
    );
    assert_eq!(world.read("demo/values.yaml"), "scaler: {least: 2}\n");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let world = world();
    world.write("work/bp/components/base/slots/pod.env.jinja", "<%= slot(\"pod.env\") %>\n");
    let told = world.run(&["new", "./bp", "demo", "--defaults"]).fails(2);
    assert!(told.stderr.contains("the slot `pod.env` is opened within its own filling"), "{told}");
    world.write("work/bp/components/base/slots/objects/deep/er.yaml.jinja", "x\n");
    let told = world.run(&["new", "./bp", "demo", "--defaults"]).fails(2);
    assert!(told.stderr.contains("slots/objects/deep/er.yaml.jinja: a filling's name can't have folders"), "{told}");
}

#[test]
fn two_sources_of_one_place_and_idle_rules_are_found() {
    let world = world();
    world.write("work/bp/components/base/files/base/scaler.yaml", "kind: Other\n");
    let library = source::with_folder(source::library(None).unwrap(), &world.work().join("bp")).unwrap();
    let blueprint = blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"));
    let problems = lint(&blueprint).to_string();
    assert!(problems.contains("`base/scaler.yaml` is emitted twice"), "{problems}");
    assert_eq!(problems.lines().filter(|line| line.starts_with("error")).count(), 1, "{problems}");
    world.write("work/bp/components/base/component.yaml", "summary: x\nfillings: {nothing.*: {when: scaled}}\n");
    let told = world.run(&["new", "./bp", "demo", "--defaults"]).fails(2);
    assert!(told.stderr.contains("the component fills no slot that matches `nothing.*`"), "{told}");
}

#[test]
fn combinations_that_a_question_refuses_need_not_fit_together() {
    let world = world();
    // Without the part that opens `pod.env`, its filling is a mistake, unless no answer leads there.
    let parts =
        "  - {use: ./components/base, when: render == \"plain\"}\n  - {use: ./components/scaler, when: scaled}\n";
    let manifest = MANIFEST.split_once("  - use: ./components/base").unwrap().0.to_owned() + parts;
    let problems = |manifest: &str| {
        world.write("work/bp/blueprint.yaml", manifest);
        let library = source::with_folder(source::library(None).unwrap(), &world.work().join("bp")).unwrap();
        lint(&blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"))).to_string()
    };
    let found = problems(&manifest);
    assert!(found.contains("nobody opens the slot `pod.env`") && found.contains("render=chart scaled=true"), "{found}");
    let refuses = "default: 'render == \"plain\"', validate: [{check: render == \"plain\" or not value, message: x}]}";
    assert_eq!(problems(&manifest.replace("default: 'true'}", refuses)), "");
}
