//! `goldpath check` on files of the platform and on records that were edited, and `--fix`, which puts them back without
//! anybody losing what stood there.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};
use serde_json::Value;

/// A repository of a small blueprint beside it; everything of it is the platform's.
fn world() -> World {
    let world = World::new();
    std::fs::create_dir(world.path("empty")).unwrap();
    blueprint(&world, "1.0.0");
    write(&world, "bp/components/x/component.yaml", "summary: x\ninputs: {color: string}\nowner: platform\n");
    write(&world, "bp/components/x/files/ci/build.sh", "#!/bin/sh\nset -eu\nmake\n");
    write(&world, "bp/components/x/files/ci/deep/er.txt.jinja", "color: <%= color %>\n");
    write(&world, "bp/components/x/files/top.txt", "1\n2\n3\n");
    executable(&world, "bp/components/x/files/ci/build.sh");
    run(&world, &["new", "./bp", "repo", "--defaults"]).success();
    world
}

fn blueprint(world: &World, version: &str) {
    let text = format!(
        "name: bp\nversion: {version}\nsummary: x\nquestions: [{{key: color, type: string, ask: Which?, default: '\"red\"'}}]\n\
         components: [{{use: ./components/x}}]\n"
    );
    write(world, "bp/blueprint.yaml", &text);
}

fn write(world: &World, path: &str, text: &str) {
    world.write(&format!("work/{path}"), text);
}

#[cfg(unix)]
fn executable(world: &World, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = world.work().join(path);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(world: &World, arguments: &[&str]) -> Outcome {
    let empty = world.path("empty");
    world.run(&[&["--library", empty.to_str().unwrap()], arguments].concat())
}

fn check(world: &World, arguments: &[&str]) -> Outcome {
    run(world, &[&["-C", "repo", "check"], arguments].concat())
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn remove(world: &World, path: &str) {
    std::fs::remove_file(world.work().join(path)).unwrap();
}

/// What `refs/goldpath/replaced` has of a file.
fn kept(world: &World, path: &str) -> String {
    world.git("repo", &["show", &format!("refs/goldpath/replaced:{path}")])
}

fn clean(world: &World) {
    assert_eq!(world.git("repo", &["status", "--porcelain"]), "");
}

#[test]
fn drift_says_what_changed_whose_it_is_and_what_to_do() {
    let world = world();
    write(&world, "repo/top.txt", "1\ntwo\n3\n4\n");
    remove(&world, "repo/ci/deep/er.txt");
    let run = check(&world, &[]).fails(4);
    for part in [
        "repo/top.txt",
        "top.txt:2: was edited (2 lines added, 1 removed) since it was emitted; it is the platform's (./components/x)",
        "ci/deep/er.txt: is gone (1 line removed)",
        "`goldpath check --fix` puts it back; to change it for everyone, change the component `./components/x` of the blueprint `bp`",
    ]
    .iter()
    .skip(1)
    {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    assert!(!run.stdout.contains("@@"), "{run}");
    let diff = check(&world, &["--diff", "-q"]).fails(4);
    assert!(diff.stdout.contains("-2\n+two\n 3\n+4\n") && diff.stdout.contains("-color: red\n"), "{diff}");
    assert_eq!(check(&world, &["-v"]).stdout, check(&world, &["--diff"]).stdout);
    let report = json(&check(&world, &["--output", "json"]).fails(4));
    let drift = &report["drift"][1];
    assert_eq!(
        (&drift["path"], &drift["owner"], &drift["added"], &drift["removed"], &drift["line"]),
        (&"top.txt".into(), &"platform".into(), &2.into(), &1.into(), &2.into())
    );
    assert!(drift["diff"].as_str().unwrap().starts_with("diff --git a/top.txt b/top.txt\n"));
    // Git takes the diff back.
    let text: String = report["drift"].as_array().unwrap().iter().map(|d| d["diff"].as_str().unwrap()).collect();
    write(&world, "diff", &text);
    world.git("repo", &["apply", "-R", "../diff"]);
    check(&world, &[]).success();
    for format in ["sarif", "github", "gitlab", "junit"] {
        write(&world, "repo/top.txt", "1\ntwo\n3\n");
        let run = check(&world, &["--output", format]).fails(4);
        let line = match format {
            "sarif" => "\"startLine\": 2",
            "github" => "line=2",
            "gitlab" => "\"begin\": 2",
            _ => "top.txt:2: ",
        };
        assert!(run.stdout.contains(line), "{run}");
    }
}

#[test]
fn edits_are_put_back_and_kept() {
    let world = world();
    // One committed, one staged and edited again, one deleted, one with another mode.
    write(&world, "repo/top.txt", "committed\n");
    world.git("repo", &["commit", "-qam", "mine"]);
    write(&world, "repo/ci/deep/er.txt", "staged\n");
    world.git("repo", &["add", "-A"]);
    write(&world, "repo/ci/deep/er.txt", "on disk\n");
    remove(&world, "repo/ci/build.sh");
    write(&world, "repo/ci/build.sh", "#!/bin/sh\nset -eu\nmake\n");
    write(&world, "repo/mine.txt", "mine\n");
    let run = check(&world, &["--fix"]).success();
    assert!(run.stdout.contains("-committed\n+1\n+2\n+3\n"), "{run}");
    assert!(run.stdout.contains("old mode 100644\nnew mode 100755\n"), "{run}");
    let (diff, told) = (run.stdout.find("+color: red").unwrap(), run.stdout.find("put back").unwrap());
    assert!(diff < told && run.stderr.contains("refs/goldpath/replaced"), "{run}");
    assert_eq!(world.read("repo/top.txt"), "1\n2\n3\n");
    assert_eq!(world.read("repo/ci/deep/er.txt"), "color: red\n");
    assert_eq!((kept(&world, "top.txt"), kept(&world, "ci/deep/er.txt")), ("committed\n".into(), "on disk\n".into()));
    assert_eq!(world.git("repo", &["show", "refs/goldpath/replaced^2:ci/deep/er.txt"]), "staged\n");
    // Staged, not committed; what is nobody's business is left alone.
    assert_eq!(world.git("repo", &["status", "--porcelain"]), "M  top.txt\n?? mine.txt\n");
    assert_eq!(world.git("repo", &["log", "--format=%s", "-1"]), "mine\n");
    // The next run keeps what the last one kept.
    write(&world, "repo/top.txt", "again\n");
    check(&world, &["--fix"]).success();
    assert_eq!(kept(&world, "top.txt"), "again\n");
    assert_eq!(world.git("repo", &["log", "--format=%s", "-g", "-1", "refs/heads/main"]).lines().count(), 1);
    let all = world.git("repo", &["rev-list", "refs/goldpath/replaced"]);
    let contents: Vec<String> =
        all.lines().map(|commit| world.git("repo", &["show", &format!("{commit}:top.txt")])).collect();
    assert!(contents.contains(&"committed\n".to_owned()) && contents.contains(&"again\n".to_owned()), "{contents:?}");
    let nothing = check(&world, &["--fix", "--output", "json"]).success();
    assert_eq!(json(&nothing)["fixed"]["restored"], serde_json::json!([]));
}

#[test]
fn what_else_is_wrong_is_not_touched_and_decides_the_exit_code() {
    let world = World::new();
    world.run(&["new", "service", "pay", "--defaults"]).success();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: pay-dev}\ndata: {key: c2VjcmV0}\n";
    write(&world, "pay/deploy/secret.yaml", secret);
    write(&world, "pay/policy/rego/kubernetes.rego", "package kubernetes\n");
    let run = world.run(&["-C", "pay", "check", "--fix"]).fails(3);
    assert!(run.stderr.contains("deploy/secret.yaml") && run.stdout.contains("no drift"), "{run}");
    assert_eq!(world.read("pay/deploy/secret.yaml"), secret);
}

#[cfg(unix)]
#[test]
fn what_took_a_files_place_is_not_followed() {
    let world = world();
    write(&world, "elsewhere", "1\n2\n3\n");
    let link = |target: &str, at: &str| std::os::unix::fs::symlink(target, world.work().join(at)).unwrap();
    remove(&world, "repo/top.txt");
    link("../elsewhere", "repo/top.txt");
    let report = json(&check(&world, &["--output", "json"]).fails(3));
    assert_eq!(report["drift"][0]["change"], "link");
    check(&world, &["--fix"]).success();
    assert_eq!(world.read("elsewhere"), "1\n2\n3\n");
    assert!(std::fs::symlink_metadata(world.work().join("repo/top.txt")).unwrap().is_file());
    assert_eq!(kept(&world, "top.txt"), "../elsewhere");
    clean(&world);

    // A folder, with a folder in it that is empty.
    remove(&world, "repo/top.txt");
    write(&world, "repo/top.txt/mine/a.txt", "mine\n");
    std::fs::create_dir_all(world.work().join("repo/top.txt/empty/more")).unwrap();
    let report = json(&check(&world, &["--output", "json"]));
    assert_eq!(report["drift"][0]["change"], "folder");
    let run = check(&world, &["--fix"]).success();
    assert!(run.stdout.contains("removed   top.txt/mine/a.txt"), "{run}");
    assert_eq!((world.read("repo/top.txt"), kept(&world, "top.txt/mine/a.txt")), ("1\n2\n3\n".into(), "mine\n".into()));
    clean(&world);

    // A file where a folder was.
    std::fs::remove_dir_all(world.work().join("repo/ci/deep")).unwrap();
    write(&world, "repo/ci/deep", "mine\n");
    check(&world, &["--fix"]).success();
    assert_eq!((world.read("repo/ci/deep/er.txt"), kept(&world, "ci/deep")), ("color: red\n".into(), "mine\n".into()));
    clean(&world);

    // A folder of the same content behind a link is nothing that was emitted, and nothing is written through it.
    std::fs::rename(world.work().join("repo/ci/deep"), world.work().join("deep")).unwrap();
    link("../../deep", "repo/ci/deep");
    write(&world, "repo/ci/build.sh", "mine\n");
    let run = check(&world, &["--fix"]);
    assert!(matches!(run.code, Some(3 | 4)), "{run}");
    assert!(run.stderr.contains("lies behind the symbolic link `ci/deep`"), "{run}");
    assert!(run.stderr.contains("remove the link (`git rm ci/deep`, or `rm ci/deep`), then fix again"), "{run}");
    assert_eq!(kept(&world, "ci/build.sh"), "mine\n");
    remove(&world, "repo/ci/deep");
    check(&world, &["--fix"]).success();
    clean(&world);

    // A pipe, and another repository.
    remove(&world, "repo/top.txt");
    let pipe = world.work().join("repo/top.txt");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = check(&world, &["--fix"]);
    assert!(run.stderr.contains("a pipe, a socket or a device has taken its place"), "{run}");
    std::fs::remove_file(&pipe).unwrap();
    std::fs::create_dir(&pipe).unwrap();
    world.git("repo/top.txt", &["init", "-q"]);
    let run = check(&world, &["--fix"]);
    assert!(run.stderr.contains("another git repository has taken its place"), "{run}");
}

#[test]
fn without_gits_objects_it_is_rendered_again_or_said_what_to_do() {
    let world = world();
    write(&world, "repo/top.txt", "mine\n");
    // A copy of the files in a repository that never saw what was emitted.
    std::fs::remove_dir_all(world.work().join("repo/.git")).unwrap();
    let run = check(&world, &["--fix"]).fails(2);
    assert!(run.stderr.contains("lies in no git repository") && run.stderr.contains("git init"), "{run}");
    world.git("repo", &["init", "-q"]);
    world.git("repo", &["add", "-A"]);
    world.git("repo", &["commit", "-qm", "start"]);
    blueprint(&world, "2.0.0");
    let run = check(&world, &["--fix"]).fails(4);
    for part in
        ["top.txt: what bp 1.0.0 had emitted is not at hand", "refs/goldpath/pristine", "with version 1.0.0 at `../bp`"]
    {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    assert!(run.stdout.contains("goldpath.lock was not held against its blueprint: `../bp` holds bp 2.0.0"), "{run}");
    assert_eq!(world.read("repo/top.txt"), "mine\n");
    blueprint(&world, "1.0.0");
    check(&world, &["--fix"]).success();
    assert_eq!((world.read("repo/top.txt"), kept(&world, "top.txt")), ("1\n2\n3\n".into(), "mine\n".into()));
}

#[test]
fn windows_line_endings_that_git_gives_are_no_drift() {
    let world = world();
    world.git("repo", &["config", "core.autocrlf", "true"]);
    remove(&world, "repo/top.txt");
    world.git("repo", &["checkout", "-q", "--", "top.txt"]);
    assert_eq!(world.read("repo/top.txt"), "1\r\n2\r\n3\r\n");
    check(&world, &[]).success();
    // What is put back gets them, too.
    write(&world, "repo/top.txt", "mine\n");
    check(&world, &["--fix"]).success();
    assert_eq!(world.read("repo/top.txt"), "1\r\n2\r\n3\r\n");
    // Without git's doing they are an edit.
    world.git("repo", &["config", "core.autocrlf", "false"]);
    write(&world, "repo/top.txt", "1\r\n2\r\n3\r\n");
    let run = check(&world, &[]).fails(4);
    assert!(run.stderr.contains("top.txt:1: was edited (3 lines added, 3 removed)"), "{run}");
}

#[test]
fn a_newer_version_of_a_folder_is_told() {
    let world = world();
    blueprint(&world, "1.1.0");
    let run = check(&world, &[]).fails(5);
    assert!(run.stdout.contains("bp 1.1.0 is there"), "{run}");
    std::fs::remove_dir_all(world.work().join("bp")).unwrap();
    let run = check(&world, &[]).success();
    assert!(run.stdout.contains("was not held against its blueprint: there is no blueprint at `../bp`"), "{run}");
    let report = json(&check(&world, &["--output", "json"]).success());
    assert_eq!(report["lock"]["standing"], "unconfirmed");
}

/// `service` in the binary: what it yields can't change without its version.
#[test]
fn an_edited_lock_hides_nothing() {
    let world = World::new();
    world.run(&["new", "service", "pay", "--defaults"]).success();
    let check = |arguments: &[&str]| world.run(&[&["-C", "pay", "check"], arguments].concat());
    assert_eq!(json(&check(&["--output", "json"]).success())["lock"]["standing"], "confirmed");
    let lock = world.read("pay/goldpath.lock");
    let script = world.read("pay/scripts/promote.sh");
    let line = lock.lines().find(|line| line.starts_with("\"scripts/promote.sh\"")).unwrap();
    let number = lock.lines().position(|other| other == line).unwrap() + 1;
    let about = |edited: &str, expected: &str, line: Option<usize>| {
        assert!(edited != lock);
        write(&world, "pay/goldpath.lock", edited);
        let run = check(&[]).fails(4);
        let place = line.map_or("goldpath.lock".to_owned(), |line| format!("goldpath.lock:{line}"));
        assert!(run.stderr.contains(&format!("error: {place}: tampered with: {expected}")), "{expected}: {run}");
        assert!(run.stderr.contains("`git log -p -- goldpath.lock` shows who changed it"), "{run}");
        run
    };
    // The file together with its entry.
    let mine = format!("{script}# mine\n");
    write(&world, "pay/scripts/promote.sh", &mine);
    let id = world.git("pay", &["hash-object", "scripts/promote.sh"]);
    let blob = line.split('"').nth(3).unwrap();
    let run = about(&lock.replace(blob, id.trim()), "scripts/promote.sh: its content is ", Some(number));
    assert!(run.stdout.contains("the lock tampered with, no drift"), "{run}");
    // The entry of an edited file, given to the team, or taken out.
    let team = line.replace("owner = \"platform\"", "owner = \"team\"");
    about(
        &lock.replace(line, &team),
        "scripts/promote.sh: it is the team's here, and the platform's by the blueprint",
        Some(number),
    );
    about(
        &lock.replace(&format!("{line}\n"), ""),
        "scripts/promote.sh: service 0.1.0 emits it, it is the platform's",
        None,
    );
    about(
        &lock.replace(line, &line.replace(", mode = \"executable\"", "")),
        "scripts/promote.sh: it is not executable",
        Some(number),
    );
    about(
        &format!("{lock}\"more.txt\" = {{ blob = \"{blob}\", owner = \"team\", component = \"x\" }}\n"),
        "more.txt: service 0.1.0 emits no such file",
        Some(lock.lines().count() + 1),
    );
    // An answer: one that can't be, and another one.
    write(&world, "pay/scripts/promote.sh", &script);
    let answers = lock.lines().position(|line| line == "[answers]").unwrap() + 1;
    about(
        &lock.replace("tier = \"1\"", "tier = \"7\""),
        "answers: service 0.1.0 can't have been rendered with these",
        Some(answers),
    );
    let number = lock.lines().position(|line| line.starts_with("\".golangci.yaml\"")).unwrap() + 1;
    let python = lock.replace("lang = \"go\"", "lang = \"python\"");
    let run = about(&python, ".golangci.yaml: service 0.1.0 emits no such file", Some(number));
    assert!(run.stderr.contains("more places"), "{run}");
    // Drift is not put back by a lock that lies.
    write(&world, "pay/goldpath.lock", &lock.replace(&format!("{line}\n"), ""));
    write(&world, "pay/policy/vap/binding.yaml", "---\n");
    let run = check(&["--fix"]).fails(4);
    assert!(run.stderr.contains("nothing was put back: the lock does not say what was emitted"), "{run}");
    assert_eq!(world.read("pay/policy/vap/binding.yaml"), "---\n");
    // Every format has it.
    let entries = json(&check(&["--output", "gitlab"]).fails(4));
    assert!(entries.as_array().unwrap().iter().any(|entry| entry["check_name"] == "tampered"), "{entries}");
    // The way out that is told leads out.
    write(&world, "pay/policy/vap/binding.yaml", "");
    world.git("pay", &["checkout", "-q", "--", "policy/vap/binding.yaml"]);
    write(&world, "pay/scripts/promote.sh", &mine);
    write(&world, "pay/goldpath.lock", &lock.replace(blob, id.trim()));
    world.git("pay", &["commit", "-qam", "mine"]);
    check(&[]).fails(4);
    world.run(&["-C", "pay", "update", "--defaults", "--commit"]).success();
    check(&[]).success();
    assert_eq!((world.read("pay/goldpath.lock"), world.read("pay/scripts/promote.sh")), (lock.clone(), script));
}

#[test]
fn a_folder_that_changed_without_its_version_is_told_from_an_edited_lock() {
    let world = world();
    write(&world, "bp/components/x/files/top.txt", "changed\n");
    let run = check(&world, &[]).fails(5);
    assert!(run.stderr.contains("yields something else than when it was last applied"), "{run}");
    let lock = world.read("repo/goldpath.lock");
    let blob = lock.lines().find(|line| line.starts_with("\"top.txt\"")).unwrap().split('"').nth(3).unwrap().to_owned();
    write(&world, "repo/top.txt", "mine\n");
    let id = world.git("repo", &["hash-object", "top.txt"]);
    write(&world, "repo/goldpath.lock", &lock.replace(&blob, id.trim()));
    check(&world, &[]).fails(4);
    // A blueprint that whoever edits the lock may edit, too, proves nothing.
    write(&world, "repo/goldpath.lock", &lock.replace("../bp", "./bp"));
    std::fs::rename(world.work().join("bp"), world.work().join("repo/bp")).unwrap();
    let run = check(&world, &[]).fails(4);
    assert!(run.stdout.contains("lies in the repository itself"), "{run}");
}

#[test]
fn answers_that_are_not_applied_are_pending() {
    let world = world();
    let choices = world.read("repo/goldpath.yaml");
    let pending = |edited: String, expected: &str| {
        write(&world, "repo/goldpath.yaml", &edited);
        let run = check(&world, &[]).fails(5);
        assert!(run.stderr.contains(expected), "{expected}: {run}");
        assert!(run.stderr.contains("`goldpath update` applies it"), "{run}");
    };
    pending(
        choices.replace("color: red", "color: blue"),
        "goldpath.yaml:7: an update is pending: color: the answer is `blue` here, and `red` in goldpath.lock",
    );
    pending(choices.replace("  color: red\n", "").replace("answers:", "answers: {}"), "there is no answer, and `red`");
    pending(choices.replace("1.0.0", "0.9.0"), "version: the version is `0.9.0` here, and `1.0.0` in goldpath.lock");
    pending(choices.replace("../bp", "../other"), "the blueprint is `../other` here, and `../bp`");
    pending(format!("{choices}  size: 3\n"), "size: the answer is not in goldpath.lock");
    remove(&world, "repo/goldpath.yaml");
    check(&world, &[]).fails(5);
    write(&world, "repo/goldpath.yaml", &choices.replace("color: red", "color: blue"));
    let report = json(&check(&world, &["--output", "json"]).fails(5));
    assert_eq!(report["pending"][0]["about"], "color");
    run(&world, &["-C", "repo", "update", "--defaults", "--commit"]).success();
    check(&world, &[]).success();
}

#[test]
fn an_open_update_is_told_and_not_fixed() {
    let world = world();
    write(&world, "repo/top.txt", "1\nmine\n3\n");
    world.git("repo", &["commit", "-qam", "mine"]);
    write(&world, "bp/components/x/files/top.txt", "1\ntheirs\n3\n");
    write(&world, "bp/components/x/files/ci/deep/er.txt.jinja", "colour: <%= color %>\n");
    blueprint(&world, "2.0.0");
    run(&world, &["-C", "repo", "update", "--defaults"]).fails(6);
    // What the update has brought already is no drift.
    let run_ = check(&world, &[]).fails(6);
    for part in [
        "error: top.txt:2: is in conflict",
        "the update of bp from 1.0.0 to 2.0.0 is open",
        "`goldpath update --abort` takes it back",
    ] {
        assert!(run_.stderr.contains(part), "{part}: {run_}");
    }
    let report = json(&check(&world, &["--output", "json"]).fails(6));
    assert_eq!(report["open"]["conflicts"], serde_json::json!([{ "path": "top.txt", "line": 2 }]));
    assert_eq!(report["drift"], serde_json::json!([]));
    let run_ = check(&world, &["--fix"]).fails(6);
    assert!(run_.stderr.contains("the update to bp 2.0.0 is open"), "{run_}");
    // Taken for settled with the markers in it: still in conflict.
    world.git("repo", &["add", "top.txt"]);
    let run_ = check(&world, &[]).fails(6);
    assert!(run_.stderr.contains("top.txt:2: is in conflict"), "{run_}");
    // An edit besides is drift, and comes first.
    write(&world, "repo/ci/deep/er.txt", "mine\n");
    check(&world, &[]).fails(4);
    run(&world, &["-C", "repo", "update", "--abort"]).success();
    // A merge of the user's own.
    world.git("repo", &["checkout", "-qb", "other", "HEAD"]);
    write(&world, "repo/notes.txt", "a\n");
    world.git("repo", &["add", "notes.txt"]);
    world.git("repo", &["commit", "-qm", "a"]);
    world.git("repo", &["checkout", "-q", "main"]);
    write(&world, "repo/notes.txt", "b\n");
    world.git("repo", &["add", "notes.txt"]);
    world.git("repo", &["commit", "-qm", "b"]);
    let mut merge = std::process::Command::new("git");
    world.environment(&mut merge);
    assert!(!merge.args(["-C", "repo", "merge", "-q", "other"]).output().unwrap().status.success());
    let run_ = check(&world, &[]).fails(4);
    assert!(run_.stderr.contains("notes.txt: is in conflict") && run_.stderr.contains("a merge is open"), "{run_}");
    check(&world, &["--fix"]).fails(6);
}

#[test]
fn a_second_goldpath_waits_its_turn() {
    let world = world();
    write(&world, "repo/top.txt", "mine\n");
    std::fs::create_dir_all(world.work().join("repo/.git/goldpath")).unwrap();
    let lock = std::fs::File::create(world.work().join("repo/.git/goldpath/lock")).unwrap();
    lock.lock().unwrap();
    let run = check(&world, &["--fix"]).fails(1);
    assert!(run.stderr.contains("another goldpath is at work here"), "{run}");
    check(&world, &[]).fails(4);
    drop(lock);
    check(&world, &["--fix"]).success();
}

#[test]
fn a_folder_of_a_repository_is_fixed_for_itself() {
    let world = world();
    world.git(".", &["init", "-q", "mono"]);
    std::fs::create_dir_all(world.work().join("mono/services")).unwrap();
    run(&world, &["new", "./bp", "mono/services/a", "--defaults", "--no-git"]).success();
    world.git("mono", &["add", "-A"]);
    world.git("mono", &["commit", "-qm", "start"]);
    write(&world, "mono/services/a/top.txt", "mine\n");
    write(&world, "mono/top.txt", "not the platform's\n");
    run(&world, &["-C", "mono/services/a", "check", "--fix"]).success();
    assert_eq!(world.read("mono/services/a/top.txt"), "1\n2\n3\n");
    assert_eq!(world.git("mono", &["show", "refs/goldpath/replaced:services/a/top.txt"]), "mine\n");
    assert_eq!(world.git("mono", &["status", "--porcelain"]), "?? top.txt\n");
}
