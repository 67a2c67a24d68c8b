//! `update`, `add`, `check --fix` and `diff` in repositories and on machines that are not as one's own: it is done right, or
//! refused with a clear reason, and nothing is lost either way.

#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Outcome, World};

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/// A blueprint `bp` at 2.0.0, and a repository `repo` that was made from 1.0.0, with an edit of its own.
struct Lab {
    world: World,
}

impl Lab {
    fn new() -> Self {
        let lab = Lab { world: World::new() };
        lab.blueprint("1.0.0", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
        lab.world.run(&["new", "./bp", "repo", "--defaults"]).success();
        lab.world.write("work/repo/edited.txt", &TEN.replace("2\n", "mine\n"));
        lab.world.write("work/repo/own.txt", "ours\n");
        lab.git(&["add", "-A"]);
        lab.git(&["commit", "-qm", "mine"]);
        lab.blueprint("2.0.0", &TEN.replace("9\n", "theirs\n"));
        lab
    }

    fn blueprint(&self, version: &str, text: &str) {
        let manifest = format!("name: bp\nversion: {version}\nsummary: x\ncomponents: [{{use: ./components/x}}]\n");
        self.world.write("work/bp/blueprint.yaml", &manifest);
        self.world
            .write("work/bp/components/x/component.yaml", "summary: x\nfiles: {platform.txt: {owner: platform}}\n");
        self.world.write("work/bp/components/x/files/edited.txt", text);
        self.world.write("work/bp/components/x/files/platform.txt", &format!("{version}\n"));
        self.world.write("work/bp/components/x/files/deep/folder/new.txt", &format!("{version}\n"));
        self.world.write("work/bp/components/more/component.yaml", "summary: more\n");
        self.world.write("work/bp/components/more/files/more.txt", "more\n");
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.world.git("repo", arguments)
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.world.run(&[&["-C", "repo"], arguments].concat())
    }

    fn update(&self) -> Outcome {
        self.run(&["update", "--defaults", "--commit"])
    }

    /// What the update has to come to, wherever the work tree is.
    #[track_caller]
    fn updated(&self, folder: &str) {
        let merged = TEN.replace("2\n", "mine\n").replace("9\n", "theirs\n");
        assert_eq!(self.world.read(&format!("{folder}/edited.txt")), merged);
        assert_eq!(self.world.read(&format!("{folder}/deep/folder/new.txt")), "2.0.0\n");
        assert!(self.world.read(&format!("{folder}/goldpath.lock")).contains("version = \"2.0.0\""));
        assert_eq!(self.world.git(folder, &["status", "--porcelain"]), "");
    }

    /// The files, their modes, the index and the branches, by which nothing may be lost.
    fn state(&self, folder: &str) -> BTreeMap<String, String> {
        let root = self.world.work().join(folder);
        let walk = walkdir::WalkDir::new(&root).into_iter();
        let mut state: BTreeMap<String, String> = walk
            .filter_entry(|entry| entry.file_name() != ".git")
            .map(|entry| {
                let entry = entry.unwrap();
                let text = std::fs::read(entry.path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let mode = entry.metadata().unwrap().permissions().mode();
                (entry.path().display().to_string(), format!("{mode:o} {}", text.unwrap_or_default()))
            })
            .collect();
        for arguments in [["ls-files", "-s"], ["for-each-ref", "refs/heads"], ["rev-parse", "HEAD"]] {
            state.insert(arguments[0].to_owned(), self.world.git(folder, &arguments));
        }
        state
    }

    /// The command as somebody who is not root, whom modes bind; all of the world is theirs.
    fn as_anybody(&self, arguments: &[&str]) -> Outcome {
        let root = self.world.path("");
        let mut command = if is_root() {
            for entry in walkdir::WalkDir::new(&root) {
                lchown(entry.unwrap().path(), Some(ANYBODY), Some(ANYBODY)).unwrap();
            }
            // The binary may lie where only root can go.
            let binary = self.world.path("goldpath");
            if !binary.exists() {
                std::fs::copy(env!("CARGO_BIN_EXE_goldpath"), &binary).unwrap();
                std::fs::set_permissions(&binary, PermissionsExt::from_mode(0o755)).unwrap();
            }
            let mut command = Command::new("setpriv");
            let id = ANYBODY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--inh-caps=-all"]).arg(binary);
            command
        } else {
            Command::new(env!("CARGO_BIN_EXE_goldpath"))
        };
        self.world.environment(&mut command);
        let output = command.args(["-C", "repo"]).args(arguments).stdin(Stdio::null()).output().unwrap();
        if is_root() {
            for entry in walkdir::WalkDir::new(&root) {
                lchown(entry.unwrap().path(), Some(0), Some(0)).unwrap();
            }
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() }
    }
}

/// A user that owns nothing.
const ANYBODY: u32 = 65_534;

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.split_whitespace().take(3).eq(["Uid:", "0", "0"]))
}

fn modes(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn files_and_folders_that_may_not_be_written_are_told_and_left() {
    let lab = Lab::new();
    let repo = lab.world.work().join("repo");
    let all: [&[&str]; 2] = [&["update", "--defaults", "--commit"], &["add", "./components/more", "--defaults"]];
    for place in ["", "deep/folder", ".git", ".git/objects", ".git/refs/heads"] {
        let path = repo.join(place);
        modes(&path, 0o555);
        let before = lab.state("repo");
        for arguments in all {
            // Contents that earlier attempts have stored are there, and without a commit nothing else is written in these.
            if place.starts_with(".git/") && arguments[0] == "add" {
                continue;
            }
            let run = lab.as_anybody(arguments);
            assert!(run.code == Some(1), "{place}: {arguments:?}: {run}");
            let told = run.stderr.to_lowercase();
            assert!(told.contains("permission denied"), "{place}: {arguments:?}: {run}");
            assert_eq!(before, lab.state("repo"), "{place}: {arguments:?}");
        }
        modes(&path, 0o755);
        assert!(!repo.join(".git/goldpath/journal").exists(), "{place}");
    }
    // A file is replaced by a rename, so that its own mode does not matter, as with git.
    modes(&repo.join("edited.txt"), 0o444);
    modes(&repo.join("platform.txt"), 0o444);
    lab.as_anybody(&["diff", "--defaults"]).fails(5);
    lab.as_anybody(all[0]).success();
    lab.updated("repo");
    // What may not be read can't be merged, or shown to be as it was.
    lab.world.write("work/repo/platform.txt", "edited\n");
    lab.git(&["commit", "-qam", "edited"]);
    modes(&repo.join("platform.txt"), 0o000);
    let run = lab.as_anybody(&["check", "--fix"]);
    assert!(matches!(run.code, Some(1..=5)), "{run}");
    modes(&repo.join("platform.txt"), 0o644);
    assert_eq!(lab.world.read("repo/platform.txt"), "edited\n");
    modes(&repo, 0o555);
    let run = lab.as_anybody(&["check", "--fix"]).fails(1);
    assert!(run.stderr.to_lowercase().contains("permission denied"), "{run}");
    modes(&repo, 0o755);
    assert_eq!(lab.world.read("repo/platform.txt"), "edited\n");
    lab.as_anybody(&["check", "--fix"]);
    assert_eq!(lab.world.read("repo/platform.txt"), "2.0.0\n");
}

#[test]
fn a_second_goldpath_is_told_who_is_first_and_a_dead_one_is_no_matter() {
    let lab = Lab::new();
    lab.world.write("work/repo/.git/goldpath/lock", "goldpath update, process 1 on nowhere\n");
    // The lock is the system's: text that a dead process left means nothing.
    let path = lab.world.work().join("repo/.git/goldpath/lock");
    let held = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    held.lock().unwrap();
    let before = lab.state("repo");
    let first = "another goldpath is at work here: goldpath update, process 1 on nowhere";
    for arguments in
        [&["update", "--defaults"][..], &["add", "./components/more", "--defaults"], &["update", "--abort"]]
    {
        let run = lab.run(arguments).fails(1);
        assert!(run.stderr.contains(first), "{run}");
    }
    lab.run(&["diff", "--defaults"]).fails(5);
    assert_eq!(before, lab.state("repo"));
    drop(held);
    // Two at once: one does it, and the other waits for nobody and harms nothing.
    let start = || {
        lab.world
            .command(&["-C", "repo", "update", "--defaults", "--commit"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let codes: Vec<_> = [start(), start(), start()].iter_mut().map(|child| child.wait().unwrap().code()).collect();
    assert!(codes.contains(&Some(0)) && codes.iter().all(|code| matches!(code, Some(0 | 1))), "{codes:?}");
    lab.updated("repo");
    assert_eq!(lab.git(&["rev-list", "--count", "HEAD"]).trim(), "3");
}

#[test]
fn what_is_not_committed_is_named_and_left() {
    let lab = Lab::new();
    let dirty: [(&str, &dyn Fn()); 4] = [
        ("edited", &|| lab.world.write("work/repo/own.txt", "not committed\n")),
        ("staged", &|| {
            lab.world.write("work/repo/own.txt", "staged\n");
            lab.git(&["add", "own.txt"]);
        }),
        ("removed", &|| std::fs::remove_file(lab.world.work().join("repo/own.txt")).unwrap()),
        ("meant to be added", &|| {
            lab.world.write("work/repo/intended.txt", "not committed\n");
            lab.git(&["add", "-N", "intended.txt"]);
        }),
    ];
    for (what, make) in dirty {
        make();
        let before = lab.state("repo");
        for arguments in
            [&["update", "--defaults"][..], &["add", "./components/more", "--defaults"], &["diff", "--defaults"]]
        {
            let run = lab.run(arguments).fails(2);
            assert!(run.stderr.contains("the work tree is not clean: "), "{what}: {run}");
        }
        assert_eq!(before, lab.state("repo"), "{what}");
        lab.git(&["reset", "-q", "--hard"]);
    }
    lab.world.write("work/repo/untracked.txt", "not git's\n");
    lab.update().success();
    assert_eq!(lab.world.read("repo/untracked.txt"), "not git's\n");
    std::fs::remove_file(lab.world.work().join("repo/untracked.txt")).unwrap();
    lab.updated("repo");
}

#[test]
fn entries_that_git_does_not_look_at_lose_nothing() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let lab = Lab::new();
        lab.git(&["update-index", flag, "edited.txt", "own.txt"]);
        lab.world.write("work/repo/edited.txt", "not committed, and git does not know\n");
        lab.world.write("work/repo/own.txt", "neither\n");
        let run = lab.update();
        assert_eq!(lab.world.read("repo/own.txt"), "neither\n", "{flag}");
        // The update would write over what git can't see: it must not.
        assert_eq!(lab.world.read("repo/edited.txt"), "not committed, and git does not know\n", "{flag}: {run}");
        assert!(matches!(run.code, Some(1 | 2)), "{flag}: {run}");
        assert!(run.stderr.contains("edited.txt"), "{flag}: {run}");
        assert_eq!(lab.git(&["log", "-1", "--format=%s"]), "mine\n", "{flag}");
    }
}

#[test]
fn a_detached_head_moves_and_branches_stay() {
    let lab = Lab::new();
    let main = lab.git(&["rev-parse", "main"]);
    lab.git(&["checkout", "-q", "--detach"]);
    lab.update().success();
    lab.updated("repo");
    assert_eq!(lab.git(&["rev-parse", "main"]), main);
    assert_eq!(lab.git(&["rev-parse", "HEAD^"]), main);
    assert_eq!(lab.git(&["branch", "--show-current"]), "");
}

#[test]
fn nothing_committed_is_a_clear_error() {
    let lab = Lab::new();
    lab.git(&["checkout", "-q", "--orphan", "fresh"]);
    for arguments in [&["update", "--defaults"][..], &["diff", "--defaults"]] {
        let run = lab.run(arguments).fails(2);
        assert!(run.stderr.contains("nothing is committed yet"), "{run}");
    }
}

#[test]
fn layouts_where_git_s_folder_is_elsewhere() {
    let lab = Lab::new();
    lab.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
    lab.world.run(&["-C", "side", "update", "--defaults", "--commit"]).success();
    lab.updated("side");
    assert_eq!(lab.git(&["status", "--porcelain"]), "", "the main work tree is as it was");
    assert_eq!(lab.world.read("repo/deep/folder/new.txt"), "1.0.0\n");
    assert_eq!(lab.git(&["rev-parse", "side^"]), lab.git(&["rev-parse", "main"]));

    let lab = Lab::new();
    std::fs::rename(lab.world.work().join("repo/.git"), lab.world.work().join("elsewhere")).unwrap();
    lab.world.write("work/repo/.git", "gitdir: ../elsewhere\n");
    lab.update().success();
    lab.updated("repo");
    lab.world.write("work/repo/platform.txt", "edited\n");
    lab.run(&["check", "--fix"]);
    assert_eq!(lab.world.read("repo/platform.txt"), "2.0.0\n");

    // A bare repository that was told where its work tree is.
    let lab = Lab::new();
    let bare = lab.world.work().join("bare.git");
    std::fs::rename(lab.world.work().join("repo/.git"), &bare).unwrap();
    lab.world.git("", &["--git-dir", "bare.git", "config", "core.worktree", "../repo"]);
    let run = lab.update().fails(2);
    assert!(run.stderr.contains("lies in no git repository"), "{run}");
    let before = std::fs::read(lab.world.work().join("repo/edited.txt")).unwrap();
    let run = lab.world.run_with(&["-C", "repo", "update", "--defaults"], "", &[("GIT_DIR", bare.to_str().unwrap())]);
    assert_eq!(run.code, Some(2), "GIT_DIR says nothing about the folder that was named: {run}");
    assert_eq!(std::fs::read(lab.world.work().join("repo/edited.txt")).unwrap(), before);

    // Another repository's `GIT_DIR`, as in its hooks.
    let lab = Lab::new();
    lab.world.git("", &["init", "-q", "other"]);
    let other = lab.world.work().join("other/.git");
    let environment =
        [("GIT_DIR", other.to_str().unwrap()), ("GIT_INDEX_FILE", "/nowhere/index"), ("GIT_WORK_TREE", "/nowhere")];
    lab.world.run_with(&["-C", "repo", "update", "--defaults", "--commit"], "", &environment).success();
    lab.updated("repo");
}

#[test]
fn a_submodule_s_checkout_is_a_repository_like_any() {
    let lab = Lab::new();
    lab.world.git("", &["init", "-q", "super"]);
    let from = lab.world.work().join("repo");
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", from.to_str().unwrap(), "service"];
    lab.world.git("super", &add);
    lab.world.git("super", &["commit", "-qm", "with a submodule"]);
    let choices = lab.world.read("super/service/goldpath.yaml");
    lab.world.write("work/super/service/goldpath.yaml", &choices.replace("../bp", "../../bp"));
    let run = lab.world.run(&["-C", "super/service", "update", "--defaults", "--commit"]);
    run.success();
    lab.updated("super/service");
    let status = lab.world.git("super", &["status", "--porcelain"]);
    assert_eq!(status, " M service\n", "the outer repository is its owner's to commit");
}

#[test]
fn a_shallow_or_sparse_clone_is_merged_or_told() {
    let lab = Lab::new();
    let url = format!("file://{}", lab.world.work().join("repo").display());
    lab.world.git("", &["clone", "-q", "--depth=1", &url, "shallow"]);
    lab.world.run(&["-C", "shallow", "update", "--defaults", "--commit"]).fails(2);
    assert_eq!(lab.world.git("shallow", &["status", "--porcelain"]), "");
    let run = lab.world.run(&["-C", "shallow", "update", "--defaults", "--commit"]);
    assert!(run.stderr.contains("git fetch --unshallow"), "{run}");
    lab.world.git("shallow", &["fetch", "-q", "--unshallow"]);
    lab.world.run(&["-C", "shallow", "update", "--defaults", "--commit"]).success();
    lab.updated("shallow");

    let lab = Lab::new();
    lab.git(&["sparse-checkout", "set", "--no-cone", "/*", "!deep"]);
    assert!(!lab.world.work().join("repo/deep").exists());
    let run = lab.update();
    assert!(matches!(run.code, Some(0..=2)), "{run}");
    lab.git(&["sparse-checkout", "disable"]);
    if run.code == Some(0) {
        lab.updated("repo");
    } else {
        assert_eq!(lab.git(&["status", "--porcelain"]), "");
        assert_eq!(lab.world.read("repo/deep/folder/new.txt"), "1.0.0\n");
    }
}

#[test]
fn settings_about_files_are_kept_to() {
    for (settings, mode) in [
        (&[("core.ignorecase", "true")][..], 0o755),
        (&[("core.filemode", "false")], 0o644),
        (&[("core.symlinks", "false")], 0o755),
        (&[("core.fsmonitor", "true"), ("core.untrackedCache", "true"), ("index.version", "4")], 0o755),
        (&[("core.splitIndex", "true"), ("feature.manyFiles", "true")], 0o755),
    ] {
        let lab = Lab::new();
        for (key, value) in settings {
            lab.git(&["config", key, value]);
        }
        lab.world.write("work/bp/components/x/files/run.sh", "#!/bin/sh\n");
        modes(&lab.world.work().join("bp/components/x/files/run.sh"), 0o755);
        lab.update().success();
        lab.updated("repo");
        assert!(lab.git(&["ls-files", "-s", "run.sh"]).starts_with("100755"), "{settings:?}");
        let found = lab.world.work().join("repo/run.sh").metadata().unwrap().permissions().mode() & 0o755;
        assert!(found == mode || found == 0o755, "{settings:?}: {found:o}");
    }
    let lab = Lab::new();
    lab.git(&["config", "core.autocrlf", "true"]);
    lab.git(&["rm", "-q", "--cached", "-r", "."]);
    lab.git(&["reset", "-q", "--hard"]);
    assert!(lab.world.read("repo/edited.txt").contains("mine\r\n"));
    lab.update().success();
    let merged = TEN.replace("2\n", "mine\n").replace("9\n", "theirs\n");
    assert_eq!(lab.world.read("repo/edited.txt"), merged.replace('\n', "\r\n"));
    assert_eq!(lab.git(&["show", "HEAD:edited.txt"]), merged);
    assert_eq!(lab.git(&["status", "--porcelain"]), "");
}

/// libgit2 runs no hooks and no filters of a user's, and signs nothing: that is told, and the result is sound.
#[test]
fn hooks_filters_and_signatures() {
    let lab = Lab::new();
    let canary = lab.world.path("canary");
    for hook in
        ["pre-commit", "commit-msg", "post-commit", "prepare-commit-msg", "post-checkout", "reference-transaction"]
    {
        lab.world.write(
            &format!("work/repo/.git/hooks/{hook}"),
            &format!("#!/bin/sh\necho {hook} >> {}\nexit 1\n", canary.display()),
        );
        modes(&lab.world.work().join("repo/.git/hooks").join(hook), 0o755);
    }
    lab.git(&["config", "commit.gpgsign", "true"]);
    lab.git(&["config", "gpg.program", "false"]);
    let run = lab.update().success();
    assert!(run.stderr.contains("you sign your commits; this one is not signed"), "{run}");
    assert!(!canary.exists(), "{}", std::fs::read_to_string(canary).unwrap());
    lab.updated("repo");

    // As LFS has it: what is committed stands for something else.
    let lab = Lab::new();
    lab.world.write("work/repo/.gitattributes", "own.txt filter=upper\n");
    lab.git(&["config", "filter.upper.clean", "tr a-z A-Z"]);
    lab.git(&["config", "filter.upper.smudge", "tr A-Z a-z"]);
    lab.git(&["config", "filter.upper.required", "true"]);
    lab.git(&["add", "-A"]);
    lab.git(&["add", "--renormalize", "."]);
    lab.git(&["commit", "-qam", "filtered"]);
    assert_eq!(lab.git(&["show", "HEAD:own.txt"]), "OURS\n");
    let run = lab.update();
    assert_eq!(lab.world.read("repo/own.txt"), "ours\n", "{run}");
    assert_eq!(lab.git(&["show", "HEAD:own.txt"]), "OURS\n");
    assert_eq!(lab.git(&["status", "--porcelain"]), "", "{run}");
}

#[test]
fn a_sha256_repository_is_a_clear_error() {
    let lab = Lab::new();
    std::fs::remove_dir_all(lab.world.work().join("repo/.git")).unwrap();
    lab.git(&["init", "-q", "--object-format=sha256"]);
    lab.git(&["add", "-A"]);
    lab.git(&["commit", "-qm", "all"]);
    let before = lab.state("repo");
    for arguments in [
        &["update", "--defaults"][..],
        &["diff", "--defaults"],
        &["add", "./components/more", "--defaults"],
        &["check", "--fix"],
    ] {
        let run = lab.run(arguments);
        assert!(matches!(run.code, Some(1 | 2)), "{arguments:?}: {run}");
        assert!(run.stderr.contains("sha256"), "{arguments:?}: {run}");
    }
    assert_eq!(before, lab.state("repo"));
}

#[test]
fn what_is_taken_back_twice_is_kept_twice() {
    let lab = Lab::new();
    lab.world.write("work/repo/edited.txt", &TEN.replace("9\n", "mine\n"));
    lab.git(&["commit", "-qam", "clashes"]);
    for text in ["first try\n", "second try\n"] {
        lab.run(&["update", "--defaults"]).fails(6);
        lab.world.write("work/repo/edited.txt", text);
        lab.run(&["update", "--abort"]).success();
        assert_eq!(lab.world.read("repo/edited.txt"), TEN.replace("9\n", "mine\n"));
    }
    assert_eq!(lab.git(&["show", "refs/goldpath/aborted:edited.txt"]), "second try\n");
    assert_eq!(lab.git(&["show", "refs/goldpath/aborted^2:edited.txt"]), "first try\n");
    assert_eq!(lab.git(&["rev-parse", "refs/goldpath/aborted^1"]), lab.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_diff_is_exact_for_programs() {
    let lab = Lab::new();
    let text = TEN.replace("9\n", "\u{1b}[2J\u{202e}theirs\t\u{7}\n");
    lab.blueprint("2.0.0", &text);
    let run = lab.run(&["diff", "--defaults", "-q"]).fails(5);
    assert!(run.stdout.contains("+\u{1b}[2J\u{202e}theirs\t\u{7}\n"), "{run}");
    lab.world
        .write("patch", &run.stdout.replace("<world>", lab.world.path("").to_str().unwrap().trim_end_matches('/')));
    lab.git(&["apply", "--index", lab.world.path("patch").to_str().unwrap()]);
    assert!(lab.world.read("repo/edited.txt").contains("\u{1b}[2J\u{202e}theirs"));
    lab.git(&["reset", "-q", "--hard"]);
    // A terminal is shown what is there.
    let mut command = lab.world.command(&["-C", "repo", "diff", "--defaults", "-q"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    let shown = session.exp_eof().unwrap();
    assert!(shown.contains("[2J\\u{202e}theirs "), "{shown:?}");
    // The session hands bytes out as characters of their own.
    assert!(!shown.contains(['\u{1b}', '\u{7}']) && !shown.contains("\u{e2}\u{80}\u{ae}"), "{shown:?}");
}
