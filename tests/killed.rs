//! `SIGKILL` after every call that changes a file: the next command finishes or undoes, and everything is as before or as
//! after, never between. Every such call is tried, not a sample; a library that is loaded first counts them.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::World;

/// The library, compiled once for each test.
fn shim(world: &World) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kill/shim.c");
    let library = world.path("shim.so");
    let status =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(status.unwrap().success(), "the C compiler that builds libgit2 builds this, too");
    library
}

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/// A repository whose blueprint has moved on; `conflict` says whether both changed the same lines.
fn world(conflict: bool) -> World {
    let world = World::in_memory();
    std::fs::create_dir(world.path("empty")).unwrap();
    let blueprint = |version: &str, more: &str| {
        world.write(
            "work/bp/blueprint.yaml",
            &format!("name: bp\nversion: {version}\nsummary: x\ncomponents: [{{use: ./components/x}}]\n{more}"),
        );
        world.write("work/bp/components/x/component.yaml", "summary: x\n");
    };
    let file = |path: &str, text: &str| world.write(&format!("work/bp/components/x/files/{path}"), text);
    blueprint("1.0.0", "");
    file("edited.txt", TEN);
    file("old/moved.txt", "moved\n");
    file("gone/gone.txt", "gone\n");
    file("becomes", "a file\n");
    file("run.sh", "#!/bin/sh\n");
    run(&world, &["new", "./bp", "repo", "--defaults"]).success();
    world.write("work/repo/edited.txt", &TEN.replace("2\n", "mine\n"));
    world.git("repo", &["commit", "-qam", "mine"]);
    std::fs::remove_dir_all(world.path("work/bp")).unwrap();
    blueprint("2.0.0", "migrations: [{version: 2.0.0, moved: [{from: old, to: new/place}]}]\n");
    file("edited.txt", &TEN.replace(if conflict { "2\n" } else { "9\n" }, "theirs\n"));
    file("new/place/moved.txt", "moved\n");
    file("becomes/a", "file in a folder\n");
    file("run.sh", "#!/bin/sh\necho\n");
    file("added/deep/file.txt", "added\n");
    world
}

fn run(world: &World, arguments: &[&str]) -> common::Outcome {
    let empty = world.path("empty");
    world.run(&[&["--library", empty.to_str().unwrap()], arguments].concat())
}

/// A repository that was never on a path, and a blueprint that it can be brought onto.
fn foreign(conflict: bool) -> World {
    let world = World::in_memory();
    std::fs::create_dir(world.path("empty")).unwrap();
    let blueprint = "name: bp\nversion: 1.0.0\nsummary: x\nquestions:\n  - {key: name, type: string, ask: x, guess: [{file: run.sh, pattern: '(sh)'}]}\ncomponents: [{use: ./components/x}]\n";
    world.write("work/bp/blueprint.yaml", blueprint);
    let rules = "files:\n  \"team/**\": {owner: team, unless: ['*.own']}\n  \"yours.txt\": {owner: team}\n";
    world.write("work/bp/components/x/component.yaml", &format!("summary: x\n{rules}"));
    let file = |path: &str, text: &str| world.write(&format!("work/bp/components/x/files/{path}"), text);
    file("shared.txt", if conflict { "theirs\n" } else { "mine\n" });
    file("yours.txt", "theirs\n");
    file("team/left/out.txt", "out\n");
    file("added/deep/file.txt", "added\n");
    file("bin/run", "#!/bin/sh\n");
    for (path, text) in [("shared.txt", "mine\n"), ("yours.txt", "mine\n"), ("run.sh", "#!/bin/sh\n"), ("x.own", "")] {
        world.write(&format!("work/repo/{path}"), text);
    }
    world.git("repo", &["init", "-q", "-b", "main"]);
    world.git("repo", &["add", "-A"]);
    world.git("repo", &["commit", "-qm", "mine"]);
    world
}

/// All that a user can see of a repository, and what must not be left over.
fn state(world: &World, folder: &str) -> String {
    let root = world.work().join(folder);
    let mut out = String::new();
    let walk = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != ".git") {
        let entry = entry.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let path = entry.path().strip_prefix(&root).unwrap();
        writeln!(out, "{} {mode:o} {:?}", path.display(), String::from_utf8(bytes)).unwrap();
    }
    let git = |arguments: &[&str]| world.git(folder, arguments);
    out.push_str(&git(&["status", "--porcelain=v1", "--branch"]));
    out.push_str(&git(&["ls-files", "-s"]));
    out.push_str(&git(&["for-each-ref", "--format=%(refname) %(tree) %(contents:subject)", "refs/heads"]));
    writeln!(out, "open: {}", root.join(".git/goldpath/update.json").exists()).unwrap();
    for left in ["index.lock", "HEAD.lock", "goldpath/journal"] {
        assert!(!root.join(".git").join(left).exists(), "{left} is left over");
    }
    out
}

fn copy(world: &World, from: &str, to: &str) {
    let to = world.work().join(to);
    let _ = std::fs::remove_dir_all(&to);
    assert!(Command::new("cp").arg("-a").arg(world.work().join(from)).arg(to).status().unwrap().success());
}

/// Kills `goldpath <arguments>` in a copy of `repo` after each of its calls.
fn everywhere(world: &World, arguments: &[&str], code: i32) {
    everywhere_and(world, arguments, code, &|| {});
}

/// The same; `then` is called in each state that is as after the command.
fn everywhere_and(world: &World, arguments: &[&str], code: i32, then: &dyn Fn()) {
    let shim = shim(world);
    let empty = world.path("empty");
    let start = |limit: Option<u64>| {
        copy(world, "repo", "copy");
        let count = world.path("count");
        let mut command = world.command(&[&["--library", empty.to_str().unwrap(), "-C", "copy"], arguments].concat());
        command.env("LD_PRELOAD", &shim).env("KILL_COUNT", &count).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(limit) = limit {
            command.env("KILL_AFTER", limit.to_string());
        }
        (command.status().unwrap(), count)
    };
    let (status, count) = start(None);
    assert_eq!(status.code(), Some(code));
    let calls: u64 = std::fs::read_to_string(count).unwrap().parse().unwrap();
    assert!(calls > 40, "only {calls} calls were counted");
    let after = state(world, "copy");
    copy(world, "repo", "copy");
    let before = state(world, "copy");
    assert_ne!(before, after);
    let (mut as_before, mut as_after) = (0, 0);
    for call in 1..=calls {
        let (status, _) = start(Some(call));
        if status.code() == Some(code) && call + 5 > calls {
            // An object that a second has room for twice is written once: there may be a few calls less.
            assert_eq!(state(world, "copy"), after);
            continue;
        }
        assert_eq!(status.code(), None, "call {call} of {calls}: was not killed");
        // In a repository that is on no path yet, `adopt` is the next command; this one comes to its end in a dry run.
        let next = if arguments.contains(&"adopt") {
            run(world, &["-C", "copy", "adopt", "../bp", "--defaults", "--dry-run", "--output", "json"])
        } else {
            run(world, &["-C", "copy", "diff", "--defaults", "--output", "json"])
        };
        assert_ne!(next.code, Some(1), "call {call} of {calls}: {next}");
        let found = state(world, "copy");
        if found == before {
            as_before += 1;
        } else if found == after {
            as_after += 1;
            then();
        } else {
            let differs = |other: &str| {
                let diff = similar::TextDiff::from_lines(other, &found).unified_diff().context_radius(0).to_string();
                diff.lines().map(|line| line.chars().take(200).collect::<String>() + "\n").collect::<String>()
            };
            panic!(
                "call {call} of {calls}: between\n{next}\nto before:\n{}to after:\n{}",
                differs(&before),
                differs(&after)
            );
        }
    }
    assert!(as_before > 0 && as_after > 0, "{as_before} as before, {as_after} as after");
    println!("{arguments:?}: {calls} calls, {as_before} as before, {as_after} as after");
}

/// Fills the disk before each of the calls of `goldpath <arguments>` in a copy of `repo`.
fn full(world: &World, arguments: &[&str]) {
    let shim = shim(world);
    let empty = world.path("empty");
    let start = |limit: Option<u64>| {
        copy(world, "repo", "copy");
        let count = world.path("count");
        let mut command = world.command(&[&["--library", empty.to_str().unwrap(), "-C", "copy"], arguments].concat());
        command.env("LD_PRELOAD", &shim).env("KILL_COUNT", &count).stdin(Stdio::null());
        if let Some(limit) = limit {
            command.env("FULL_AFTER", limit.to_string());
        }
        (command.output().unwrap(), count)
    };
    let (_, count) = start(None);
    let calls: u64 = std::fs::read_to_string(count).unwrap().parse().unwrap();
    let after = state(world, "copy");
    copy(world, "repo", "copy");
    let before = state(world, "copy");
    let (mut failed, mut later) = (0, 0);
    for call in 1..=calls {
        let (output, _) = start(Some(call));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(1) {
            // Nothing that needs room came after this.
            assert_eq!(state(world, "copy"), after, "call {call} of {calls}: {said}");
            continue;
        }
        failed += 1;
        if said.contains("the next goldpath command here finishes or undoes it") {
            later += 1;
            let next = if arguments.contains(&"adopt") { &["adopt", "../bp", "--dry-run"][..] } else { &["diff"] };
            run(world, &[&["-C", "copy"], next, &["--defaults"]].concat());
            let found = state(world, "copy");
            assert!(found == before || found == after, "call {call} of {calls}: {said}\n{found}");
        } else {
            let found = state(world, "copy");
            assert!(found == before, "call {call} of {calls}: {said}\n{found}");
        }
    }
    assert!(failed > calls / 2 && later < failed / 4, "{failed} of {calls} failed, {later} of them for later");
    println!("{arguments:?}: {failed} of {calls} failed on a full disk, {later} of them were left to the next command");
}

/// Files of the platform that were edited, deleted and replaced by other things.
fn drifted() -> World {
    let world = World::in_memory();
    std::fs::create_dir(world.path("empty")).unwrap();
    world
        .write("work/bp/blueprint.yaml", "name: bp\nversion: 1.0.0\nsummary: x\ncomponents: [{use: ./components/x}]\n");
    world.write("work/bp/components/x/component.yaml", "summary: x\nowner: platform\n");
    for path in ["edited.txt", "gone/gone.txt", "was/file", "folder", "link.txt"] {
        world.write(&format!("work/bp/components/x/files/{path}"), &format!("{path}\n{TEN}"));
    }
    run(&world, &["new", "./bp", "repo", "--defaults"]).success();
    let root = world.work().join("repo");
    world.write("work/repo/edited.txt", "committed\n");
    world.git("repo", &["commit", "-qam", "mine"]);
    world.write("work/repo/edited.txt", "mine\n");
    std::fs::remove_dir_all(root.join("gone")).unwrap();
    std::fs::remove_dir_all(root.join("was")).unwrap();
    world.write("work/repo/was", "mine\n");
    std::fs::remove_file(root.join("folder")).unwrap();
    world.write("work/repo/folder/deep/mine.txt", "mine\n");
    std::fs::remove_file(root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink("edited.txt", root.join("link.txt")).unwrap();
    world
}

#[test]
fn putting_files_back() {
    let world = drifted();
    // Whatever is as after it, what stood there is kept.
    everywhere_and(&world, &["check", "--fix"], 0, &|| {
        for path in ["edited.txt", "was", "folder/deep/mine.txt"] {
            assert_eq!(world.git("copy", &["show", &format!("refs/goldpath/replaced:{path}")]), "mine\n", "{path}");
        }
    });
}

#[test]
fn a_full_disk() {
    full(&drifted(), &["check", "--fix"]);
    full(&world(false), &["update", "--defaults", "--commit", "--branch", "up"]);
    full(&world(true), &["update", "--defaults"]);
    full(&foreign(false), &["adopt", "../bp", "--defaults", "--commit"]);
    full(&foreign(true), &["adopt", "../bp", "--defaults"]);
}

#[test]
fn an_adoption_that_is_committed_to_a_branch() {
    everywhere(&foreign(false), &["adopt", "../bp", "--defaults", "--commit", "--branch", "up"], 0);
}

#[test]
fn an_adoption_with_conflicts() {
    everywhere(&foreign(true), &["adopt", "../bp", "--defaults", "--branch", "up"], 6);
}

#[test]
fn taking_an_adoption_back() {
    let world = foreign(true);
    run(&world, &["-C", "repo", "adopt", "../bp", "--defaults", "--branch", "up"]).fails(6);
    everywhere(&world, &["adopt", "--abort"], 0);
}

#[test]
fn going_on_with_an_adoption() {
    let world = foreign(true);
    run(&world, &["-C", "repo", "adopt", "../bp", "--defaults", "--commit"]).fails(6);
    world.write("work/repo/shared.txt", "settled\n");
    world.git("repo", &["add", "shared.txt"]);
    everywhere(&world, &["adopt", "--continue"], 0);
}

#[test]
fn an_update_that_is_committed_to_a_branch() {
    everywhere(&world(false), &["update", "--defaults", "--commit", "--branch", "up"], 0);
}

#[test]
fn an_update_with_conflicts() {
    everywhere(&world(true), &["update", "--defaults"], 6);
}

#[test]
fn taking_an_update_back() {
    let world = world(true);
    run(&world, &["-C", "repo", "update", "--defaults", "--branch", "up"]).fails(6);
    everywhere(&world, &["update", "--abort"], 0);
}

#[test]
fn going_on_with_an_update() {
    let world = world(true);
    run(&world, &["-C", "repo", "update", "--defaults", "--commit"]).fails(6);
    world.write("work/repo/edited.txt", "settled\n");
    world.git("repo", &["add", "edited.txt"]);
    everywhere(&world, &["update", "--continue"], 0);
}

#[test]
fn a_new_repository() {
    let world = world(false);
    let shim = shim(&world);
    let empty = world.path("empty");
    let count = world.path("count");
    let start = |limit: Option<u64>| {
        let _ = std::fs::remove_dir_all(world.work().join("fresh"));
        let mut command = world.command(&["--library", empty.to_str().unwrap(), "new", "./bp", "fresh", "--defaults"]);
        command.env("LD_PRELOAD", &shim).env("KILL_COUNT", &count).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(limit) = limit {
            command.env("KILL_AFTER", limit.to_string());
        }
        command.status().unwrap().code()
    };
    assert_eq!(start(None), Some(0));
    let calls: u64 = std::fs::read_to_string(&count).unwrap().parse().unwrap();
    assert!(calls > 20, "only {calls} calls were counted");
    let whole = state(&world, "fresh");
    let mut seen = [0, 0];
    for call in 1..=calls {
        // Files are written by several threads, so that one call more or less may be left at the end.
        let code = start(Some(call));
        assert!(code.is_none() || (code == Some(0) && call + 3 > calls), "call {call} of {calls}: {code:?}");
        let staged = || world.left().iter().any(|name| name.starts_with('.'));
        for _ in 0..500 {
            if !staged() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(!staged(), "call {call} of {calls} left {:?}", world.left());
        let there = world.work().join("fresh").exists();
        seen[usize::from(there)] += 1;
        if there {
            assert_eq!(state(&world, "fresh"), whole, "call {call} of {calls}");
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    println!("new: {calls} calls, {} without, {} with a repository", seen[0], seen[1]);
}
