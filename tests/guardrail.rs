//! The guardrail library as the rest of goldpath uses it: loading, judging, rendering Kustomize sources, and foreign input.

#![allow(clippy::unwrap_used, reason = "a test says by panicking what went wrong")]

use std::collections::BTreeSet;
use std::path::Path;

use goldpath::document::{self, Format};
use goldpath::guardrail::{Date, Exceptions, Level, Library, Report, kustomize};
use goldpath::tree::{File, Tree, TreePath};
use proptest::prelude::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (path, text) in files {
        tree.insert(TreePath::new(path).unwrap(), File::regular(*text)).unwrap();
    }
    tree
}

fn policies() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("blueprints/policies");
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap();
            tree.insert(TreePath::new(path).unwrap(), File::regular(std::fs::read(entry.path()).unwrap())).unwrap();
        }
    }
    tree
}

fn judge(files: &[(&str, &str)]) -> Report {
    Library::load(&policies()).unwrap().evaluate(&tree(files), &Exceptions::none())
}

fn rules(report: &Report) -> BTreeSet<&str> {
    report.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn the_library_loads_and_every_rule_that_reports_is_described() {
    let tree = policies();
    let library = Library::load(&tree).unwrap();
    let described: BTreeSet<(&str, &str)> =
        library.rules().iter().map(|rule| (rule.area.as_str(), rule.id.as_str())).collect();
    let pattern = regex::Regex::new(r#""rule": "([A-Z][0-9]+)""#).unwrap();
    for (path, file) in tree.iter().filter(|(path, _)| !path.as_str().ends_with("_test.rego")) {
        let area = path.as_str().split('/').next().unwrap();
        for found in pattern.captures_iter(std::str::from_utf8(&file.bytes).unwrap()) {
            let id = found.get(1).unwrap().as_str();
            assert!(described.contains(&(area, id)), "{path} reports {id}, which no METADATA describes");
        }
    }
}

/// What METADATA calls a convention is one in some result, and the other way round.
#[test]
fn rules_say_which_of_their_results_are_conventions() {
    let tree = policies();
    let library = Library::load(&tree).unwrap();
    let described: BTreeSet<(&str, &str)> = library
        .rules()
        .iter()
        .filter(|rule| rule.convention.is_some())
        .map(|rule| (rule.area.as_str(), rule.id.as_str()))
        .collect();
    let pattern = regex::Regex::new(r#"\{\n\t\t"rule": "([A-Z][0-9]+)",\n(?:\t\t.*\n)*?\t\t"convention": "#).unwrap();
    let mut said = BTreeSet::new();
    for (path, file) in tree.iter().filter(|(path, _)| !path.as_str().ends_with("_test.rego")) {
        let area = path.as_str().split('/').next().unwrap();
        let text = std::str::from_utf8(&file.bytes).unwrap();
        said.extend(pattern.captures_iter(text).map(|found| (area, found.get(1).unwrap().as_str())));
    }
    assert_eq!(described, said);
    assert!(described.len() > 10);
}

#[test]
fn a_convention_denies_on_the_golden_path_and_warns_elsewhere() {
    let files = [("a/b.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort}\n")];
    let levels = |report: &Report| -> Vec<(String, Level)> {
        report.findings.iter().map(|finding| (finding.rule.clone(), finding.level)).collect()
    };
    let own = judge(&files);
    assert_eq!(levels(&own), [("O1".to_owned(), Level::Deny), ("S9".to_owned(), Level::Deny)]);
    let elsewhere = own.elsewhere();
    assert_eq!(levels(&elsewhere), [("O1".to_owned(), Level::Warn), ("S9".to_owned(), Level::Deny)]);
    assert!(elsewhere.denied());
}

/// Every rule has an example of what it denies and one of what it lets pass, as small files that `goldpath explain` shows.
#[test]
fn every_rule_is_told_apart_by_its_examples() {
    let tree = policies();
    let library = Library::load(&tree).unwrap();
    let ids: BTreeSet<&str> = library.rules().iter().map(|rule| rule.id.as_str()).collect();
    let mut wrong = Vec::new();
    for id in &ids {
        for (kind, expected) in [("fails", true), ("passes", false)] {
            let folder = format!("examples/{id}/{kind}/");
            let mut example = Tree::new();
            for (path, file) in tree.iter().filter(|(path, _)| path.as_str().starts_with(&folder)) {
                let lines = String::from_utf8_lossy(&file.bytes).lines().count();
                if lines > 25 {
                    wrong.push(format!("{path} has {lines} lines: too many to be read at a glance"));
                }
                example.insert(TreePath::new(&path.as_str()[folder.len()..]).unwrap(), file.clone()).unwrap();
            }
            if example.is_empty() {
                wrong.push(format!("there is no blueprints/policies/{folder}"));
                continue;
            }
            let report = library.evaluate(&example, &Exceptions::none());
            wrong.extend(report.unread.iter().map(|problem| format!("{folder}: {problem}")));
            if report.findings.iter().any(|finding| finding.rule == *id) != expected {
                wrong.push(format!("{folder}: {id} finds {:#?}", report.findings));
            }
        }
    }
    for (path, _) in tree.iter().filter(|(path, _)| path.as_str().starts_with("examples/")) {
        if !ids.contains(path.as_str().split('/').nth(1).unwrap()) {
            wrong.push(format!("{path} is an example of no rule"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_plan_is_judged_by_the_rules_of_terraform() {
    let plan = r#"{
  "format_version": "1.2",
  "planned_values": {
    "root_module": {
      "child_modules": [
        {
          "address": "module.data",
          "resources": [
            {
              "address": "module.data.aws_db_instance.this",
              "mode": "managed",
              "type": "aws_db_instance",
              "name": "this",
              "values": {
                "backup_retention_period": 14,
                "deletion_protection": false,
                "storage_encrypted": true
              }
            }
          ]
        }
      ]
    }
  }
}"#;
    let report = judge(&[("plan.json", plan)]);
    let found: Vec<(&str, &str, Option<usize>)> =
        report.findings.iter().map(|finding| (finding.rule.as_str(), finding.path.as_str(), finding.line)).collect();
    assert_eq!(found, [("R9", "plan.json", Some(16))], "{:#?}", report.findings);
    assert!(judge(&[("plan.json", &plan.replace("false", "true"))]).findings.is_empty());
    // Without the two keys it is some other JSON.
    assert_eq!(judge(&[("plan.json", &plan.replace("format_version", "version"))]).evaluated.documents, 0);
}

#[test]
fn terraform_in_json_is_judged_and_what_hides_its_labels_is_not_read() {
    let file = "{\n  \"terraform\": {\n    \"backend\": {\"local\": {}}\n  },\n  \"resource\": {\n    \"aws_db_instance\": \
                {\n      \"data\": {\n        \"storage_encrypted\": false\n      }\n    }\n  }\n}\n";
    let report = judge(&[("infra/main.tf.json", file)]);
    let place = |rule: &str| {
        let finding = report.findings.iter().find(|finding| finding.rule == rule);
        finding.map(|finding| (finding.path.as_str(), finding.line))
    };
    assert_eq!(place("S12"), Some(("infra/main.tf.json", Some(8))), "{:#?}", report.findings);
    assert_eq!(place("R10"), Some(("infra/main.tf.json", Some(3))), "{:#?}", report.findings);
    let hidden = [
        "{\"resource\": [{\"aws_db_instance\": {}}]}",
        "{\"resource\": {\"aws_db_instance\": [{\"data\": {}}]}}",
        "{\"provider\": [{\"aws\": {}}]}",
    ];
    for text in hidden {
        let report = judge(&[("main.tf.json", text)]);
        let unread: Vec<String> = report.unread.iter().map(ToString::to_string).collect();
        assert!(unread.iter().any(|told| told.contains("main.tf.json:1: a list stands above")), "{text}: {unread:?}");
    }
    assert!(judge(&[("main.tf.json", "{\"locals\": [{}], \"provider\": {\"aws\": [{}]}}")]).unread.is_empty());
}

#[test]
fn what_pipelines_take_in_is_judged_as_one() {
    let job = "build:\n  image: golang:1\n  script: make\n";
    let steps = "steps:\n  - bash: echo $(Build.SourceBranch)\n";
    let report = judge(&[
        (".gitlab-ci.yml", "include:\n  - local: ci/build.yml\n"),
        ("ci/build.yml", job),
        ("ci/other.yml", job),
        ("pipes/azure-pipelines.yml", "steps:\n  - template: shared/go.yml\n"),
        ("pipes/shared/go.yml", steps),
        ("pipes/shared/node.yml", steps),
    ]);
    let found: BTreeSet<(&str, &str)> =
        report.findings.iter().map(|finding| (finding.path.as_str(), finding.rule.as_str())).collect();
    assert!(found.contains(&("ci/build.yml", "S16")) && found.contains(&("pipes/shared/go.yml", "S17")), "{found:?}");
    assert!(!found.iter().any(|(path, _)| ["ci/other.yml", "pipes/shared/node.yml"].contains(path)), "{found:?}");
}

/// OPA's verdict on every input of the policies' own tests, recorded by `scripts/policy_verdicts.py`, is that of the engine
/// that is built in.
#[test]
fn the_built_in_engine_agrees_with_opa_on_every_fixture() {
    let tree = policies();
    let mut asked = 0;
    for area in ["ci", "dockerfile", "kubernetes", "repo", "terraform"] {
        let mut engine = regorus::Engine::new();
        engine.set_strict_builtin_errors(false);
        let mut warns = false;
        for (path, file) in tree.iter().filter(|(path, _)| path.as_str().starts_with(&format!("{area}/"))) {
            if !path.as_str().ends_with("_test.rego") {
                let text = std::str::from_utf8(&file.bytes).unwrap();
                warns |= text.contains("\nwarn contains");
                engine.add_policy(path.to_string(), text.to_owned()).unwrap();
            }
        }
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/policies/{area}.json"));
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(fixtures).unwrap()).unwrap();
        for row in rows {
            asked += 1;
            engine.set_input(regorus::Value::from(row["input"].clone()));
            for level in if warns { &["deny", "warn"][..] } else { &["deny"][..] } {
                let found = engine.eval_rule(format!("data.{area}.{level}")).unwrap();
                let found: serde_json::Value = serde_json::from_str(&found.to_json_str().unwrap()).unwrap();
                let sorted = |value: &serde_json::Value| -> BTreeSet<String> {
                    value.as_array().unwrap().iter().map(|item| canonical(item).to_string()).collect()
                };
                assert_eq!(sorted(&found), sorted(&row[level]), "{area} {level}: {}", row["input"]);
            }
        }
    }
    assert!(asked > 350, "only {asked} inputs are recorded");
}

/// With sorted keys.
fn canonical(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => {
            let sorted: std::collections::BTreeMap<_, _> =
                map.iter().map(|(key, value)| (key.clone(), canonical(value))).collect();
            serde_json::Value::Object(sorted.into_iter().collect())
        }
        serde_json::Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_finding_names_the_line_that_a_person_can_edit() {
    let report = judge(&[("Dockerfile", "# syntax=x\n\nFROM golang:1.25\nUSER 65532\n")]);
    assert_eq!(rules(&report), ["S15"].into());
    let finding = &report.findings[0];
    assert_eq!((finding.path.as_str(), finding.line), ("Dockerfile", Some(3)));
    assert_eq!(finding.level, Level::Deny);
    assert!(finding.fix.contains("sha256"));
    assert!(report.denied());
}

#[test]
fn the_same_tree_gives_the_same_report_every_time() {
    let library = Library::load(&policies()).unwrap();
    let files = tree(&[
        ("Dockerfile", "FROM a\nRUN sudo x\nADD a b\n"),
        ("main.tf", "provider \"aws\" {}\nmodule \"m\" {\n  source = \"x/y/z\"\n}\n"),
        (".github/workflows/ci.yaml", "on: push\njobs:\n  a:\n    steps:\n      - uses: a/b@v1\n"),
    ]);
    let first = library.evaluate(&files, &Exceptions::none());
    assert!(first.findings.len() > 8, "{:#?}", first.findings);
    for _ in 0..5 {
        assert_eq!(library.evaluate(&files, &Exceptions::none()), first);
    }
}

const BASE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  type: NodePort\n";

#[test]
fn a_base_is_judged_as_its_overlays_render_it() {
    let report = judge(&[
        ("k/base/kustomization.yaml", "resources:\n  - service.yaml\n"),
        ("k/base/service.yaml", BASE),
        (
            "k/overlays/dev/kustomization.yaml",
            "namespace: api-dev\nresources: [../../base]\nlabels:\n  - pairs:\n      team: shop\n      \
             app.kubernetes.io/name: api\n      app.kubernetes.io/part-of: shop\n      \
             app.kubernetes.io/managed-by: kustomize\n",
        ),
        (
            "k/overlays/prod/kustomization.yaml",
            "resources: [../../base]\npatches:\n  - target: {kind: Service}\n    patch: |-\n      - op: replace\n        path: /spec/type\n        \
             value: ClusterIP\n",
        ),
    ]);
    // NodePort is in the base, once for both overlays, though only dev still has it; the labels are missing in prod.
    let found: Vec<(&str, Option<usize>, &str, Option<&str>)> = report
        .findings
        .iter()
        .map(|finding| (finding.path.as_str(), finding.line, finding.rule.as_str(), finding.rendered_by.as_deref()))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.contains(&("k/base/service.yaml", Some(6), "S9", Some("k/overlays/dev/kustomization.yaml"))));
    assert!(
        found
            .iter()
            .filter(|(.., rule, by)| *rule == "O1" && *by == Some("k/overlays/prod/kustomization.yaml"))
            .count()
            == 1,
        "{found:?}"
    );
    assert!(report.unread.is_empty(), "{:?}", report.unread);
}

#[test]
fn kustomize_merges_as_kustomize_does() {
    let rendered = kustomize::render(&tree(&[
        (
            "k/kustomization.yaml",
            "resources: [deployment.yaml]\ncomponents: [c]\nnamespace: api-prod\npatches:\n  - path: patch.yaml\n\
             replicas:\n  - {name: api, count: 4}\nimages:\n  - {name: ghcr.io/a/api, digest: 'sha256:00'}\n\
             configMapGenerator:\n  - name: api\n    literals: [A=b=c]\n    files: [x=data.txt]\n",
        ),
        ("k/data.txt", "hello\n"),
        (
            "k/deployment.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      \
             containers:\n        - name: api\n          image: ghcr.io/a/api:1\n          env:\n            - {name: A, \
             value: '1'}\n            - {name: B, value: '2'}\n          args: [a, b]\n",
        ),
        (
            "k/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      \
             containers:\n        - name: api\n          env:\n            - {name: B, value: '3'}\n            - {name: A, \
             $patch: delete}\n          args: [c]\n        - name: sidecar\n          image: other\n",
        ),
        (
            "k/c/kustomization.yaml",
            "kind: Component\nlabels:\n  - pairs: {team: shop}\n    includeTemplates: true\n    includeSelectors: false\n",
        ),
    ]));
    assert_eq!(rendered.all_problems().next(), None);
    let objects: Vec<serde_json::Value> = rendered.documents().map(document::Document::value).collect();
    assert_eq!(
        objects[0],
        serde_json::json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "api", "namespace": "api-prod", "labels": {"team": "shop"}},
            "spec": {
                "replicas": 4,
                "template": {
                    "metadata": {"labels": {"team": "shop"}},
                    "spec": {"containers": [
                        {
                            "name": "api",
                            "image": "ghcr.io/a/api@sha256:00",
                            "env": [{"name": "B", "value": "3"}],
                            "args": ["c"],
                        },
                        {"name": "sidecar", "image": "other"},
                    ]},
                },
            },
        })
    );
    assert_eq!(objects[1]["data"], serde_json::json!({"A": "b=c", "x": "hello\n"}));
    let claimed: Vec<&str> = rendered.claimed.iter().map(String::as_str).collect();
    assert_eq!(
        claimed,
        ["k/c/kustomization.yaml", "k/data.txt", "k/deployment.yaml", "k/kustomization.yaml", "k/patch.yaml"]
    );
}

#[test]
fn what_moves_with_a_kustomization_moves_as_kustomize_moves_it() {
    let workload = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      \
                    containers:\n        - {name: one}\n        - {name: two}\n        - {name: three}\n---\napiVersion: \
                    v1\nkind: ServiceAccount\nmetadata: {name: mine}\n---\napiVersion: \
                    rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: api}\nsubjects:\n  - {kind: \
                    ServiceAccount, name: mine}\n  - {kind: ServiceAccount, name: default}\n  - {kind: ServiceAccount, \
                    name: another}\n  - {kind: Group, name: mine}\n  - {kind: \
                    ServiceAccount, name: mine, namespace: other}\n";
    let rendered = kustomize::render(&tree(&[
        (
            "kustomization.yaml",
            "resources: [objects.yaml]\nnamespace: prod\ncommonAnnotations: {owner: shop}\npatches:\n  - path: \
             patch.yaml\ngeneratorOptions:\n  annotations: {a: all}\n  labels: {l: all}\nconfigMapGenerator:\n  - name: \
             api\n    literals: [A=b]\n    options: {annotations: {b: one}}\n",
        ),
        ("objects.yaml", workload),
        (
            "patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      \
             containers:\n        - {name: new}\n        - {name: three, image: x}\n",
        ),
    ]));
    assert_eq!(rendered.all_problems().next(), None);
    let objects: Vec<serde_json::Value> = rendered.documents().map(document::Document::value).collect();
    let pod = &objects[0]["spec"]["template"];
    assert_eq!(pod["metadata"]["annotations"], serde_json::json!({"owner": "shop"}));
    let names: Vec<&str> =
        pod["spec"]["containers"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["new", "three", "one", "two"], "what the patch names stands first");
    let namespaces: Vec<Option<&str>> =
        objects[2]["subjects"].as_array().unwrap().iter().map(|it| it["namespace"].as_str()).collect();
    assert_eq!(namespaces, [Some("prod"), Some("prod"), None, Some("prod"), Some("other")]);
    assert_eq!(objects[3]["metadata"]["labels"], serde_json::json!({"l": "all"}));
    assert_eq!(objects[3]["metadata"]["annotations"], serde_json::json!({"a": "all", "b": "one", "owner": "shop"}));
}

#[test]
fn what_kustomize_can_do_and_this_cannot_is_said() {
    let rendered = kustomize::render(&tree(&[(
        "kustomization.yaml",
        "namePrefix: x-\nresources:\n  - https://example.com/x.yaml\n  - missing.yaml\n",
    )]));
    let problems: Vec<String> = rendered.all_problems().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("kustomization.yaml:1: `namePrefix`")), "{problems:?}");
}

#[test]
fn what_a_list_holds_are_objects_of_their_own() {
    let list = "apiVersion: v1\nkind: ConfigMapList\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: \
                a}\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: b}\n";
    let rendered = kustomize::render(&tree(&[
        ("kustomization.yaml", "resources: [list.yaml]\nnamespace: prod\n"),
        ("list.yaml", list),
    ]));
    let found: Vec<String> = rendered.documents().map(|document| document.value()["metadata"].to_string()).collect();
    assert_eq!(found, [r#"{"name":"a","namespace":"prod"}"#, r#"{"name":"b","namespace":"prod"}"#]);
}

#[test]
fn what_would_have_to_be_fetched_is_given_to_no_tool() {
    for setting in [
        "openapi: {path: 'https://example.com/schema.json'}\n",
        "configurations: ['https://example.com/names.yaml']\n",
        "transformers: [../elsewhere]\n",
        "replacements: [{path: 'https://example.com/r.yaml'}]\n",
    ] {
        let rendered = kustomize::render(&tree(&[("k/kustomization.yaml", setting)]));
        assert!(rendered.roots[0].incomplete, "{setting}");
    }
    let inside =
        tree(&[("k/kustomization.yaml", "configurations: [names.yaml]\n"), ("k/names.yaml", "nameReference: []\n")]);
    assert!(!kustomize::render(&inside).roots[0].incomplete);
}

#[test]
fn kustomizations_that_refer_to_each_other_end() {
    let rendered = kustomize::render(&tree(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("c/kustomization.yaml", "resources: [../a, ../c]\n"),
    ]));
    assert!(rendered.documents().next().is_none());
}

#[test]
fn what_cannot_be_read_is_reported_and_never_passes() {
    let deep = format!("apiVersion: {}", "[".repeat(5_000));
    let large = format!("apiVersion: v1\nkind: X\nx: {}\n", "y".repeat(5 * 1024 * 1024));
    let mut files = tree(&[
        ("a.yaml", "apiVersion: v1\nkind: [\n"),
        ("chart/templates/b.yaml", "apiVersion: {{ .Values.v }}\n{{- if x }}\nkind: Y\n"),
        ("c.tf", "resource {\n"),
        ("Dockerfile", "FLY away\n"),
        ("deep.yaml", &deep),
        ("large.yaml", &large),
    ]);
    files.insert(TreePath::new("bytes.tf").unwrap(), File::regular(b"a = \"\xff\"\n".to_vec())).unwrap();
    let report = Library::load(&policies()).unwrap().evaluate(&files, &Exceptions::none());
    let places: BTreeSet<&str> =
        report.unread.iter().filter_map(|problem| problem.place.as_ref()).map(|place| place.file.as_str()).collect();
    assert_eq!(
        places,
        ["Dockerfile", "a.yaml", "bytes.tf", "c.tf", "chart/templates/b.yaml", "deep.yaml", "large.yaml"].into()
    );
    assert!(report.unread.iter().any(|problem| problem.to_string().contains("helm template")));
    assert_eq!(report.findings, []);
}

#[test]
fn an_exception_holds_for_its_rule_and_path_until_its_day() {
    let files = tree(&[("Dockerfile", "FROM golang:1\nUSER 65532\n")]);
    let library = Library::load(&policies()).unwrap();
    let text = "exceptions:\n  - {rule: S15, path: Dockerfile, owner: a, reason: b, expires: '2026-12-01'}\n  \
                - {rule: S1, path: '**', owner: a, reason: b, expires: '2026-12-01'}\n";
    let on =
        |day: &str| Exceptions::parse(text.as_bytes(), "policy/exceptions.yaml", Date::parse(day).unwrap()).unwrap();
    let before = library.evaluate(&files, &on("2026-11-30"));
    assert_eq!((before.findings.len(), before.excepted.len()), (0, 1));
    assert_eq!(before.unused(&on("2026-11-30")), [1]);
    let after = library.evaluate(&files, &on("2026-12-01"));
    assert_eq!((after.findings.len(), after.excepted.len()), (1, 0));
}

#[test]
fn a_library_with_mistakes_is_refused_with_their_places() {
    let header = "package a\n\n# METADATA\n# title: T\n# description: D\n# custom:\n#   id: X1\n#   lens: cost\n#   \
                  severity: deny\n#   fix: F\n";
    let twice = format!("{header}deny contains 1 if input.x\n");
    let Err(problems) = Library::load(&tree(&[
        ("a/1.rego", &twice),
        ("a/2.rego", &twice),
        ("b/syntax.rego", "package b\n\ndeny contains if {\n"),
        ("c/name.rego", "package c\n\ndeny contains 1 if unknown_function(input)\n"),
    ])) else {
        panic!("loaded");
    };
    let text = problems.to_string();
    for expected in ["a/2.rego: the rule `X1` is described twice", "b/syntax.rego:3:", "c/name.rego:3:"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_policy_that_does_not_end_is_stopped_and_reported() {
    let endless = "package kubernetes\n\ndeny contains 1 if {\n\tinput.kind == \"X\"\n\tsome a in numbers.range(1, 3000)\n\tsome b in \
                   numbers.range(1, 3000)\n\tsome c in numbers.range(1, 3000)\n\ta * b * c == -1\n}\n";
    let library = Library::load(&tree(&[("kubernetes/endless.rego", endless)])).unwrap();
    let report = library.evaluate(&tree(&[("a.yaml", "apiVersion: v1\nkind: X\n")]), &Exceptions::none());
    assert_eq!(report.unread.len(), 1);
    assert!(report.unread[0].to_string().contains("time limit"), "{}", report.unread[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No text makes a parser panic, and lines stay within the file.
    #[test]
    fn parsers_take_any_text(text in "[ -~\n\t\r#\\\\\"'{}\\[\\]:,=$%<>&*|\\-é]{0,200}") {
        for format in [Format::Yaml, Format::Json, Format::Toml, Format::Hcl, Format::Dockerfile, Format::Text] {
            if let Ok(documents) = document::read("file", text.as_bytes(), format) {
                for document in documents {
                    let _ = document.value();
                }
            }
        }
    }

    #[test]
    fn dockerfiles_take_any_lines(lines in proptest::collection::vec(
        prop_oneof![
            Just("FROM a AS b".to_owned()), Just("RUN <<EOF".to_owned()), Just("EOF".to_owned()), Just("# escape=`".to_owned()),
            Just("RUN a \\".to_owned()), Just("ONBUILD RUN [\"x\"]".to_owned()), Just("ENV a=\"b c\" d='".to_owned()),
            "[A-Z]{2,6} [ -~]{0,30}",
        ], 0..12)) {
        let _ = document::read("Dockerfile", lines.join("\n").as_bytes(), Format::Dockerfile);
    }

    /// Any JSON value survives the way through a document.
    #[test]
    fn json_keeps_its_values(text in "[ -~]{0,40}", number in any::<i64>(), flag in any::<bool>()) {
        let value = serde_json::json!({"a": [text, number, flag, null], "b": {text.clone(): {}}});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let documents = document::read("f.json", pretty.as_bytes(), Format::Json).unwrap();
        prop_assert_eq!(documents[0].value(), value);
    }
}
