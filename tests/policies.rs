//! Policies of one's own, and exceptions from any of them.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};
use serde_json::Value;

/// A policy as an organisation writes it: every namespace says which cost centre pays for it.
fn policy(id: &str) -> String {
    format!(
        "package kubernetes\n\n# METADATA\n# title: Namespaces name who pays\n# description: Nobody sorts bills by hand.\n\
         # custom:\n#   id: {id}\n#   lens: cost\n#   severity: deny\n#   fix: label it with cost-centre\n\
         deny contains result if {{\n\tinput.kind == \"Namespace\"\n\tnot input.metadata.labels[\"cost-centre\"]\n\t\
         result := {{\"rule\": \"{id}\", \"msg\": \"the namespace names nobody who pays\", \"at\": [\"metadata\"]}}\n}}\n"
    )
}

fn world() -> World {
    let world = World::new();
    world.run(&["new", "service", "payments-api", "--defaults"]).success();
    world.write("work/org/kubernetes/namespaces.rego", &policy("ACME1"));
    world
}

fn rules(outcome: &Outcome) -> Vec<String> {
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let mut ids: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "deny")
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect();
    ids.dedup();
    ids
}

#[test]
fn own_policies_are_asked_like_the_librarys() {
    let world = world();
    let run = world.run(&["check", "payments-api", "--policy", "org", "--output", "json"]).fails(3);
    assert_eq!(rules(&run), ["ACME1"]);
    let run = world.run(&["check", "payments-api", "--policy", "org"]).fails(3);
    assert!(run.stderr.contains("namespace.yaml:"), "{run}");
    assert!(
        run.stderr.contains("ACME1: the namespace names nobody who pays\n  hint: label it with cost-centre"),
        "{run}"
    );
    let run = world.run(&["check", "payments-api", "--policy", "org", "--output", "sarif"]).fails(3);
    assert!(run.stdout.contains("\"Namespaces name who pays\""), "{run}");
    let run = world.run(&["review", "payments-api", "--policy", "org"]).success();
    assert!(run.stdout.contains("ACME1  Namespaces name who pays  cost, denies"), "{run}");
    let run = world.run(&["new", "service", "other", "--defaults", "--policy", "org"]).fails(3);
    assert!(run.stderr.contains("ACME1") && run.stderr.contains("nothing was written"), "{run}");
    assert_eq!(world.left(), ["org", "payments-api"]);
}

#[test]
fn a_repository_and_a_user_name_policies_once_for_all() {
    let world = world();
    let choices = world.read("payments-api/goldpath.yaml");
    world.write("work/payments-api/goldpath.yaml", &format!("{choices}policies:\n  - ../org\n"));
    assert_eq!(rules(&world.run(&["check", "payments-api", "--output", "json"]).fails(3)), ["ACME1"]);
    // A stranger's repository does not get to name what is asked, or fetched.
    assert!(rules(&world.run(&["review", "payments-api", "--output", "json"]).success()).is_empty());
    world.write("work/payments-api/goldpath.yaml", &choices);
    world.run(&["check", "payments-api"]).success();
    world.write("home/.config/goldpath/policies/kubernetes/x.rego", &policy("ME1"));
    world.write("home/.config/goldpath/config.yaml", "policies:\n  - ./policies\n");
    assert_eq!(rules(&world.run(&["check", "payments-api", "--output", "json"]).fails(3)), ["ME1"]);
    assert_eq!(rules(&world.run(&["review", "payments-api", "--output", "json"]).success()), ["ME1"]);
}

#[test]
fn own_policies_are_explained_wherever_they_are_named() {
    let world = world();
    let title = "ACME1  Namespaces name who pays\n    cost, kubernetes, denies\n";
    let told = |arguments: &[&str]| world.run(arguments).success().stdout;
    assert!(told(&["explain", "acme1", "--policy", "org"]).contains(title));
    assert!(told(&["explain", "--policy", "org"]).contains("  ACME1  Namespaces name who pays\n"));
    let run = world.run(&["explain", "ACME"]).fails(2);
    assert!(run.stderr.contains("there is no guardrail and no decision `ACME`"), "{run}");
    let run = world.run(&["explain", "ACME", "--policy", "org"]).fails(2);
    assert!(run.stderr.contains("did you mean `ACME1`?"), "{run}");
    // In the repository that names them, from any folder of it; and with the user's own.
    let choices = world.read("payments-api/goldpath.yaml");
    world.write("work/payments-api/goldpath.yaml", &format!("{choices}policies:\n  - ../org\n"));
    world.write("home/.config/goldpath/policies/kubernetes/x.rego", &policy("ME1"));
    world.write("home/.config/goldpath/config.yaml", "policies:\n  - ./policies\n");
    let inside = |arguments: &[&str]| world.run(&[&["-C", "payments-api/deploy"], arguments].concat());
    assert!(inside(&["explain", "ACME1"]).success().stdout.contains(title));
    let listed = inside(&["explain"]).success().stdout;
    assert!(listed.contains("  ACME1  ") && listed.contains("  ME1   "), "{listed}");
    // What the library knows is explained whatever became of the others.
    world.write("work/payments-api/goldpath.yaml", &format!("{choices}policies:\n  - ../gone\n"));
    assert!(inside(&["explain", "S6"]).success().stdout.contains("S6  "));
    let run = inside(&["explain", "ACME1"]).fails(1);
    assert!(run.stderr.contains("goldpath.yaml:") && run.stderr.contains("`../gone` does not exist"), "{run}");
}

fn release(world: &World, tag: &str, id: &str) {
    world.write("work/policies/kubernetes/x.rego", &policy(id));
    world.git("policies", &["add", "-A"]);
    world.git("policies", &["commit", "-qm", tag]);
    world.git("policies", &["tag", "-a", "-m", tag, tag]);
}

#[test]
fn policies_come_from_git_at_a_revision_and_stay_there_without_a_network() {
    let world = world();
    std::fs::create_dir_all(world.work().join("policies")).unwrap();
    world.git("policies", &["init", "-qb", "main"]);
    release(&world, "v1.0.0", "A1");
    release(&world, "v1.10.0", "A2");
    release(&world, "v2.0.0", "A3");
    let url = format!("git+file://{}", world.work().join("policies").display());
    let source = |revision: &str| format!("{url}{revision}");
    let ask = |source: &str| world.run(&["check", "payments-api", "--policy", source, "--output", "json"]);
    assert_eq!(rules(&ask(&source("")).fails(3)), ["A3"]);
    assert_eq!(rules(&ask(&source("@^1")).fails(3)), ["A2"]);
    assert_eq!(rules(&ask(&source("//kubernetes@v1.0.0")).fails(3)), ["A1"]);
    let commit = world.git("policies", &["rev-parse", "v1.0.0^{commit}"]);
    assert_eq!(rules(&ask(&source(&format!("@{}", commit.trim()))).fails(3)), ["A1"]);
    let run = ask(&source("@v1.1.0")).fails(1);
    assert!(run.stdout.contains("no revision that is v1.1.0") && run.stdout.contains("did you mean"), "{run}");
    let run = ask(&source("//nowhere@v1.0.0")).fails(1);
    assert!(run.stdout.contains("there is no folder `nowhere`"), "{run}");
    std::fs::rename(world.work().join("policies"), world.work().join("gone")).unwrap();
    assert_eq!(rules(&ask(&source("@^1")).fails(3)), ["A2"], "from the cache");
    let run = ask(&source("@main")).fails(1);
    assert!(run.stdout.contains("git can't reach it"), "{run}");
}

#[test]
fn policies_that_can_not_be_asked_are_an_error_and_never_pass() {
    let world = world();
    world.write("work/broken/kubernetes/a.rego", "package kubernetes\ndeny contains {\n");
    world.write("work/twice/kubernetes/a.rego", &policy("S1"));
    world.write("work/empty/README.md", "nothing\n");
    world.write(
        "work/bare/kubernetes/a.rego",
        "package kubernetes\n\n# METADATA\n# custom:\n#   id: X\ndeny contains 1\n",
    );
    for (source, expected) in [
        ("broken", "broken/kubernetes/a.rego:"),
        ("twice", "the rule `S1` is described twice"),
        ("empty", "there is no rule in these policies"),
        ("bare", "bare/kubernetes/a.rego:4: the rule's METADATA needs `title`"),
    ] {
        let run = world.run(&["check", "payments-api", "--policy", source]).fails(2);
        assert!(run.stderr.contains(expected), "{source}: {run}");
    }
    let run = world.run(&["check", "payments-api", "--policy", "missing", "--policy", "git+ext::x"]).fails(1);
    assert!(run.stderr.contains("the policies `missing` does not exist"), "{run}");
    assert!(run.stderr.contains("uses a protocol other than"), "{run}");
    let choices = world.read("payments-api/goldpath.yaml");
    world.write("work/payments-api/goldpath.yaml", &format!("{choices}policys:\n  - ../org\n"));
    let run = world.run(&["check", "payments-api"]).fails(2);
    assert!(run.stderr.contains("goldpath.yaml:") && run.stderr.contains("did you mean `policies`?"), "{run}");
    world.write("work/payments-api/goldpath.yaml", &format!("{choices}policies: ../org\n"));
    let run = world.run(&["check", "payments-api"]).fails(2);
    assert!(run.stderr.contains("expected a list of sources"), "{run}");
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  namespace: payments-api-dev\n  labels:\n    \
                      app.kubernetes.io/name: key\n    app.kubernetes.io/part-of: shop\n    \
                      app.kubernetes.io/managed-by: hand\n    team: payments\n    environment: dev\n    service: payments-api\n    \
                      cost-center: shop\ndata:\n  key: c2VjcmV0\n";

#[test]
fn an_exception_is_written_where_it_is_needed_and_the_check_passes_until_its_day() {
    let world = world();
    world.write("work/payments-api/deploy/secret.yaml", SECRET);
    let before = world.read("payments-api/policy/exceptions.yaml");
    world.run(&["check", "payments-api"]).fails(3);
    let except = |arguments: &[&str]| world.run(&[&["-C", "payments-api/docs", "except"], arguments].concat());
    let run = except(&["s7", "deploy/secret.yaml", "--reason", "Vault: by #42", "--expires", "90d"]).success();
    assert!(run.stdout.contains("Wrote policy/exceptions.yaml: S7 is excepted at deploy/secret.yaml until "), "{run}");
    assert!(run.stdout.contains("owned by ada@example.com") && run.stderr.contains("deploy/secret.yaml:"), "{run}");
    let after = world.read("payments-api/policy/exceptions.yaml");
    let (comments, _) = before.split_once("exceptions: []").unwrap();
    assert!(after.starts_with(comments) && after.contains("    reason: \"Vault: by #42\"\n"), "{after}");
    world.run(&["check", "payments-api"]).success();
    let run = except(&["S7", "deploy/secret.yaml", "--reason", "again", "--expires", "2999-12-31"]).fails(2);
    assert!(run.stderr.contains("S7 finds nothing at `deploy/secret.yaml` that is not excepted already"), "{run}");
    assert_eq!(world.read("payments-api/policy/exceptions.yaml"), after);
}

#[test]
fn an_exception_of_no_use_or_without_sense_is_not_written() {
    let world = world();
    world.write("work/payments-api/deploy/secret.yaml", SECRET);
    let before = world.read("payments-api/policy/exceptions.yaml");
    let except = |arguments: &[&str]| world.run(&[&["-C", "payments-api", "except"], arguments].concat());
    let run = except(&["S77", "x", "--reason", " ", "--expires", "2020-01-01", "--owner", ""]).fails(2);
    for expected in
        ["there is no guardrail `S77`", "did you mean", "not in the future", "needs a reason", "nobody is named"]
    {
        assert!(run.stderr.contains(expected), "{expected}: {run}");
    }
    let run = except(&["S7", "deploy/other.yaml", "--reason", "x", "--expires", "1d"]).fails(2);
    assert!(run.stderr.contains("S7 finds something in deploy/secret.yaml"), "{run}");
    let run = except(&["S7", "deploy/secret.yaml", "--reason", "x", "--expires", "soon"]).fails(2);
    assert!(run.stderr.contains("`soon` is not a day"), "{run}");
    assert_eq!(world.read("payments-api/policy/exceptions.yaml"), before);
    world.write("work/payments-api/policy/exceptions.yaml", "exceptions: [{rule: S1}]\n");
    let run = except(&["S7", "deploy/secret.yaml", "--reason", "x", "--expires", "1d"]).fails(2);
    assert!(run.stderr.contains("an exception needs `owner`"), "{run}");
}

#[test]
fn a_file_of_exceptions_that_can_not_be_extended_is_left_alone() {
    let world = world();
    world.write("work/payments-api/deploy/secret.yaml", SECRET);
    let flow = "exceptions: [{rule: S1, path: x, owner: a, reason: b, expires: \"2999-01-01\"}]\n";
    world.write("work/payments-api/policy/exceptions.yaml", flow);
    let run = world
        .run(&["-C", "payments-api", "except", "S7", "deploy/secret.yaml", "--reason", "x", "--expires", "1d"])
        .fails(2);
    assert!(run.stderr.contains("policy/exceptions.yaml"), "{run}");
    assert_eq!(world.read("payments-api/policy/exceptions.yaml"), flow);
}
