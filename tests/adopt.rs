//! `goldpath adopt`: repositories as people and other scaffolders leave them are brought onto a golden path, and nothing
//! of theirs is overwritten.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Outcome, World};
use serde_json::Value;

/// A repository that is there already.
struct There {
    world: World,
}

impl There {
    fn new(files: &[(&str, &str)]) -> Self {
        let there = There { world: World::in_memory() };
        std::fs::create_dir_all(there.world.work().join("there")).unwrap();
        there.git(&["init", "-q", "-b", "main", "."]);
        there.write(".keep", "");
        files.iter().for_each(|(path, text)| there.write(path, text));
        there.commit();
        there
    }

    /// With a small blueprint `./bp` beside it.
    fn with(files: &[(&str, &str)], emitted: &[(&str, &str)]) -> Self {
        let there = There::new(files);
        there.blueprint("1.0.0", "", emitted);
        there
    }

    /// The small blueprint: what starts with `team` is the team's and gives way to `*.own`, what starts with `platform` is
    /// the platform's.
    fn blueprint(&self, version: &str, questions: &str, emitted: &[(&str, &str)]) {
        let _ = std::fs::remove_dir_all(self.world.work().join("bp"));
        let questions = if questions.is_empty() { String::new() } else { format!("questions:\n{questions}") };
        self.world.write(
            "work/bp/blueprint.yaml",
            &format!("name: path\nversion: {version}\nsummary: x\n{questions}components: [{{use: ./components/x}}]\n"),
        );
        let rules = rules(emitted);
        self.world.write("work/bp/components/x/component.yaml", &format!("summary: x\n{rules}"));
        for (path, text) in emitted {
            self.world.write(&format!("work/bp/components/x/files/{path}"), text);
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.world.run(&[&["-C", "there"], arguments].concat())
    }

    fn adopt(&self, blueprint: &str, more: &[&str]) -> Outcome {
        self.run(&[&["adopt", blueprint, "--defaults"], more].concat())
    }

    /// The report of a dry run.
    fn report(&self, blueprint: &str, more: &[&str]) -> Value {
        let run = self.adopt(blueprint, &[&["--dry-run", "--output", "json"], more].concat());
        assert!(matches!(run.code, Some(0 | 6)), "{run}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        self.world.write(&format!("work/there/{path}"), text);
    }

    fn read(&self, path: &str) -> String {
        self.world.read(&format!("there/{path}"))
    }

    fn has(&self, path: &str) -> bool {
        self.world.work().join("there").join(path).exists()
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.world.git("there", arguments)
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "mine"]);
    }

    /// All that a user can see of it, byte for byte.
    fn state(&self) -> String {
        let root = self.world.work().join("there");
        let walk = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| entry.file_name() != ".git").map(Result::unwrap);
        let files: String =
            walk.map(|entry| format!("{}: {:?}\n", entry.path().display(), std::fs::read(entry.path()).ok())).collect();
        let of = |arguments: &[&str]| self.git(arguments);
        format!(
            "{files}{}{}{}",
            of(&["ls-files", "-s"]),
            of(&["status", "--porcelain=v1", "--branch"]),
            of(&["for-each-ref", "refs/heads"])
        )
    }
}

/// What the small blueprint says of its files.
fn rules(emitted: &[(&str, &str)]) -> String {
    let mut rules = String::new();
    for (start, rule) in [("team", "owner: team, unless: ['**/*.own']"), ("platform", "owner: platform")] {
        let mut of = |pattern: &str, within: bool| {
            let first = |path: &str| path.split('/').next().unwrap().starts_with(start) && path.contains('/') == within;
            if emitted.iter().any(|(path, _)| first(path)) {
                rules.push_str(&format!("  \"{start}{pattern}\": {{{rule}}}\n"));
            }
        };
        of("*", false);
        of("*/**", true);
    }
    if rules.is_empty() { rules } else { format!("files:\n{rules}") }
}

/// `key: value (place)` of the answers that were found.
fn found(report: &Value) -> BTreeMap<String, String> {
    let answers = report["answers"].as_array().unwrap().iter().filter(|answer| answer["origin"] == "guess");
    let told = answers.map(|answer| {
        let value = match &answer["answer"] {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        };
        let place = &answer["place"];
        let line = place["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        (answer["key"].as_str().unwrap().to_owned(), format!("{value} ({}{line})", place["file"].as_str().unwrap()))
    });
    told.collect()
}

#[track_caller]
fn finds(report: &Value, expected: &[(&str, &str)]) {
    let found = found(report);
    let found: Vec<(&str, &str)> = found.iter().map(|(key, told)| (key.as_str(), told.as_str())).collect();
    assert_eq!(found, expected);
}

fn paths(report: &Value, list: &str, outcome: Option<&str>) -> Vec<String> {
    let all = report[list].as_array().unwrap().iter();
    let wanted = all.filter(|change| outcome.is_none_or(|outcome| change["outcome"] == outcome));
    wanted.map(|change| change["path"].as_str().unwrap().to_owned()).collect()
}

const MAIN: &str = "package main\n\nfunc main() {}\n";
const BASE_K8S: &str = "resources: [../../base]\n";

fn go() -> There {
    let there = There::new(&[
        ("go.mod", "module github.com/Acme-Corp/payment_gateway/v2\n\ngo 1.26\n"),
        ("main.go", MAIN),
        ("Dockerfile", "FROM golang\nEXPOSE 8080\n"),
        ("Makefile", "all:\n\tgo build\n"),
        ("README.md", "# Payments\n"),
        ("LICENSE", "Ours.\n"),
        (".github/CODEOWNERS", "* @acme-corp/Team_Money\n/.github/ @acme-corp/paved-road\n"),
        (
            ".github/workflows/build.yml",
            "on: push\njobs: {}\nenv:\n  IMAGE: registry.acme.example/pay/gateway:latest\n",
        ),
        ("SECURITY.md", "Write to <sec@acme.example>.\n"),
        (
            "infra/main.tf",
            "provider \"aws\" {\n  region = \"eu-central-1\"\n}\nlocals {\n  cost_center = \"4711\"\n}\n",
        ),
        ("k8s/overlays/prod/kustomization.yaml", BASE_K8S),
        ("k8s/overlays/staging/kustomization.yaml", BASE_K8S),
        ("k8s/overlays/dev/kustomization.yaml", BASE_K8S),
        ("k8s/base/kustomization.yaml", "resources: [rollout.yaml]\n"),
        ("k8s/base/rollout.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\n"),
        (
            "catalog-info.yaml",
            "kind: Component\nmetadata:\n  name: gw\n  description: Takes payments.\nspec:\n  system: Money\n",
        ),
    ]);
    there.git(&["remote", "add", "origin", "https://me:s3cret@github.com/Acme-Corp/payment_gateway.git"]);
    there
}

#[test]
fn a_go_repository_answers_for_itself() {
    let there = go();
    let before = there.state();
    let report = there.report("service", &[]);
    finds(
        &report,
        &[
            ("aws_region", "eu-central-1 (infra/main.tf:2)"),
            ("ci", "github-actions (.github/workflows/build.yml)"),
            ("cloud", "aws (infra/main.tf:1)"),
            ("cost_center", "4711 (infra/main.tf:5)"),
            ("delivery", "canary (k8s/base/rollout.yaml:2)"),
            ("description", "Takes payments. (catalog-info.yaml:4)"),
            ("environments", "dev,staging,prod (k8s/overlays/)"),
            ("lang", "go (go.mod)"),
            ("name", "payment-gateway (go.mod:1)"),
            ("org", "acme-corp (the remote origin)"),
            ("owner", "team-money (.github/CODEOWNERS:1)"),
            ("platform_team", "paved-road (.github/CODEOWNERS:2)"),
            ("registry", "registry.acme.example/pay (.github/workflows/build.yml:4)"),
            ("security_contact", "sec@acme.example (SECURITY.md:1)"),
            ("system", "money (catalog-info.yaml:6)"),
        ],
    );
    // The catalogue's name is too short for a service.
    assert_eq!(report["passed_over"][0]["key"], "name");
    assert_eq!(report["passed_over"][0]["place"], serde_json::json!({"file": "catalog-info.yaml", "line": 3}));
    assert_eq!(report["passed_over"].as_array().unwrap().len(), 1);
    assert_eq!(there.state(), before, "a dry run writes nothing");
}

#[test]
fn a_go_repository_keeps_its_program_and_settles_the_rest() {
    let there = go();
    let mine: Vec<(String, String)> =
        there.git(&["ls-files"]).lines().map(|path| (path.to_owned(), there.read(path))).collect();
    let run = there.adopt("service", &["--commit", "--branch", "golden"]).fails(6);
    assert!(run.stdout.contains("  yours     go.mod (lang/go would bring another one)"), "{run}");
    assert!(run.stdout.contains("  left out  internal/ ("), "{run}");
    assert!(!run.stdout.contains("s3cret") && !run.stderr.contains("s3cret"), "{run}");
    assert!(!there.has("cmd") && !there.has("internal") && !there.has("go.sum") && !there.has("goldpath.lock"));
    let open = there.git(&["diff", "--name-only", "--diff-filter=U"]);
    assert_eq!(
        open.lines().collect::<Vec<_>>(),
        [".github/CODEOWNERS", "Dockerfile", "Makefile", "README.md", "SECURITY.md", "catalog-info.yaml"]
    );
    for (path, text) in &mine {
        let now = there.read(path);
        if open.lines().any(|other| other == path) {
            assert!(now.starts_with("<<<<<<< yours\n") || now.contains("\n<<<<<<< yours\n"), "{path}: {now}");
            assert!(text.lines().all(|line| now.lines().any(|other| other == line)), "{path}: {now}");
            assert_eq!(there.git(&["show", &format!(":2:{path}")]), *text);
        } else {
            assert_eq!(now, *text, "{path}");
        }
    }
    for command in [&["adopt", "service", "--defaults"][..], &["update"], &["diff"]] {
        let run = there.run(command).fails(6);
        assert!(run.stderr.contains("the adoption of service 0.1.0 is open: 6 files are in conflict"), "{run}");
        assert!(run.stderr.contains("`goldpath adopt --continue`"), "{run}");
    }
    there.run(&["adopt", "--continue"]).fails(6);
    let open: Vec<&str> = open.lines().collect();
    there.git(&[&["checkout", "-q", "--theirs", "--"], open.as_slice()].concat());
    there.git(&["checkout", "-q", "--ours", "--", "README.md"]);
    there.git(&[&["add", "--"], open.as_slice()].concat());
    let run = there.run(&["adopt", "--continue"]).success();
    assert!(run.stdout.contains("Adopted: service 0.1.0"), "{run}");
    assert_eq!(
        there.git(&["log", "-1", "--format=%s %D"]).trim(),
        "Adopt goldpath's service blueprint 0.1.0 HEAD -> golden"
    );
    assert_eq!(there.git(&["status", "--porcelain"]), "");
    assert_eq!(there.read("README.md"), "# Payments\n");
    assert!(there.read("goldpath.yaml").contains("  cost_center: \"4711\"\n"), "{}", there.read("goldpath.yaml"));
    let settled = there.state();
    let run = there.run(&["update"]).success();
    assert!(run.stdout.contains("Up to date"), "{run}");
    assert_eq!(there.state(), settled);
    let run = there.adopt("service", &[]).fails(2);
    assert!(
        run.stderr.contains("goldpath.lock: it stands on service 0.1.0 already\n  hint: `goldpath update`"),
        "{run}"
    );
    // Nothing of the platform's drifted; what was wrong before still is.
    let run = there.run(&["check", "--output", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["drift"], serde_json::json!([]));
}

#[test]
fn a_python_repository_on_gitlab() {
    let there = There::new(&[
        (
            "pyproject.toml",
            "[project]\nname = \"Invoice_API\"\ndescription = \"Sends invoices.\"\ndependencies = [\"opentelemetry-exporter-otlp\"]\n",
        ),
        ("src/invoice/main.py", "print()\n"),
        (".gitlab-ci.yml", "image: python\nvariables:\n  AWS_DEFAULT_REGION: \"us-west-2\"\n"),
        ("CODEOWNERS", "* @finance/billing\n"),
        ("deploy/kustomize/overlays/qa/kustomization.yaml", "resources: []\n"),
        ("deploy/kustomize/overlays/production/kustomization.yaml", "resources: []\n"),
    ]);
    there.git(&["remote", "add", "origin", "git@gitlab.acme.example:finance/invoice-api.git"]);
    let report = there.report("service", &[]);
    finds(
        &report,
        &[
            ("aws_region", "us-west-2 (.gitlab-ci.yml:3)"),
            ("ci", "gitlab-ci (.gitlab-ci.yml)"),
            ("description", "Sends invoices. (pyproject.toml:3)"),
            ("environments", "qa,production (deploy/kustomize/overlays/)"),
            ("lang", "python (pyproject.toml)"),
            ("name", "invoice-api (pyproject.toml:2)"),
            ("org", "finance (the remote origin)"),
            ("owner", "billing (CODEOWNERS:1)"),
            ("telemetry", "otlp (pyproject.toml:4)"),
        ],
    );
    let left = paths(&report, "left_out", None);
    assert!(left.iter().any(|path| path == "pyproject.toml") && left.iter().all(|path| !path.ends_with(".tf")));
    assert!(paths(&report, "changes", Some("conflict")).contains(&".gitlab-ci.yml".to_owned()));
}

#[test]
fn what_other_scaffolders_recorded_is_read() {
    let copier = There::new(&[(
        ".copier-answers.yml",
        "# Changes here will be overwritten by Copier\n_commit: v1.2.0\n_src_path: gh:acme/template\nproject_name: Order Book\nowner: Trading\nci: gitlab\nenvironments: [test, live]\ntier: 2\naws_region: [eu-west-3]\n",
    )]);
    let report = copier.report("service", &[]);
    finds(
        &report,
        &[
            ("aws_region", "eu-west-3 (.copier-answers.yml:9)"),
            ("ci", "gitlab-ci (.copier-answers.yml:6)"),
            ("environments", "test,live (.copier-answers.yml:7)"),
            ("name", "order-book (.copier-answers.yml:4)"),
            ("owner", "trading (.copier-answers.yml:5)"),
            ("tier", "2 (.copier-answers.yml:8)"),
        ],
    );
    let cookiecutter = There::new(&[(
        ".cookiecutter.json",
        "{\n  \"cookiecutter\": {\n    \"project_slug\": \"order_book\",\n    \"project_short_description\": \"Books \\ud83d\\udcd6 orders\",\n    \"_template\": \"gh:acme/cc\"\n  }\n}\n",
    )]);
    finds(
        &cookiecutter.report("service", &[]),
        &[("description", "Books 📖 orders (.cookiecutter.json:4)"), ("name", "order-book (.cookiecutter.json:3)")],
    );
    let cruft = There::new(&[(
        ".cruft.json",
        "{\n  \"template\": \"https://example.com/t\",\n  \"commit\": \"abc\",\n  \"checkout\": null,\n  \"context\": {\n    \"cookiecutter\": {\n      \"repo_name\": \"order-book\",\n      \"github_username\": \"Ada-L\",\n      \"use_docker\": \"y\"\n    }\n  },\n  \"directory\": null\n}\n",
    )]);
    finds(&cruft.report("service", &[]), &[("name", "order-book (.cruft.json:7)"), ("org", "ada-l (.cruft.json:8)")]);
    // What was found counts more than what is set for all services, and what was said more than that.
    cruft.world.write("home/.config/goldpath/config.yaml", "answers: {org: everywhere, system: platform}\n");
    let report = cruft.report("service", &[]);
    let origin = |key: &str| {
        let answer = report["answers"].as_array().unwrap().iter().find(|answer| answer["key"] == key).unwrap();
        (answer["answer"].as_str().unwrap().to_owned(), answer["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(origin("org"), ("ada-l".to_owned(), "guess".to_owned()));
    assert_eq!(origin("system"), ("platform".to_owned(), "config".to_owned()));
    let report = cruft.report("service", &["--set", "name=other"]);
    finds(&report, &[("org", "ada-l (.cruft.json:8)")]);
    let run = cruft.adopt("service", &["--commit"]).success();
    assert!(run.stdout.contains("  answer    name: order-book (found in .cruft.json:7)"), "{run}");
    assert!(run.stdout.contains("Adopted: service 0.1.0"), "{run}");
    assert!(cruft.read("goldpath.yaml").contains("name: order-book"));
    assert!(cruft.run(&["update"]).success().stdout.contains("Up to date"));
    let run = cruft.run(&["check"]).success();
    assert!(run.stdout.contains("nothing of the platform changed") || run.code == Some(0), "{run}");
}

#[test]
fn a_remote_tells_the_organisation_and_the_system_of_its_pipelines() {
    let there = There::new(&[]);
    there.git(&["remote", "add", "origin", "x"]);
    let name = |name: &str| ("name", format!("{name} (the remote origin)"));
    let org = |org: &str| ("org", format!("{org} (the remote origin)"));
    let ci = |ci: &str| ("ci", format!("{ci} (the remote origin)"));
    let project = |project: &str| ("azure_project", format!("{project} (the remote origin)"));
    for (address, expected) in [
        ("https://github.com/Acme/pay.git", vec![ci("github-actions"), name("pay"), org("acme")]),
        ("https://token@gitlab.com/acme/money/pay_me/", vec![ci("gitlab-ci"), name("pay-me"), org("money")]),
        ("git@github.com:acme/gitlab-sync.git", vec![ci("github-actions"), name("gitlab-sync"), org("acme")]),
        ("ssh://git@code.example:2222/acme/github-sync", vec![name("github-sync"), org("acme")]),
        (
            "https://acme@dev.azure.com/Acme/Shop/_git/pay",
            vec![project("Shop"), ci("azure-devops"), name("pay"), org("acme")],
        ),
        (
            "git@ssh.dev.azure.com:v3/Acme/My.Shop/pay",
            vec![project("My.Shop"), ci("azure-devops"), name("pay"), org("acme")],
        ),
        ("/srv/git/pay.git", vec![name("pay")]),
        ("../pay", vec![name("pay")]),
    ] {
        there.git(&["remote", "set-url", "origin", address]);
        let expected: Vec<(&str, &str)> = expected.iter().map(|(key, told)| (*key, told.as_str())).collect();
        finds(&there.report("service", &[]), &expected);
    }
}

const QUESTIONS: &str = "  - {key: name, type: string, ask: x, validate: [{pattern: '^[a-z]+$', message: lower case only}]}\n  - {key: size, type: integer, ask: x, guess: [{file: size, pattern: '(\\d+)'}]}\n  - {key: port, type: integer, ask: x, default: 8080, guess: [{file: Dockerfile, pattern: '(?m)^EXPOSE\\s+(\\d+)'}]}\n";

#[test]
fn what_does_not_fit_is_passed_over_and_what_is_missing_is_asked_for() {
    let there = There::with(&[(".copier-answers.yml", "name: Not This\n"), ("size", "3\n")], &[("a", "a\n")]);
    there.blueprint("1.0.0", QUESTIONS, &[("a", "a\n")]);
    let before = there.state();
    for more in [&[][..], &["--defaults"]] {
        let run = there.run(&[&["adopt", "../bp"], more].concat()).fails(2);
        assert!(run.stderr.contains("`name` has no answer"), "{run}");
        assert!(run.stderr.contains(".copier-answers.yml:1: `name`: what was found here is no answer"), "{run}");
        assert!(!run.stderr.contains("`size` has no answer"), "{run}");
        assert_eq!(run.stderr.contains("`port` has no answer"), more.is_empty(), "{run}");
    }
    assert_eq!(there.state(), before);
    let run = there.run(&["adopt", "../bp", "--set", "name=this", "--set", "port=1"]).success();
    assert!(run.stdout.contains("answer    size: 3 (found in size:1)"), "{run}");
    assert!(there.read("goldpath.yaml").ends_with("  name: this\n  size: 3\n  port: 1\n"));
    let there = There::with(
        &[
            (".copier-answers.yml", "name: Not This\n"),
            (".cruft.json", "{\"context\": {\"cookiecutter\": {\"name\": \"this\"}}}"),
            ("size", "3\n"),
        ],
        &[],
    );
    there.blueprint("1.0.0", QUESTIONS, &[("a", "a\n")]);
    let run = there.adopt("../bp", &[]).success();
    assert!(
        run.stdout
            .contains("  passed    name: (Not This in .copier-answers.yml:1: `Not This` is refused; lower case only)"),
        "{run}"
    );
    assert!(run.stdout.contains("  answer    name: this (found in .cruft.json:1)"), "{run}");
    assert!(run.stdout.contains("  answer    port: 8080 (default)"), "{run}");
}

#[test]
fn hostile_answers_neither_stop_nor_fool_anybody() {
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 8].join(", "))))
        .collect();
    let huge = format!("name: {}\n", "x".repeat(3 << 20));
    let there = There::new(&[
        (".copier-answers.bomb.yml", &bomb),
        (".copier-answers.huge.yml", &huge),
        (".copier-answers.escape.yml", "name: \"\\e]0;owned\\a\"\nowner: \"a\\nb\"\ndescription: \"x\\u202Ey\"\n"),
        (".copier-answers.types.yml", "name: {a: b}\nenvironments: [{a: b}]\ntier: [1, 2]\norg: null\n"),
        (".cruft.json", "{\"context\": ["),
    ]);
    let run = there.adopt("service", &["--dry-run"]).success();
    for (text, at) in [(&run.stdout, "stdout"), (&run.stderr, "stderr")] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{at}: {run}");
    }
    let looked: Vec<&str> =
        run.stderr.lines().filter(|line| line.contains("no answers were looked for here")).collect();
    assert_eq!(looked.len(), 3, "{run}");
    assert_eq!(run.stdout.matches("  passed  ").count(), 6, "{run}");
    assert!(run.stdout.contains("  answer    name: there (default)"), "{run}");
    assert!(run.stdout.contains("  answer    environments: dev, staging, prod (default)"), "{run}");
}

#[test]
fn answers_are_read_from_what_is_committed_and_never_through_a_link() {
    let there = There::with(&[], &[("a", "a\n")]);
    there.blueprint("1.0.0", "  - {key: name, type: string, ask: x, default: '\"d\"'}\n", &[("a", "a\n")]);
    there.world.write("secret.yml", "name: stolen\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../secret.yml", there.world.work().join("there/.copier-answers.yml")).unwrap();
    there.commit();
    there.write(".cruft.json", "{\"context\": {\"cookiecutter\": {\"name\": \"not committed\"}}}");
    finds(&there.report("../bp", &[]), &[]);
}

#[test]
fn taking_it_back_restores_every_byte() {
    let there = There::with(
        &[("shared.txt", "mine\n"), ("platform.txt", "mine\r\n"), ("team.txt", "mine\n"), ("same.txt", "same\n")],
        &[
            ("shared.txt", "theirs\n"),
            ("platform.txt", "theirs\n"),
            ("team.txt", "theirs\n"),
            ("same.txt", "same\n"),
            ("deep/new.txt", "new\n"),
        ],
    );
    let before = there.state();
    let run = there.adopt("../bp", &["--branch", "up"]).fails(6);
    assert!(
        run.stdout.contains("conflict  shared.txt (you and the blueprint both brought a file of that name)"),
        "{run}"
    );
    assert!(run.stdout.contains("conflict  platform.txt"), "{run}");
    assert!(run.stdout.contains("  added     deep/ (1 files)") && !run.stdout.contains("same.txt"), "{run}");
    assert_eq!(
        there
            .git(&["ls-files", "-u"])
            .lines()
            .map(|line| line.split_whitespace().nth(2).unwrap().to_owned())
            .collect::<String>(),
        "2323"
    );
    assert_eq!((there.read("team.txt"), there.read("deep/new.txt")), ("mine\n".to_owned(), "new\n".to_owned()));
    assert_eq!(there.git(&["branch", "--show-current"]), "up\n");
    there.write("shared.txt", "half settled\n");
    let run = there.run(&["update", "--abort"]).success();
    assert!(run.stdout.contains("Taken back: path 1.0.0"), "{run}");
    assert_eq!(there.state(), before);
    assert_eq!(there.git(&["show", "refs/goldpath/aborted:shared.txt"]), "half settled\n");
    there.run(&["adopt", "--abort"]).fails(2);
    // Both commands go on with it.
    there.adopt("../bp", &[]).fails(6);
    there.git(&["checkout", "-q", "--ours", "platform.txt", "shared.txt"]);
    there.git(&["add", "-A"]);
    there.write("goldpath.lock", "mine\n");
    let run = there.run(&["update", "--continue"]).fails(2);
    assert!(run.stderr.contains("goldpath.lock: appeared while the adoption of path 1.0.0 is open"), "{run}");
    std::fs::remove_file(there.world.work().join("there/goldpath.lock")).unwrap();
    there.write("goldpath.yaml", "mine\n");
    let run = there.run(&["update", "--continue"]).fails(2);
    assert!(run.stderr.contains("goldpath.yaml: was edited while the adoption of path 1.0.0 is open"), "{run}");
    std::fs::remove_file(there.world.work().join("there/goldpath.yaml")).unwrap();
    there.run(&["update", "--continue"]).success();
    there.commit();
    // What the user kept is an edit of theirs from now on, and the platform's file has drifted.
    assert!(there.run(&["update"]).success().stdout.contains("Up to date"));
    let run = there.run(&["check"]).fails(4);
    assert!(run.stderr.contains("platform.txt:1: was edited"), "{run}");
    there.blueprint(
        "1.1.0",
        "",
        &[
            ("shared.txt", "theirs, newer\n"),
            ("platform.txt", "theirs\n"),
            ("team.txt", "newer\n"),
            ("same.txt", "newer\n"),
        ],
    );
    let run = there.run(&["update", "--defaults"]).fails(6);
    assert!(run.stdout.contains("conflict  shared.txt") && run.stdout.contains("updated   same.txt"), "{run}");
    assert_eq!(there.read("team.txt"), "mine\n");
}

#[test]
fn a_program_of_the_blueprints_stays_out_until_it_is_wanted() {
    let emitted = [("team/main", "main\n"), ("team/lib", "lib\n"), ("a", "a\n")];
    let there = There::with(&[("mine.own", ""), ("deep/mine", "")], &emitted);
    let report = there.report("../bp", &[]);
    assert_eq!(paths(&report, "changes", Some("added")), ["a", "goldpath.yaml"]);
    let left = serde_json::json!([
        {"path": "team/lib", "component": "./components/x", "because": "mine.own"},
        {"path": "team/main", "component": "./components/x", "because": "mine.own"},
    ]);
    assert_eq!(report["left_out"], left);
    let report = there.report("../bp", &["--with", "team/lib"]);
    assert_eq!(paths(&report, "left_out", None), ["team/main"]);
    assert_eq!(paths(&there.report("../bp", &["--with", "team/"]), "left_out", None), Vec::<String>::new());
    let run = there.adopt("../bp", &["--with", "taem"]).fails(2);
    assert!(run.stderr.contains("--with taem: the blueprint has no such file"), "{run}");
    there.adopt("../bp", &["--commit"]).success();
    assert!(there.run(&["update"]).success().stdout.contains("Up to date"));
    // A later version has more of the program, and does not bring it either.
    there.blueprint(
        "1.1.0",
        "",
        &[("team/main", "newer\n"), ("team/lib", "lib\n"), ("team/more", "more\n"), ("a", "b\n")],
    );
    let run = there.run(&["update", "--defaults", "--commit"]).success();
    assert!(run.stdout.contains("  updated   a\n") && !run.stdout.contains("team/"), "{run}");
    assert!(!there.has("team") && there.read("a") == "b\n");
    assert!(there.run(&["update"]).success().stdout.contains("Up to date"));
    let run = there.run(&["update", "--restore", "team/more", "--commit"]).success();
    assert!(run.stdout.contains("added     team/more"), "{run}");
    assert!(there.has("team/more") && !there.has("team/main"));
    assert!(there.run(&["update"]).success().stdout.contains("Up to date"));
}

#[test]
fn a_file_that_is_the_repositorys_own_is_never_merged() {
    let rules = "  \"mod\": {unless: ['*.own']}\n";
    let there = There::with(&[("mine.own", ""), ("mod", "mine\n")], &[("mod", "theirs\n")]);
    let component =
        || there.world.write("work/bp/components/x/component.yaml", &format!("summary: x\nfiles:\n{rules}"));
    component();
    let run = there.adopt("../bp", &["--commit"]).success();
    assert!(run.stdout.contains("  yours     mod (./components/x would bring another one)"), "{run}");
    there.blueprint("1.1.0", "", &[("mod", "newer\n"), ("b", "b\n")]);
    component();
    there.run(&["update", "--defaults", "--commit"]).success();
    assert_eq!((there.read("mod"), there.read("b")), ("mine\n".to_owned(), "b\n".to_owned()));
    // Until it is deleted and wanted back.
    there.git(&["rm", "-q", "mod"]);
    there.git(&["commit", "-qm", "x"]);
    there.run(&["update", "--restore", "mod", "--commit"]).success();
    assert_eq!(there.read("mod"), "newer\n");
    there.blueprint("1.2.0", "", &[("mod", "newest\n"), ("b", "b\n")]);
    component();
    there.run(&["update", "--defaults"]).success();
    assert_eq!(there.read("mod"), "newest\n");
    there.commit();
    there.world.write(
        "work/bp/components/x/component.yaml",
        "summary: x\nfiles:\n  \"mod\": {owner: platform, unless: ['*.own']}\n",
    );
    let run = there.run(&["update"]).fails(2);
    assert!(run.stderr.contains("must be there, whatever the repository has"), "{run}");
}

#[test]
fn names_that_only_differ_by_case_and_folders_in_the_place_of_files_are_conflicts() {
    let there = There::with(
        &[("readme.md", "mine\n"), ("folder", "a file\n"), ("file/inside", "mine\n"), ("Deep/a", "mine\n")],
        &[("README.md", "theirs\n"), ("folder/new", "theirs\n"), ("file", "theirs\n"), ("deep/b", "theirs\n")],
    );
    let before: Vec<String> = ["readme.md", "folder", "file/inside", "Deep/a"].map(|path| there.read(path)).to_vec();
    let state = there.state();
    let run = there.adopt("../bp", &[]).fails(6);
    for path in ["README.md", "folder/new", "file", "deep/b"] {
        assert!(run.stdout.contains(&format!("conflict  {path} (the blueprint's new file can't be there")), "{run}");
    }
    let after: Vec<String> = ["readme.md", "folder", "file/inside", "Deep/a"].map(|path| there.read(path)).to_vec();
    assert_eq!(before, after);
    assert!(!there.has("README.md"));
    there.run(&["adopt", "--abort"]).success();
    assert_eq!(there.state(), state);
}

#[cfg(unix)]
#[test]
fn links_modes_and_binaries_are_conflicts_that_keep_the_users_side() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let there = There::with(
        &[("run.sh", "#!/bin/sh\n"), ("binary", "a\0b"), ("target", "x\n")],
        &[("run.sh", "#!/bin/sh\n"), ("binary", "a\0c"), ("link", "theirs\n"), ("linked/new", "theirs\n")],
    );
    symlink("target", there.world.work().join("there/link")).unwrap();
    std::fs::create_dir(there.world.path("outside")).unwrap();
    symlink(there.world.path("outside"), there.world.work().join("there/linked")).unwrap();
    there.commit();
    let state = there.state();
    let run = there.adopt("../bp", &[]).fails(6);
    for path in ["run.sh", "binary", "link", "linked/new"] {
        assert!(run.stdout.contains(&format!("conflict  {path} ")), "{run}");
    }
    assert_eq!(there.read("binary"), "a\0b");
    assert_eq!(std::fs::read_link(there.world.work().join("there/link")).unwrap().to_str(), Some("target"));
    assert!(!there.world.path("outside/new").exists());
    there.run(&["adopt", "--abort"]).success();
    assert_eq!(there.state(), state);
    // The same content in the same mode is no conflict.
    let script = there.world.work().join("there/run.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    there.commit();
    let run = there.adopt("../bp", &["--dry-run"]).fails(6);
    assert!(!run.stdout.contains("run.sh"), "{run}");
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_is_written() {
    let there = There::with(
        &[("a.txt", "mine\n")],
        &[("b.txt", "b\n"), ("c.txt", "c\n"), ("d/e.txt", "e\n"), ("f.txt", "f\n")],
    );
    let refused = |expected: &str| {
        let before = there.state();
        let run = there.adopt("../bp", &[]).fails(2);
        assert!(run.stderr.contains(expected), "{run}");
        assert_eq!(there.state(), before);
    };
    there.write("a.txt", "edited\n");
    refused("the work tree is not clean: a.txt\n  hint: `git commit` or `git stash`");
    there.git(&["add", "a.txt"]);
    refused("the work tree is not clean: a.txt");
    there.git(&["reset", "-q", "--hard"]);
    there.write("b.txt", "not tracked\n");
    refused("b.txt: is in the way of a new file, and not committed");
    std::fs::remove_file(there.world.work().join("there/b.txt")).unwrap();
    there.write(".git/info/exclude", "c.txt\nd\n");
    there.write("c.txt", "ignored\n");
    there.write("d", "an ignored file where a folder would be\n");
    refused("c.txt: is in the way");
    refused("d: is in the way of the new file `d/e.txt`, and not committed");
    std::fs::remove_file(there.world.work().join("there/c.txt")).unwrap();
    std::fs::remove_file(there.world.work().join("there/d")).unwrap();
    there.write("goldpath.yaml", "mine\n");
    refused("goldpath.yaml: is in the way of a new file, and not committed");
    std::fs::remove_file(there.world.work().join("there/goldpath.yaml")).unwrap();
    there.write("goldpath.lock", "");
    refused("goldpath.lock: there is a lock already\n  hint: `goldpath update`");
    std::fs::remove_file(there.world.work().join("there/goldpath.lock")).unwrap();
    // Folders and repositories that are none.
    for (folder, expected) in [
        ("none", "can't be read"),
        ("bp/blueprint.yaml", "is no folder"),
        ("plain", "lies in no git repository"),
        ("fresh", "nothing is committed yet"),
    ] {
        if folder != "none" && folder != "bp/blueprint.yaml" {
            std::fs::create_dir_all(there.world.work().join(folder)).unwrap();
        }
        if folder == "fresh" {
            there.world.git("fresh", &["init", "-q"]);
        }
        let run = there.world.run(&["adopt", "./bp", folder, "--defaults"]).fails(2);
        assert!(run.stderr.contains(expected), "{folder}: {run}");
    }
    let run = there.world.run(&["adopt", "./pb", "there", "--defaults"]).fails(2);
    assert!(run.stderr.contains("`./pb` does not exist"), "{run}");
    let run = there.adopt("servcie", &[]).fails(2);
    assert!(run.stderr.contains("did you mean `service`"), "{run}");
    there.run(&["adopt"]).fails(2);
    there.run(&["adopt", "service", "--continue"]).fails(2);
    there.adopt("../bp", &["--branch", "main"]).fails(2);
    there.adopt("../bp", &[]).success();
}

#[test]
fn a_goldpath_yaml_that_is_there_is_a_file_like_any_other() {
    let there = There::with(&[("goldpath.yaml", "blueprint: mine\n")], &[("a", "a\n")]);
    let run = there.adopt("../bp", &[]).fails(6);
    assert!(run.stdout.contains("conflict  goldpath.yaml"), "{run}");
    assert!(there.read("goldpath.yaml").contains("blueprint: mine"));
    there.git(&["checkout", "-q", "--theirs", "goldpath.yaml"]);
    there.git(&["add", "goldpath.yaml"]);
    there.run(&["adopt", "--continue"]).success();
    there.commit();
    assert!(there.run(&["update"]).success().stdout.contains("Up to date"));
}

#[test]
fn a_part_of_a_repository_has_a_lock_of_its_own() {
    let there = There::new(&[
        ("README.md", "# All\n"),
        ("services/pay-me/go.mod", "module github.com/acme/mono/services/pay-me\n"),
        ("services/pay-me/README.md", "# Pay\n"),
        ("services/other/x", ""),
    ]);
    there.git(&["remote", "add", "origin", "https://github.com/acme/mono.git"]);
    let run = there.run(&["adopt", "service", "services/pay-me", "--defaults"]).fails(6);
    assert!(run.stdout.contains("answer    name: pay-me (found in go.mod:1)"), "{run}");
    assert!(run.stdout.contains("answer    org: acme (found in the remote origin)"), "{run}");
    let outside = there.git(&["status", "--porcelain", "--", ".", ":!services/pay-me"]);
    assert_eq!(outside, "");
    let run = there.run(&["adopt", "--continue", "services/other"]).fails(2);
    assert!(run.stderr.contains("unexpected") || run.stderr.contains("cannot be used"), "{run}");
    let run = there.world.run(&["-C", "there/services/other", "adopt", "--continue"]).fails(2);
    assert!(run.stderr.contains("what is open is that of `services/pay-me/`"), "{run}");
    there.git(&["checkout", "-q", "--theirs", "services/pay-me/README.md", "services/pay-me/go.mod"]);
    there.git(&["add", "-A"]);
    there.world.run(&["-C", "there/services/pay-me", "adopt", "--continue"]).success();
    there.commit();
    assert!(there.has("services/pay-me/goldpath.lock") && !there.has("goldpath.lock"));
    let run = there.run(&["update", "services/pay-me"]).success();
    assert!(run.stdout.contains("Up to date"), "{run}");
    // A part without a name of its own is called by its folder, not by the repository.
    let run = there.run(&["adopt", "service", "services/other", "--defaults", "--dry-run"]).success();
    assert!(run.stdout.contains("answer    name: other (found in the remote origin)"), "{run}");
}

#[test]
fn guardrails_stop_what_comes_in_and_not_what_was_there() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  namespace: x\ndata:\n  key: c2VjcmV0\n";
    let there = There::with(&[("deploy/mine.yaml", secret)], &[("a", "a\n")]);
    let run = there.adopt("../bp", &["--dry-run"]).success();
    assert!(run.stderr.contains("deploy/mine.yaml:"), "{run}");
    there.blueprint("1.0.0", "", &[("a", "a\n"), ("deploy/theirs.yaml", secret)]);
    let before = there.state();
    let run = there.adopt("../bp", &[]).fails(3);
    assert!(run.stderr.contains("deploy/theirs.yaml:") && !run.stderr.contains("deploy/mine.yaml:"), "{run}");
    assert_eq!(there.state(), before);
    // Nor does it come in through a conflict.
    there.write("deploy/theirs.yaml", "kind: Nothing\n");
    there.commit();
    there.adopt("../bp", &[]).fails(3);
}

/// Numbers that are the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn name(&mut self) -> String {
        let parts = ["a", "b", "A", "team", "team-x", "platform", "c.own"];
        let depth = 1 + self.below(3);
        (0..depth).map(|_| parts[usize::try_from(self.below(7)).unwrap()]).collect::<Vec<_>>().join("/")
    }

    fn text(&mut self, who: &str) -> String {
        (0..self.below(6))
            .map(|_| if self.below(3) == 0 { "common\n".to_owned() } else { format!("{who} {}\n", self.below(50)) })
            .collect()
    }

    /// A tree that can lie on a disk.
    fn files(&mut self, who: &str, ignores_case: bool) -> BTreeMap<String, String> {
        let mut files = BTreeMap::<String, String>::new();
        for _ in 0..1 + self.below(8) {
            let (name, text) = (self.name(), self.text(who));
            if !files.keys().any(|other| clash(other, &name, ignores_case)) {
                files.insert(name, text);
            }
        }
        files
    }
}

/// Whether two paths can't lie on one disk.
fn clash(a: &str, b: &str, ignores_case: bool) -> bool {
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return ignores_case && a.eq_ignore_ascii_case(b),
            _ => return true,
        }
    }
}

/// After an adoption every file of the user's is unchanged, or in a conflict that has all its lines, and taking it back
/// restores the rest.
#[test]
fn nothing_of_the_users_is_overwritten() {
    let cases: u64 = std::env::var("GOLDPATH_CASES").ok().map_or(60, |text| text.parse().unwrap());
    let (mut conflicts, mut left, mut clean) = (0, 0, 0);
    for seed in 0..cases {
        let mut random = Random(seed * 7919 + 1);
        let mine = random.files("mine", false);
        let mut theirs = random.files("theirs", true);
        for (path, text) in &mine {
            if random.below(4) == 0 && !theirs.keys().any(|other| clash(other, path, true)) {
                theirs.insert(path.clone(), if random.below(2) == 0 { text.clone() } else { random.text("theirs") });
            }
        }
        let pairs = |files: &BTreeMap<String, String>| {
            files.iter().map(|(path, text)| (path.clone(), text.clone())).collect::<Vec<_>>()
        };
        let (mine, theirs) = (pairs(&mine), pairs(&theirs));
        let refs = |files: &'_ [(String, String)]| -> Vec<(&'static str, &'static str)> {
            files.iter().map(|(path, text)| (&*path.clone().leak(), &*text.clone().leak())).collect()
        };
        let there = There::with(&refs(&mine), &refs(&theirs));
        let before = there.state();
        let run = there.adopt("../bp", &["--output", "json"]);
        assert!(matches!(run.code, Some(0 | 6)), "seed {seed}: {run}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let open = paths(&report, "changes", Some("conflict"));
        assert_eq!(run.code == Some(6), !open.is_empty(), "seed {seed}: {run}");
        for (path, text) in &mine {
            let now = there.read(path);
            if open.contains(path) {
                assert!(text.lines().all(|line| now.lines().any(|other| other == line)), "seed {seed}: {path}: {now}");
                assert_eq!(there.git(&["show", &format!(":2:{path}")]), *text, "seed {seed}: {path}");
            } else {
                assert_eq!(now, *text, "seed {seed}: {path}");
            }
        }
        let out = paths(&report, "left_out", None);
        for (path, text) in &theirs {
            let own = mine.iter().any(|(other, _)| other == path);
            if !own && !out.contains(path) && !open.contains(path) {
                assert_eq!(there.read(path), *text, "seed {seed}: {path}: {mine:?} {theirs:?} {run}");
            }
        }
        left += u64::from(!out.is_empty());
        if open.is_empty() {
            clean += 1;
            there.commit();
            let again = there.run(&["update", "--output", "json"]).success();
            assert!(again.stdout.contains("\"state\": \"current\""), "seed {seed}: {again}");
        } else {
            conflicts += 1;
            there.run(&["adopt", "--abort"]).success();
            assert_eq!(there.state(), before, "seed {seed}");
        }
    }
    let least = cases / 10;
    assert!(
        conflicts >= least && clean >= least && left >= least,
        "{conflicts} with conflicts, {clean} clean, {left} left out"
    );
}
