//! A review takes twice as long for twice the files, and not four times: the work of the rules that see a whole repository is
//! counted, so that no clock takes part.

#![allow(missing_docs, clippy::unwrap_used)]

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::json;

/// The rules of the package `repo`, each with all that it uses.
fn library() -> (Engine, Vec<String>) {
    let mut engine = Engine::new();
    let mut rules = Vec::new();
    let mut paths: Vec<_> =
        std::fs::read_dir("blueprints/policies/repo").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| !path.to_str().unwrap().ends_with("_test.rego")) {
        engine.add_policy(path.display().to_string(), std::fs::read_to_string(path).unwrap()).unwrap();
    }
    for name in ["deny", "warn"] {
        rules.push(format!("data.repo.{name}"));
    }
    (engine, rules)
}

/// How many steps the interpreter takes, to a few hundredths: the fewest after which it has not looked at its clock, which
/// leaves it no time.
fn work(library: &(Engine, Vec<String>), input: &serde_json::Value) -> u32 {
    let input = Value::from_json_str(&input.to_string()).unwrap();
    let is_done_in = |steps: u32| {
        let mut engine = library.0.clone();
        let check_interval = NonZeroU32::new(steps).unwrap();
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: Duration::ZERO, check_interval });
        engine.set_input(input.clone());
        library.1.iter().all(|rule| match engine.eval_rule(rule.clone()) {
            Ok(_) => true,
            Err(error) if error.to_string().contains("time limit") => false,
            Err(error) => panic!("{error}"),
        })
    };
    let mut enough = 10_000;
    while !is_done_in(enough) {
        enough *= 2;
        assert!(enough < 200_000_000, "not to be counted");
    }
    let mut few = enough / 2;
    while enough - few > enough / 30 {
        let middle = few.midpoint(enough);
        if is_done_in(middle) { enough = middle } else { few = middle }
    }
    enough
}

fn document(path: String, contents: serde_json::Value) -> serde_json::Value {
    json!({ "path": path, "contents": contents })
}

/// A service with all that belongs to it.
fn service(path: &str, namespace: &str, name: &str) -> Vec<serde_json::Value> {
    let labels = json!({ "app": name, "environment": "prod", "tier": "web" });
    let metadata = json!({ "name": name, "namespace": namespace });
    let selector = json!({ "matchLabels": { "environment": "prod", "app": name } });
    let object = |api: &str, kind: &str, spec: serde_json::Value| {
        let contents = json!({ "apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec });
        document(path.to_owned(), contents)
    };
    vec![
        object("apps/v1", "Deployment", json!({ "template": { "metadata": { "labels": labels }, "spec": {} } })),
        object(
            "apps/v1",
            "StatefulSet",
            json!({ "serviceName": name, "template": { "metadata": { "labels": labels }, "spec": {} } }),
        ),
        object("v1", "Service", json!({ "clusterIP": "None", "selector": labels })),
        object("policy/v1", "PodDisruptionBudget", json!({ "minAvailable": 1, "selector": selector })),
        object("networking.k8s.io/v1", "NetworkPolicy", json!({ "podSelector": selector })),
        object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            json!({ "scaleTargetRef": { "kind": "Deployment", "name": name }, "minReplicas": 2 }),
        ),
        object(
            "argoproj.io/v1alpha1",
            "Rollout",
            json!({ "workloadRef": { "kind": "Deployment", "name": format!("old-{name}") } }),
        ),
    ]
}

/// Repositories of a number of parts, each with what one kind of rule compares.
type Repository = fn(usize) -> Vec<serde_json::Value>;

const REPOSITORIES: [(&str, Repository); 8] = [
    ("services of one namespace", |count| {
        (0..count).flat_map(|n| service(&format!("deploy/{n}.yaml"), "shop", &format!("app-{n}"))).collect()
    }),
    ("one service, copied into many folders", |count| {
        (0..count).flat_map(|n| service(&format!("examples/{n}/app.yaml"), "", "app")).collect()
    }),
    ("one service, rendered for many environments", |count| {
        (0..count).flat_map(|n| service(&format!("overlays/{n}/kustomization.yaml"), "shop", "app")).collect()
    }),
    ("policies for all pods of a namespace, many times", |count| {
        (0..count)
            .flat_map(|n| {
                let name = format!("app-{n}");
                let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
                let metadata = json!({ "name": name, "namespace": "shop" });
                let mut found = service("deploy/all.yaml", "shop", &name);
                found.push(document(
                    "policies.yaml".to_owned(),
                    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec }),
                ));
                found
            })
            .collect()
    }),
    ("environments of Terraform", |count| {
        (0..count)
            .flat_map(|n| {
                let backend = json!({ "s3": [{ "bucket": "state", "key": format!("{}.tfstate", n / 2) }] });
                [
                    document(
                        format!("infra/{n}/main.tf"),
                        json!({ "terraform": [{ "backend": backend }], "provider": { "aws": [{}] } }),
                    ),
                    document(
                        format!("infra/{n}/logs.tf"),
                        json!({ "resource": { "aws_s3_bucket": { format!("logs_{n}"): [{ "bucket": "x" }] } } }),
                    ),
                    document(
                        format!("infra/{n}/ends.tf"),
                        json!({ "resource": { "aws_s3_bucket_lifecycle_configuration": {
                            format!("logs_{n}"): [{ "bucket": format!("${{aws_s3_bucket.logs_{n}.id}}") }]
                        } } }),
                    ),
                    document(format!("infra/{n}/dev/terraform.tfvars"), json!({ "size": "m5.4xlarge" })),
                ]
            })
            .collect()
    }),
    ("buckets of one module", |count| {
        (0..count)
            .flat_map(|n| {
                let reference = format!("${{aws_s3_bucket.logs_{n}.id}}");
                [
                    document(
                        format!("infra/logs_{n}.tf"),
                        json!({ "resource": { "aws_s3_bucket": { format!("logs_{n}"): [{ "bucket": "x" }] } } }),
                    ),
                    document(
                        format!("infra/ends_{n}.tf"),
                        json!({ "resource": { "aws_s3_bucket_lifecycle_configuration": {
                            format!("logs_{n}"): [{ "bucket": reference }]
                        } } }),
                    ),
                ]
            })
            .collect()
    }),
    ("pipelines that call scripts and make targets", |count| {
        (0..count)
            .flat_map(|n| {
                let run = format!("scripts/image-{n}.sh push && make image-{n}");
                let steps =
                    json!([{ "uses": "docker/build-push-action@v6", "with": { "push": true } }, { "run": run }]);
                let text = |path: String, lines: Vec<String>| {
                    document(path.clone(), json!({ "text": { "path": path, "lines": lines } }))
                };
                [
                    document(
                        format!(".github/workflows/w{n}.yaml"),
                        json!({ "on": "push", "jobs": { "x": { "steps": steps } } }),
                    ),
                    text(format!("scripts/image-{n}.sh"), vec![format!("docker push registry.example.com/app-{n}")]),
                    text(format!("mk/image-{n}.mk"), vec![format!("image-{n}: src"), "\tdocker push app:1".to_owned()]),
                ]
            })
            .collect()
    }),
    ("alerts, objectives and runbooks", |count| {
        (0..count)
            .flat_map(|n| {
                let alert = json!({ "alert": format!("A{n}"), "labels": { "severity": "page" }, "annotations": {
                    "runbook_url": format!("https://example.com/r{n}.md#a{n}") } });
                let path = format!("docs/runbooks/r{n}.md");
                [
                    document(format!("rules/{n}.yaml"), json!({ "groups": [{ "rules": [alert] }] })),
                    document(
                        format!("slo/{n}.yaml"),
                        json!({ "slos": [{ "name": "x", "alerting": { "name": format!("A{n}") } }] }),
                    ),
                    document(path.clone(), json!({ "text": { "path": path, "lines": [format!("# A{n}")] } })),
                ]
            })
            .collect()
    }),
];

#[test]
fn twice_the_repository_is_twice_the_work() {
    let library = library();
    for (name, repository) in REPOSITORIES {
        let [small, large] = [40, 160].map(|count| work(&library, &repository(count).into()));
        let times = f64::from(large) / f64::from(small);
        println!("{name}: {small} steps, and {large} for four times the size ({times:.1})");
        // Squared it would be 16 times.
        assert!(times < 6.0, "{name}: {small} steps, and {large} for four times the size");
    }
}
