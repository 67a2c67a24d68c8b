//! `goldpath new` as a user without a terminal meets it: what comes out, and what bad input gets.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{World, greeter};

#[test]
fn a_repository_with_one_commit() {
    let world = World::new();
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--set", "style=fancy"]).success();
    assert!(run.stdout.starts_with("Created demo: 8 files from greeter 1.2.3, "), "{run}");
    assert!(run.stdout.contains(" guardrails passed, committed on main as "), "{run}");
    assert!(run.stderr.ends_with("Next:\n  cd demo\n  ./bin/greet  hear demo\n"), "{run}");
    assert_eq!(world.left(), ["demo"]);
    assert_eq!(
        world.git("demo", &["log", "--format=%an <%ae> %s"]),
        "Ada <ada@example.com> Start from goldpath's greeter blueprint 1.2.3\n"
    );
    assert_eq!(world.git("demo", &["status", "--porcelain"]), "");
    assert_eq!(world.git("demo", &["fsck", "--strict"]), "");
    assert!(world.git("demo", &["ls-files", "-s", "bin/greet"]).starts_with("100755 "));
    assert_eq!(world.read("demo/env/dev.yaml"), "environment: dev\ntext: Hello\n");
    assert_eq!(world.read("demo/demo.txt"), "verbatim <%= not rendered %>\n");
    assert!(world.read("demo/README.md").contains("\n\nHas a border of \\*.\n"));
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let world = World::new();
    for folder in ["a", "b"] {
        world.run(&["new", "service", folder, "--defaults", "--set", "name=payments-api"]).success();
    }
    let tree = |folder: &str| world.git(folder, &["rev-parse", "HEAD^{tree}"]);
    assert_eq!(tree("a"), tree("b"));
}

#[test]
fn the_lock_names_every_file_as_git_does() {
    let world = World::new();
    world.run(&["new", "service", "payments-api", "--defaults"]).success();
    let lock: toml::Table = world.read("payments-api/goldpath.lock").parse().unwrap();
    let mut expected = String::new();
    for (path, file) in lock["files"].as_table().unwrap() {
        let mode = if file.get("mode").is_some() { "100755" } else { "100644" };
        expected.push_str(&format!("{mode} {} 0\t{path}\n", file["blob"].as_str().unwrap()));
    }
    let mut found: Vec<String> = world.git("payments-api", &["ls-files", "-s"]).lines().map(str::to_owned).collect();
    found.retain(|line| !line.ends_with("\tgoldpath.yaml") && !line.ends_with("\tgoldpath.lock"));
    assert_eq!(found.join("\n") + "\n", expected);
}

#[test]
fn goldpath_yaml_is_an_answers_file() {
    let world = World::new();
    world.run(&["new", &greeter(), "a", "--defaults", "--set", "name=x", "--set", "greeting=a: 'b' #c"]).success();
    let choices: String = world.read("a/goldpath.yaml");
    let answers = choices.split_once("answers:\n").unwrap().1;
    world.write("work/answers.yaml", &answers.lines().map(|line| format!("{}\n", &line[2..])).collect::<String>());
    world.run(&["new", &greeter(), "b", "--answers", "answers.yaml"]).success();
    assert_eq!(world.git("a", &["rev-parse", "HEAD^{tree}"]), world.git("b", &["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn answers_come_from_the_first_source_that_has_one() {
    let world = World::new();
    let greeting = |arguments: &[&str], environment: &[(&str, &str)]| {
        let blueprint = greeter();
        let all = [&["new", &blueprint, "demo", "--defaults", "--dry-run", "--output", "json"], arguments].concat();
        let run = world.run_with(&all, "greeting: stdin", environment).success();
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["answers"]["greeting"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(greeting(&[], &[]), "Hello");
    world.write("home/.config/goldpath/config.yaml", "answers:\n  greeting: config\n  of_another_blueprint: 1\n");
    assert_eq!(greeting(&[], &[]), "config");
    let variable = [("GOLDPATH_ANSWER_GREETING", "environment")];
    assert_eq!(greeting(&[], &variable), "environment");
    assert_eq!(greeting(&["--answers", "-"], &variable), "stdin");
    assert_eq!(greeting(&["--answers", "-", "--set", "greeting=set"], &variable), "set");
}

#[test]
fn without_a_terminal_everything_that_is_missing_is_listed() {
    let world = World::new();
    let run = world.run(&["new", &greeter(), "demo", "--set", "loud=true"]).fails(2);
    insta::assert_snapshot!(run);
    assert!(world.left().is_empty());
}

#[test]
fn every_wrong_answer_is_reported_at_once() {
    let world = World::new();
    world.write("work/answers.yaml", "times: 99\nloud: perhaps\nlanguages: [en, jp]\nnmae: x\n");
    let wrong = [
        "new",
        &greeter(),
        "demo",
        "--defaults",
        "--answers",
        "answers.yaml",
        "--set",
        "style=fancyy",
        "--set",
        "greting=x",
        "--set",
        "environments=dev,PROD",
        "--set",
        "name=Über",
    ];
    let run = world.run_with(&wrong, "", &[("GOLDPATH_ANSWER_TIMS", "3")]).fails(2);
    insta::assert_snapshot!(run);
    assert_eq!(world.left(), ["answers.yaml"]);
}

#[test]
fn an_answer_to_a_question_that_is_not_asked_is_pointed_out() {
    let world = World::new();
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--set", "border=#"]).success();
    assert!(
        run.stderr.contains(
            "warning: --set border: the answer `border` has no effect, since `style == \"fancy\"` does not hold"
        ),
        "{run}"
    );
}

#[test]
fn malformed_answers_name_the_line() {
    let world = World::new();
    for (name, text) in [
        ("syntax.yaml", "a: [1,\n"),
        ("list.yaml", "- a\n"),
        ("twice.yaml", "name: a\nname: b\n"),
        ("binary.yaml", "name: \u{0}\n"),
    ] {
        world.write(&format!("work/{name}"), text);
        let run = world.run(&["new", &greeter(), "demo", "--defaults", "--answers", name]).fails(2);
        assert!(run.stderr.contains(name) && (run.stderr.contains(":1:") || run.stderr.contains(":2:")), "{run}");
    }
    std::fs::write(world.work().join("latin1.yaml"), b"name: \xe9\n").unwrap();
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--answers", "latin1.yaml"]).fails(2);
    assert!(run.stderr.contains("UTF-8"), "{run}");
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--answers", "none.yaml"]).fails(2);
    assert!(run.stderr.contains("none.yaml"), "{run}");
}

#[test]
fn manifest_mistakes_are_reported_at_once_with_their_lines() {
    let world = World::new();
    world.write(
        "work/bad/blueprint.yaml",
        "name: bad\nversion: 1\nsumary: x\nquestions:\n  - key: Name\n    type: strng\n    ask: What?\n  - key: b\n    type: choice\n    ask: Which?\n    default: a +\n  - key: c\n    type: bool\n    ask: Really?\n    when: later == 1\ncomponents:\n  - use: ci/github-action\n  - use: ./components/x\n    whn: c\n",
    );
    world.write(
        "work/bad/components/x/component.yaml",
        "summary: x\nowner: me\ninputs: {c: bool, slot: string}\nfiles:\n  \"a/*\": {each: c}\n",
    );
    let run = world.run(&["new", "./bad", "demo", "--defaults"]).fails(2);
    insta::assert_snapshot!(run);
    assert_eq!(world.left(), ["bad"]);
}

#[test]
fn template_mistakes_name_file_line_and_name() {
    let world = World::new();
    world.write(
        "work/bad/blueprint.yaml",
        "name: bad\nversion: 1.0.0\nsummary: x\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/bad/components/x/component.yaml", "summary: x\n");
    world.write("work/bad/components/x/files/a.txt.jinja", "one\ntwo <%= missing %>\n");
    world.write("work/bad/components/x/files/b.txt.jinja", "<% if %>\n");
    world.write("work/bad/components/x/files/c.txt.jinja", "<%= [1, 2] %>\n");
    world.write(
        "work/bad/components/x/files/d.txt.jinja",
        "<% for a in range(99999) %><% for b in range(99999) %>x<% endfor %><% endfor %>\n",
    );
    let run = world.run(&["new", "./bad", "demo", "--defaults"]).fails(2);
    insta::assert_snapshot!(run);
    assert_eq!(world.left(), ["bad"]);
}

#[test]
fn a_path_that_leaves_the_destination_is_refused() {
    let world = World::new();
    world.write(
        "work/bad/blueprint.yaml",
        "name: bad\nversion: 1.0.0\nsummary: x\nquestions:\n  - {key: where, type: string, ask: Where?, default: '\"x\"'}\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/bad/components/x/component.yaml", "summary: x\ninputs: {where: string}\n");
    world.write("work/bad/components/x/files/{where}.txt", "x");
    for path in ["..", "../../etc/x", "a/b", "/x", "a\\b", "CON", "x:y", ".git/x", "a\u{7}"] {
        let run = world.run(&["new", "./bad", "demo", "--defaults", "--set", &format!("where={path}")]);
        assert_eq!(run.code, Some(2), "{path}: {run}");
        assert_eq!(world.left(), ["bad"]);
    }
}

#[test]
fn a_destination_that_is_not_free_is_refused_with_the_way_out() {
    let world = World::new();
    world.write("work/full/file", "mine");
    world.write("work/file", "mine");
    std::fs::create_dir(world.work().join("empty")).unwrap();
    let run = world.run(&["new", &greeter(), "full", "--defaults"]).fails(1);
    assert!(run.stderr.contains("full: exists and is not empty; nothing was written\n  hint: name a folder that does not exist, or move this one away"), "{run}");
    world.run(&["new", &greeter(), "file", "--defaults"]).fails(1);
    world.run(&["new", &greeter(), "file/below", "--defaults", "--set", "name=x"]).fails(1);
    world.run(&["-C", "empty", "new", &greeter(), ".", "--defaults", "--set", "name=x"]).fails(1);
    assert_eq!(world.read("full/file"), "mine");
    assert_eq!(world.left(), ["empty", "file", "full"]);
    world.run(&["new", &greeter(), "empty", "--defaults"]).success();
    world.run(&["new", &greeter(), "some/new/folder", "--defaults"]).success();
    assert!(world.read("some/new/folder/goldpath.yaml").contains("name: folder"));
    assert_eq!(world.left(), ["empty", "file", "full", "some"]);
}

#[test]
fn without_an_identity_nothing_is_half_done() {
    let world = World::without_identity();
    let run = world.run(&["new", &greeter(), "demo", "--defaults"]).fails(1);
    insta::assert_snapshot!(run);
    assert!(world.left().is_empty());
    world.run(&["new", &greeter(), "demo", "--defaults", "--no-git"]).success();
    assert!(!world.work().join("demo/.git").exists());
    let identity = [("GIT_AUTHOR_NAME", "Eve"), ("GIT_AUTHOR_EMAIL", "eve@example.com")];
    world.run_with(&["new", &greeter(), "other", "--defaults"], "", &identity).success();
    assert_eq!(world.git("other", &["log", "--format=%an %ce"]), "Eve eve@example.com\n");
}

#[test]
fn the_users_branch_is_used() {
    let world = World::new();
    world.write("home/.gitconfig", "[user]\n  name = Ada\n  email = a@b.c\n[init]\n  defaultBranch = trunk\n");
    world.run(&["new", &greeter(), "demo", "--defaults"]).success();
    assert_eq!(world.git("demo", &["symbolic-ref", "HEAD"]), "refs/heads/trunk\n");
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::without_identity();
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--dry-run"]).success();
    insta::assert_snapshot!(run);
    assert!(world.left().is_empty());
}

#[test]
fn json_is_for_programs() {
    let world = World::new();
    let run = world.run(&["new", &greeter(), "demo", "--defaults", "--output", "json"]).success();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["written"], true);
    assert_eq!(report["commit"]["branch"], "main");
    assert_eq!(report["files"][1]["path"], "bin/greet", "{report}");
    assert_eq!(report["files"][1]["owner"], "platform");
    assert_eq!(report["files"][1]["mode"], "0755");
    let run = world.run(&["new", &greeter(), "other", "--defaults", "--output", "json", "--set", "x=y"]).fails(2);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["error"]["exit_code"], 2);
    assert!(report["error"]["diagnostics"][0]["message"].as_str().unwrap().contains("--set x"));
}

#[test]
fn guardrails_stop_what_they_deny() {
    let world = World::new();
    world.write(
        "work/bad/blueprint.yaml",
        "name: bad\nversion: 1.0.0\nsummary: x\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/bad/components/x/component.yaml", "summary: x\n");
    world.write("work/bad/components/x/files/Dockerfile", "FROM debian:12\nUSER root\nENTRYPOINT [\"x\"]\n");
    let run = world.run(&["new", "./bad", "demo", "--defaults"]).fails(3);
    assert!(run.stderr.contains("error: Dockerfile:1: S15: "), "{run}");
    assert!(run.stderr.contains("\n  hint: ") && run.stderr.contains("nothing was written"), "{run}");
    let run = world.run(&["new", "./bad", "demo", "--defaults", "--output", "json"]).fails(3);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["error"]["exit_code"], 3);
    assert_eq!(report["error"]["findings"][0]["rule"], "S15");
    world.run(&["new", "./bad", "demo", "--defaults", "--dry-run"]).fails(3);
    assert_eq!(world.left(), ["bad"]);
    // A blueprint can't except itself with an entry that has run out.
    world.write(
        "work/bad/components/x/files/policy/exceptions.yaml",
        "exceptions:\n  - {rule: S15, path: Dockerfile, owner: ada, reason: a test, expires: 2020-01-01}\n",
    );
    world.run(&["new", "./bad", "demo", "--defaults"]).fails(3);
    let exceptions =
        "exceptions:\n  - {rule: S15, path: Dockerfile, owner: ada, reason: a test, expires: 2999-01-01}\n";
    world.write("work/bad/components/x/files/policy/exceptions.yaml", exceptions);
    world.run(&["new", "./bad", "demo", "--defaults"]).success();
}

#[test]
fn what_guardrails_cannot_read_is_not_let_through() {
    let world = World::new();
    world.write(
        "work/bad/blueprint.yaml",
        "name: bad\nversion: 1.0.0\nsummary: x\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/bad/components/x/component.yaml", "summary: x\n");
    world.write("work/bad/components/x/files/deploy/app.yaml", "apiVersion: apps/v1\nkind: [Deployment\n");
    let run = world.run(&["new", "./bad", "demo", "--defaults"]).fails(3);
    assert!(run.stderr.contains("deploy/app.yaml:"), "{run}");
    assert_eq!(world.left(), ["bad"]);
}

#[test]
fn a_policy_of_ones_own_holds_too() {
    let world = World::new();
    world.write(
        "work/own/blueprint.yaml",
        "name: own\nversion: 1.0.0\nsummary: x\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/own/components/x/component.yaml", "summary: x\n");
    world.write(
        "work/own/components/x/files/Dockerfile",
        &format!(
            "FROM debian:12@sha256:{}\nUSER 65532:65532\nHEALTHCHECK CMD [\"x\"]\nENTRYPOINT [\"x\"]\n",
            "a".repeat(64)
        ),
    );
    world.run(&["new", "./own", "fine", "--defaults"]).success();
    world.write(
        "work/own/policies/dockerfile/acme.rego",
        "package dockerfile\n\nimport rego.v1\n\n# METADATA\n# title: Our base image\n# description: Every image starts from ours\n# custom:\n#   id: ACME1\n#   lens: security\n#   severity: deny\n#   fix: start from acme/base\ndeny contains result if {\n\tsome instruction in input\n\tinstruction.Cmd == \"from\"\n\tnot startswith(instruction.Value[0], \"acme/\")\n\tresult := {\"msg\": \"not from acme\", \"rule\": \"ACME1\"}\n}\n",
    );
    let run = world.run(&["new", "./own", "demo", "--defaults"]).fails(3);
    assert!(run.stderr.contains("ACME1: not from acme\n  hint: start from acme/base"), "{run}");
}

#[test]
fn unknown_names_get_the_nearest() {
    let world = World::new();
    let run = world.run(&["new", "servcie", "demo", "--defaults"]).fails(2);
    assert!(run.stderr.contains("did you mean `service`?"), "{run}");
    let run = world.run(&["new", "./nowhere", "demo", "--defaults"]).fails(2);
    assert!(run.stderr.contains("`./nowhere` does not exist"), "{run}");
    let run = world.run(&["new", "service", "demo", "--default"]).fails(2);
    assert!(run.stderr.contains("--defaults"), "{run}");
    let run = world.run(&["new"]).fails(2);
    assert!(run.stderr.contains("there is no terminal to ask at"), "{run}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_is_an_error_and_stays_clean() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let folder = world.work().join("closed");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere; for them a file system that is full by definition stands in.
    let target = if std::fs::write(folder.join("probe"), "").is_ok() { "/proc/demo" } else { "closed/demo" };
    let run = world.run(&["new", &greeter(), target, "--defaults", "--set", "name=x"]).fails(1);
    assert!(run.stderr.contains("nothing was written"), "{run}");
    let _ = std::fs::remove_file(folder.join("probe"));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

/// Kills the process at many moments, and looks at what is left each time.
#[cfg(unix)]
#[test]
fn whenever_it_is_killed_nothing_or_everything_is_there() {
    let world = World::new();
    let mut seen = (false, false);
    for (number, signal) in (0..40).zip(["-KILL", "-TERM", "-INT"].into_iter().cycle()) {
        let folder = format!("demo{number}");
        let mut child = world
            .command(&["new", "service", &folder, "--defaults", "--set", "name=payments-api"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(number * 3));
        let _ = Command::new("kill").arg(signal).arg(child.id().to_string()).stderr(Stdio::null()).status();
        child.wait().unwrap();
        // The janitor of a process that was killed hard needs a moment.
        let clean = || world.left().iter().all(|name| !name.starts_with('.'));
        for _ in 0..100 {
            if clean() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(clean(), "{signal} after {} ms left {:?}", number * 3, world.left());
        if Path::new(&world.work().join(&folder)).exists() {
            seen.1 = true;
            assert_eq!(world.git(&folder, &["status", "--porcelain"]), "");
            assert!(world.read(&format!("{folder}/goldpath.lock")).contains("[files]"));
        } else {
            seen.0 = true;
        }
    }
    assert!(seen.0, "no process was killed early enough to test anything");
}

#[test]
fn hidden_commands_remove_nothing_but_stages() {
    let world = World::new();
    world.write("work/precious/file", "mine");
    world.run(&["__janitor", "precious"]).success();
    assert_eq!(world.read("precious/file"), "mine");
}

#[test]
fn gits_own_variables_are_respected() {
    let world = World::new();
    world.write("elsewhere", "[user]\n  name = Eve\n  email = eve@example.com\n[init]\n  defaultBranch = other\n");
    let file = world.path("elsewhere");
    let variables = [("GIT_CONFIG_GLOBAL", file.to_str().unwrap())];
    world.run_with(&["new", &greeter(), "demo", "--defaults"], "", &variables).success();
    assert_eq!(world.git("demo", &["log", "--format=%an"]), "Eve\n");
    assert_eq!(world.git("demo", &["symbolic-ref", "HEAD"]), "refs/heads/other\n");
}
