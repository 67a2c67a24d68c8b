//! `goldpath review`: a scorecard of repositories that goldpath never saw.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};
use serde_json::Value;

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: nginx\n";

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn paths(report: &Value, key: &str) -> Vec<String> {
    let entries = report[key].as_array().unwrap().iter();
    let path = |entry: &Value| entry["path"].as_str().or(entry["place"]["file"].as_str()).unwrap().to_owned();
    let mut paths: Vec<String> = entries.map(path).collect();
    paths.dedup();
    paths
}

#[test]
fn a_repository_that_goldpath_never_saw_gets_a_score_with_its_arithmetic() {
    let world = World::new();
    world.write("work/shop/k8s/pod.yaml", POD);
    world.write("work/shop/src/main.go", "package main\n");
    let run = world.run(&["review", "shop"]).success();
    assert!(run.stdout.contains("\n  k8s/pod.yaml:8: ") && run.stdout.contains("    to mend: "), "{run}");
    assert!(run.stdout.contains(" of ") && run.stdout.contains("that deny × 3"), "{run}");
    assert!(run.stdout.ends_with("1 of 2 files concern guardrails, 0 could not be read\n"), "{run}");
    let report = json(&world.run(&["review", "shop", "--output", "json"]).success());
    let security = &report["lenses"][1];
    let points = security["points"].as_u64().unwrap() * 100 / security["of"].as_u64().unwrap();
    assert_eq!(security["score"], points);
    assert!(report["score"].as_u64().unwrap() < 70 && security["score"].as_u64().unwrap() < 30);
    world.run(&["review", "shop", "--fail-under", "80"]).fails(3);
    world.run(&["review", "shop", "--fail-under", "0"]).success();
    world.run(&["review", "shop", "--fail-under", "101"]).fails(2);
}

#[test]
fn what_goldpath_made_scores_full_marks_but_for_its_first_release() {
    let world = World::new();
    world.run(&["new", "service", "payments-api", "--defaults"]).success();
    let report = json(&world.run(&["review", "payments-api", "--output", "json"]).success());
    assert_eq!(report["unread"], serde_json::json!([]));
    let broken: Vec<&str> = report["guardrails"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|guardrail| guardrail["places"] != 0)
        .map(|guardrail| guardrail["id"].as_str().unwrap())
        .collect();
    assert_eq!(broken, ["S5"], "images get their digests with the first release");
    assert_eq!(report["on_golden_path"], true);
}

#[test]
fn what_only_the_golden_path_agrees_on_warns_in_other_repositories() {
    let world = World::new();
    world.write("work/shop/k8s/pod.yaml", POD);
    let report = json(&world.run(&["review", "shop", "--output", "json"]).success());
    let guardrail = |report: &Value, id: &str| -> Value {
        report["guardrails"].as_array().unwrap().iter().find(|guardrail| guardrail["id"] == id).unwrap().clone()
    };
    let labels = guardrail(&report, "O1");
    assert_eq!(report["on_golden_path"], false);
    assert_eq!(
        (&labels["verdict"], &labels["places"], &labels["conventions"]),
        (&"warned".into(), &1.into(), &1.into())
    );
    assert_eq!(guardrail(&report, "S1")["verdict"], "broken");
    assert!(report["lenses"][3]["arithmetic"].as_str().unwrap().contains("+ 1 of these that only warned × 2 +"));
    let text = world.run(&["review", "shop"]).success().stdout;
    assert!(text.contains("1 of 1 are conventions of the golden path (these labels)"), "{text}");
    let page = world.run(&["review", "shop", "--output", "html"]).success().stdout;
    assert!(page.contains("1 of 1 are conventions of the golden path (these labels)"), "{page}");
    // One mark of goldpath above, and the same denies; but not above the root of another repository.
    world.write("work/goldpath.yaml", "blueprint: service\n");
    let report = json(&world.run(&["review", "shop/k8s/pod.yaml", "--output", "json"]).success());
    assert_eq!((&report["on_golden_path"], &guardrail(&report, "O1")["verdict"]), (&true.into(), &"broken".into()));
    world.write("work/shop/.git/HEAD", "ref: refs/heads/main\n");
    let report = json(&world.run(&["review", "shop/k8s/pod.yaml", "--output", "json"]).success());
    assert_eq!(report["on_golden_path"], false);
}

#[test]
fn what_cannot_be_read_is_listed_and_takes_its_share() {
    let world = World::new();
    world.write("work/shop/pod.yaml", POD);
    world.write("work/shop/broken.yaml", "kind: [\n");
    world.write("work/shop/notes.yml", "a: {{ x }}: b\n");
    std::fs::write(world.work().join("shop/latin.tf"), b"# \xe4\n").unwrap();
    let report = json(&world.run(&["review", "shop", "--output", "json"]).success());
    assert_eq!(paths(&report, "unread"), ["broken.yaml", "latin.tf", "notes.yml"]);
    assert_eq!((&report["files_read"], &report["files_unread"]), (&1.into(), &3.into()));
    assert!(report["lenses"][1]["arithmetic"].as_str().unwrap().contains("× 1 of 4 files read"));
}

#[test]
fn nothing_to_judge_is_no_score() {
    let world = World::new();
    world.write("work/empty/README.md", "# x\n");
    let run = world.run(&["review", "empty"]).success();
    assert!(run.stdout.contains("score          –"), "{run}");
    world.run(&["review", "empty", "--fail-under", "1"]).fails(3);
    let run = world.run(&["review", "missing"]).fails(2);
    assert!(run.stderr.contains("`missing` can't be read"), "{run}");
    let run = world.run(&["review", "empty/README.md"]).fails(2);
    assert!(run.stderr.contains("no kind of file that guardrails look at"), "{run}");
}

#[test]
fn one_file_can_be_reviewed() {
    let world = World::new();
    world.write("work/shop/pod.yaml", POD);
    world.write("work/shop/broken.yaml", "kind: [\n");
    let report = json(&world.run(&["review", "shop/pod.yaml", "--output", "json"]).success());
    assert_eq!((&report["files"], paths(&report, "findings")), (&1.into(), vec!["pod.yaml".to_owned()]));
}

#[test]
fn every_format_tells_the_same() {
    let world = World::new();
    world.write("work/shop/pod.yaml", POD);
    world.write("work/shop/broken.yaml", "kind: [\n");
    let count = |format: &str| world.run(&["review", "shop", "--output", format]).success();
    let report = json(&count("json"));
    let all = report["findings"].as_array().unwrap().len() + report["unread"].as_array().unwrap().len();
    assert_eq!(json(&count("sarif"))["runs"][0]["results"].as_array().unwrap().len(), all);
    assert_eq!(json(&count("gitlab")).as_array().unwrap().len(), all);
    assert_eq!(count("github").stdout.lines().count(), all);
    assert!(count("junit").stdout.contains("<testsuite name=\"goldpath review\""));
    let page = count("html").stdout;
    assert!(page.starts_with("<!doctype html>") && page.contains("pod.yaml:8") && page.contains("broken.yaml"));
    let run = world.run(&["check", ".", "--output", "html"]).fails(2);
    assert!(run.stderr.contains("goldpath"), "{run}");
}

#[cfg(unix)]
#[test]
fn links_are_judged_where_they_lead_and_never_followed_outside() {
    let world = World::new();
    world.write("work/shop/pod.yaml", POD);
    world.write("work/outside.yaml", POD);
    std::os::unix::fs::symlink("pod.yaml", world.work().join("shop/same.yaml")).unwrap();
    std::os::unix::fs::symlink("../outside.yaml", world.work().join("shop/other.yaml")).unwrap();
    std::os::unix::fs::symlink("loop.yaml", world.work().join("shop/loop.yaml")).unwrap();
    let report = json(&world.run(&["review", "shop", "--output", "json"]).success());
    assert_eq!(paths(&report, "findings"), ["pod.yaml"]);
    assert_eq!(paths(&report, "unread"), ["loop.yaml", "other.yaml"]);
}

/// A program of this name that prints a text, or fails with one.
#[cfg(unix)]
fn tool(world: &World, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    world.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(world.path(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", world.path("bin").display())
}

#[cfg(unix)]
const TEMPLATE: &str = "{{- if .Values.open }}\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  \
                        type: {{ .Values.type }}\n  ports: []\n{{- end }}\n";

#[cfg(unix)]
fn chart(world: &World) {
    world.write("work/shop/chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    world.write("work/shop/chart/values.yaml", "open: true\n");
    world.write("work/shop/chart/templates/service.yaml", TEMPLATE);
}

#[cfg(unix)]
#[test]
fn charts_are_judged_as_helm_renders_them_at_the_lines_of_their_templates() {
    let world = World::new();
    chart(&world);
    let printed = "---\n# Source: shop/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: shop\n\
                   spec:\n  type: NodePort\n  ports: []\n";
    let path = tool(&world, "helm", &format!("cat <<'EOF'\n{printed}EOF"));
    let run = world.run_with(&["review", "shop", "--output", "json"], "", &[("PATH", &path)]).success();
    let report = json(&run);
    assert_eq!(report["unread"], serde_json::json!([]), "{run}");
    assert_eq!(report["renderings"][0]["by"], "helm");
    let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "S9").unwrap();
    assert_eq!((&found["path"], &found["line"]), (&"chart/templates/service.yaml".into(), &7.into()), "{run}");
    assert_eq!(found["rendered_by"], "chart/Chart.yaml");
}

#[cfg(unix)]
#[test]
fn without_helm_charts_are_rendered_in_memory_for_each_environment() {
    let world = World::new();
    chart(&world);
    world.write("work/shop/chart/values-dev.yaml", "type: NodePort\n");
    world.write("work/shop/chart/values-prod.yaml", "type: ClusterIP\n");
    world.write("work/shop/chart/images/prod.yaml", "open: false\n");
    let none = world.path("none").display().to_string();
    for arguments in [vec![], vec!["--no-tools"]] {
        let arguments = [vec!["review", "shop", "--output", "json"], arguments].concat();
        let run = world.run_with(&arguments, "", &[("PATH", &none)]).success();
        let report = json(&run);
        assert_eq!(report["unread"], serde_json::json!([]), "{run}");
        let rendered: Vec<(&str, u64)> = report["renderings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rendering| {
                assert_eq!(rendering["by"], "goldpath");
                (rendering["path"].as_str().unwrap(), rendering["objects"].as_u64().unwrap())
            })
            .collect();
        assert_eq!(rendered, [("chart/values-dev.yaml", 1), ("chart/values-prod.yaml", 0)]);
        let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "S9").unwrap();
        assert_eq!((&found["path"], &found["line"]), (&"chart/templates/service.yaml".into(), &7.into()), "{run}");
        assert_eq!(found["rendered_by"], "chart/values-dev.yaml");
    }
}

#[cfg(unix)]
#[test]
fn charts_that_nobody_renders_are_unread_and_that_is_said() {
    let world = World::new();
    chart(&world);
    world.write("work/shop/chart/templates/service.yaml", &TEMPLATE.replace(".Release.Name", "lookup \"v1\""));
    let none = world.path("none").display().to_string();
    let fails = tool(&world, "helm", "echo 'Error: shop needs a dependency' >&2; exit 1");
    for (path, arguments, expected) in [
        (
            none.as_str(),
            vec![],
            "there is no helm on PATH, and without it: chart/templates/service.yaml:5: it uses `lookup`",
        ),
        (fails.as_str(), vec![], "not rendered: Error: shop needs a dependency"),
        (
            fails.as_str(),
            vec!["--no-tools"],
            "since you asked for no tools: chart/templates/service.yaml:5: it uses `lookup`",
        ),
    ] {
        let arguments = [vec!["review", "shop", "--output", "json"], arguments].concat();
        let run = world.run_with(&arguments, "", &[("PATH", path)]).success();
        let report = json(&run);
        assert_eq!(paths(&report, "unread"), ["chart/Chart.yaml", "chart/templates/service.yaml"], "{run}");
        assert!(report["unread"][0]["message"].as_str().unwrap().contains(expected), "{run}");
        assert_eq!(report["renderings"][0]["by"], Value::Null);
    }
}

#[cfg(unix)]
#[test]
fn what_goldpath_cannot_put_together_a_tool_builds_and_lines_stay_those_of_sources() {
    let world = World::new();
    world.write("work/shop/kustomization.yaml", "namePrefix: eu-\nresources: [service.yaml]\n");
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  type: NodePort\n";
    world.write("work/shop/service.yaml", service);
    let none = world.path("none").display().to_string();
    let report = json(&world.run_with(&["review", "shop", "--output", "json"], "", &[("PATH", &none)]).success());
    assert_eq!(paths(&report, "unread"), ["kustomization.yaml"]);
    let built = service.replace("name: shop", "name: eu-shop");
    let path = tool(&world, "kustomize", &format!("cat <<'EOF'\n{built}EOF"));
    let run = world.run_with(&["review", "shop", "--output", "json"], "", &[("PATH", &path)]).success();
    let report = json(&run);
    assert_eq!((&report["unread"], &report["renderings"][0]["by"]), (&serde_json::json!([]), &"kustomize".into()));
    let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "S9").unwrap();
    assert_eq!((&found["path"], &found["line"]), (&"service.yaml".into(), &6.into()), "{run}");
    assert!(found["message"].as_str().unwrap().contains("eu-shop"), "{run}");
    // What would have to be fetched is never handed to a tool.
    world.write(
        "work/shop/kustomization.yaml",
        "namePrefix: eu-\nresources: [service.yaml, https://example.com/x.yaml]\n",
    );
    let report = json(&world.run_with(&["review", "shop", "--output", "json"], "", &[("PATH", &path)]).success());
    assert_eq!(report["renderings"][0]["by"], "goldpath");
}

const PLAN: &str = r#"{"format_version": "1.2", "planned_values": {"root_module": {"child_modules": [{"address": "module.db",
    "resources": [{"address": "module.db.aws_db_instance.this", "mode": "managed", "type": "aws_db_instance", "name": "this",
    "values": {"storage_encrypted": false, "publicly_accessible": true}}]}]}},
    "configuration": {"root_module": {"module_calls": {"db": {"source": "../modules/db", "module": {}}}}}}"#;

#[test]
fn a_plan_is_judged_by_its_values_at_the_lines_of_its_configuration() {
    let world = World::new();
    world.write(
        "work/shop/infra/prod/main.tf",
        "module \"db\" {\n  source    = \"../modules/db\"\n  encrypted = false\n}\n",
    );
    world.write(
        "work/shop/infra/modules/db/main.tf",
        "variable \"encrypted\" {}\n\nresource \"aws_db_instance\" \"this\" {\n  storage_encrypted   = var.encrypted\n  \
         publicly_accessible = true\n}\n",
    );
    world.write("work/plan.json", PLAN);
    let lines = |arguments: &[&str]| {
        let arguments = [&["review", "shop", "--output", "json"], arguments].concat();
        let report = json(&world.run(&arguments).success());
        let found = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "S12");
        found.map(|finding| format!("{}:{}", finding["path"].as_str().unwrap(), finding["line"])).collect::<Vec<_>>()
    };
    assert!(!lines(&[]).contains(&"infra/modules/db/main.tf:4".to_owned()), "a variable may be anything");
    assert!(lines(&["--plan", "plan.json"]).contains(&"infra/modules/db/main.tf:4".to_owned()));
    let run = world.run(&["review", "shop", "--plan", "none.json"]).fails(2);
    assert!(run.stderr.contains("none.json: the plan can't be read"), "{run}");
}
