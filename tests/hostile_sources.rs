//! Blueprints, catalogs and policies from git repositories that mean harm, through `new`, `show`, `diff`, `update` and
//! `check`: each is refused with its place and reason or harmless, and nothing but what was asked for has changed.
//!
//! The objects are written past git's own checks, as an attacker's server would.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Outcome, World};
use git2::{ObjectType, Oid, Repository};

const FILE: &str = "100644";
const FOLDER: &str = "40000";
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";
const MANIFEST: &str = "name: api\nversion: 1.0.0\nsummary: An API\ncomponents:\n  - use: ./components/x\n";

/// What is done to a cache.
type Spoil = Box<dyn Fn(&Path)>;
/// A tree's entry, as bytes: the name may be anything.
type Raw = (&'static str, Vec<u8>, Oid);

struct Evil {
    world: World,
    repository: Repository,
}

impl Evil {
    /// With a good version on `main`, and `demo` made from it.
    fn new() -> Self {
        let world = World::new();
        let repository = Repository::init_bare(world.work().join("evil")).unwrap();
        let evil = Evil { world, repository };
        evil.publish(MANIFEST, Vec::new(), Vec::new());
        evil.run(&["new", &evil.source(), "demo", "--defaults"]).success();
        evil
    }

    fn source(&self) -> String {
        format!("git+file://{}@main", self.world.work().join("evil").display())
    }

    fn blob(&self, text: &[u8]) -> Oid {
        self.repository.odb().unwrap().write(ObjectType::Blob, text).unwrap()
    }

    fn tree(&self, entries: &[Raw]) -> Oid {
        let mut entries = entries.to_vec();
        let key = |(mode, name, _): &Raw| [name.as_slice(), if *mode == FOLDER { b"/" } else { b"" }].concat();
        entries.sort_by_key(key);
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend(format!("{mode} ").bytes().chain(name).chain([0]));
            bytes.extend(id.as_bytes());
        }
        self.repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
    }

    fn commit(&self, tree: Oid) -> Oid {
        let text = format!("tree {tree}\nauthor A <a@b.c> 0 +0000\ncommitter A <a@b.c> 0 +0000\n\nx\n");
        let id = self.repository.odb().unwrap().write(ObjectType::Commit, text.as_bytes()).unwrap();
        self.repository.reference("refs/heads/main", id, true, "x").unwrap();
        id
    }

    /// A blueprint with more entries at its top and among the files that it emits.
    fn publish(&self, manifest: &str, top: Vec<Raw>, files: Vec<Raw>) -> Oid {
        let file = |name: &str, text: &str| (FILE, name.as_bytes().to_vec(), self.blob(text.as_bytes()));
        let folder = |name: &str, entries: &[Raw]| (FOLDER, name.as_bytes().to_vec(), self.tree(entries));
        let replaced = |entry: &Raw, by: &[Raw]| by.iter().any(|other| other.1 == entry.1);
        let mut emitted = files;
        emitted.push(file("text.md", "# Text\n"));
        let component = [file("component.yaml", "summary: x\ninputs: {}\n"), folder("files", &emitted)];
        let mut entries = vec![file("blueprint.yaml", manifest), folder("components", &[folder("x", &component)])];
        entries.retain(|entry| !replaced(entry, &top));
        entries.extend(top);
        self.commit(self.tree(&entries))
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.world.run(arguments);
        harmless(&outcome);
        outcome
    }

    /// Everything in the world but the cache and goldpath's own lock in git's folder.
    fn state(&self) -> BTreeMap<String, String> {
        let root = self.world.path("");
        let walk = walkdir::WalkDir::new(&root).into_iter();
        let skip = ["home/.cache", "work/evil", "work/demo/.git/goldpath"].map(|path| root.join(path));
        walk.filter_entry(|entry| !skip.iter().any(|path| entry.path() == path))
            .map(|entry| {
                let entry = entry.unwrap();
                let bytes = if entry.file_type().is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
                let id = Oid::hash_object(ObjectType::Blob, &bytes).unwrap();
                (
                    entry.path().strip_prefix(&root).unwrap().display().to_string(),
                    format!("{:?} {id}", entry.file_type()),
                )
            })
            .collect()
    }

    /// What is published is refused when it is read.
    #[track_caller]
    fn unread(&self, what: &str, expected: &str) {
        let before = self.state();
        let run = self.run(&["show", &self.source()]);
        assert!(matches!(run.code, Some(1 | 2)) && run.stderr.contains(expected), "{what}: expected {expected}\n{run}");
        assert_eq!(before, self.state(), "{what}");
    }

    /// Every way in refuses what is published, and changes nothing.
    #[track_caller]
    fn refused(&self, what: &str, expected: &str) {
        self.unread(what, expected);
        self.refused_rendered(what, expected);
    }

    /// The same for what only shows when it is rendered.
    #[track_caller]
    fn refused_rendered(&self, what: &str, expected: &str) {
        let before = self.state();
        let policies = format!("git+file://{}", self.world.work().join("evil").display());
        let started = Instant::now();
        for arguments in [
            vec!["new", &self.source(), "other", "--defaults"],
            vec!["-C", "demo", "update", "--defaults", "--commit"],
            vec!["-C", "demo", "diff", "--defaults"],
        ] {
            let run = self.run(&arguments);
            assert!(matches!(run.code, Some(1 | 2)), "{what}: {arguments:?}: {run}");
            assert!(run.stderr.contains(expected), "{what}: {arguments:?}: expected {expected}\n{run}");
        }
        // As policies, what is a blueprint's own does not matter, and what is no file does.
        let run = self.run(&["-C", "demo", "check", "--policy", &format!("{policies}@main")]);
        assert!(matches!(run.code, Some(1..=5)), "{what}: {run}");
        assert_eq!(before, self.state(), "{what}");
        assert!(started.elapsed() < Duration::from_secs(120), "{what}: took {:?}", started.elapsed());
    }
}

/// What is printed holds nothing that a terminal would act on.
#[track_caller]
fn harmless(outcome: &Outcome) {
    let hostile = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains(hostile), "{text:?}");
    }
}

#[test]
fn names_that_are_no_files_are_refused() {
    let evil = Evil::new();
    let id = evil.blob(b"x\n");
    for (name, expected) in [
        ("..", "leaves the new repository through `..`"),
        (".", "has an empty or `.` part"),
        (".git", "lies in git's own folder"),
        (".GIT", "lies in git's own folder"),
        ("git~1", "lies in git's own folder"),
        (".g\u{200c}it", "lies in git's own folder"),
        ("a/../../../../x", "leaves the new repository through `..`"),
        ("/etc/passwd", "has an empty or `.` part"),
        ("a\\..\\x", "has one of \\ : * ?"),
        ("C:evil", "has one of \\ : * ?"),
        ("x:stream", "has one of \\ : * ?"),
        ("red\u{1b}[31m", "has a control character"),
        ("two\nlines", "has a control character"),
        ("bell\u{9b}2J", "has a control character"),
        ("gpj\u{202e}exe", "makes it read differently from what it is"),
        ("dot.", "ends in a dot or a space"),
        ("space ", "ends in a dot or a space"),
        ("CON", "is a device name on Windows"),
        ("aux.yaml", "is a device name on Windows"),
        ("TEXT.md", "can't both exist on every file system"),
    ] {
        evil.publish(MANIFEST, Vec::new(), vec![(FILE, name.into(), id)]);
        evil.unread(name, expected);
    }
    let folder = evil.tree(&[(FILE, "pre-commit".into(), id)]);
    for (name, expected) in [("..", "through `..`"), (".git", "git's own folder"), ("nul", "device name")] {
        evil.publish(MANIFEST, Vec::new(), vec![(FOLDER, name.into(), folder)]);
        evil.refused(name, expected);
        evil.publish(MANIFEST, vec![(FOLDER, name.into(), folder)], Vec::new());
        evil.unread(name, expected);
    }
    let two = |one: &str, other: &str| vec![(FILE, one.into(), id), (FILE, other.into(), id)];
    for (one, other) in [("caf\u{e9}", "cafe\u{301}"), ("Stra\u{df}e", "stra\u{df}e"), ("a", "a")] {
        evil.publish(MANIFEST, Vec::new(), two(one, other));
        evil.unread(one, "can't both exist on every file system");
    }
    evil.publish(MANIFEST, Vec::new(), vec![(FILE, b"caf\xe9".to_vec(), id)]);
    evil.refused("latin-1", "has a name that is not UTF-8");
    evil.publish(MANIFEST, Vec::new(), vec![(FILE, "long".repeat(80).into(), id)]);
    evil.refused("long", "240 is the limit");
}

#[test]
fn links_and_submodules_are_refused() {
    let evil = Evil::new();
    let canary = evil.world.path("canary");
    let link = |target: &str| evil.blob(target.as_bytes());
    for (at_top, name, target) in [
        (true, "blueprint.yaml", "/etc/passwd"),
        (true, "components", "../../.."),
        (true, "more", "/"),
        (false, "out", "../../../../home/.gitconfig"),
        (false, "text2.md", "text.md"),
    ] {
        let entry = vec![(LINK, name.into(), link(target))];
        if at_top {
            evil.publish(MANIFEST, entry, Vec::new())
        } else {
            evil.publish(MANIFEST, Vec::new(), entry)
        };
        evil.refused(name, "is a symbolic link; sources hold files only");
    }
    let commit = evil.repository.refname_to_id("refs/heads/main").unwrap();
    for url in [
        format!("--upload-pack=touch {}", canary.display()),
        format!("ext::sh -c touch% {}", canary.display()),
        format!("-u./$(touch {})", canary.display()),
        "../../../../etc".to_owned(),
    ] {
        let modules =
            format!("[submodule \"../../.git/hooks\"]\n  path = sub\n  url = \"{url}\"\n  update = !touch canary\n");
        let modules = (FILE, ".gitmodules".into(), evil.blob(modules.as_bytes()));
        evil.publish(MANIFEST, vec![modules.clone(), (SUBMODULE, "sub".into(), commit)], Vec::new());
        evil.unread(&url, "is a submodule; sources hold files only");
        // Without the submodule it is a file that nobody reads.
        evil.publish(MANIFEST, vec![modules], Vec::new());
        evil.run(&["show", &evil.source()]).success();
    }
    assert!(!canary.exists());
}

/// What git would do with a repository's own settings, if it had a work tree of it.
#[test]
fn settings_hooks_and_attributes_of_a_source_run_nothing() {
    let evil = Evil::new();
    let canary = evil.world.path("canary");
    let touch = format!("touch {}", canary.display());
    let attributes =
        b"* filter=evil diff=evil merge=evil export-ignore ident export-subst working-tree-encoding=UTF-16\n";
    let top = vec![(FILE, b".gitattributes".to_vec(), evil.blob(attributes))];
    let emitted = vec![(FILE, b"id.md".to_vec(), evil.blob(b"$Id$ $Format:%H$\n"))];
    evil.publish(&MANIFEST.replace("1.0.0", "1.1.0"), top, emitted);
    let folder = evil.world.work().join("evil");
    let mut config = std::fs::read_to_string(folder.join("config")).unwrap();
    write!(
        config,
        "[uploadpack]\n packObjectsHook = {touch};\n allowFilter = true\n[core]\n fsmonitor = {touch}\n \
         sshCommand = {touch}\n gitProxy = {touch}\n pager = {touch}\n editor = {touch}\n alternateRefsCommand = {touch}\n\
         [filter \"evil\"]\n clean = {touch}\n smudge = {touch}\n required = true\n[diff \"evil\"]\n textconv = {touch}\n\
         [credential]\n helper = !{touch}\n[url \"ext::sh -c {}\"]\n insteadOf = file://\n[remote \"origin\"]\n \
         url = ext::sh -c {}\n promisor = true\n[extensions]\n partialClone = origin\n[receive]\n procReceiveRefs = refs\n",
        touch.replace(' ', "% "),
        touch.replace(' ', "% ")
    )
    .unwrap();
    std::fs::write(folder.join("config"), config).unwrap();
    for hook in ["pre-upload", "post-checkout", "reference-transaction", "post-update", "fsmonitor-watchman"] {
        let hook = folder.join("hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\n{touch}\n")).unwrap();
        std::os::unix::fs::chown(&hook, None, None).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    // A folder that somebody stands in says nothing about what git does either.
    let own = evil.world.work().join("stranger");
    evil.world.git("", &["init", "-q", "stranger"]);
    let mut here = std::fs::read_to_string(own.join(".git/config")).unwrap();
    let url = format!("ext::sh -c {}", touch.replace(' ', "% "));
    write!(here, "[url \"{url}\"]\n insteadOf = file://\n[core]\n sshCommand = {touch}\n fsmonitor = {touch}\n")
        .unwrap();
    std::fs::write(own.join(".git/config"), here).unwrap();
    evil.run(&["-C", "demo", "update", "--defaults", "--commit"]).success();
    evil.run(&["new", &evil.source(), "other", "--defaults"]).success();
    let run = evil.world.command(&["show", &evil.source()]).current_dir(&own).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for (name, value) in
        [("GIT_DIR", own.join(".git")), ("GIT_CONFIG", own.join(".git/config")), ("GIT_WORK_TREE", own)]
    {
        let run = evil.world.run_with(&["show", &evil.source()], "", &[(name, value.to_str().unwrap())]);
        assert!(run.success().stdout.contains("An API"), "{name}");
    }
    assert!(!canary.exists(), "something was run");
    // Nothing in a file is filled in on the way.
    assert_eq!(evil.world.read("demo/id.md"), "$Id$ $Format:%H$\n");
    assert_eq!(evil.world.read("other/id.md"), "$Id$ $Format:%H$\n");
}

#[test]
fn what_is_too_much_is_refused_before_it_is_there() {
    let evil = Evil::new();
    let small = evil.blob(b"x\n");
    // 60,000 files of the same two bytes.
    let many: Vec<Raw> = (0..60_000).map(|n| (FILE, format!("f{n}").into(), small)).collect();
    evil.publish(MANIFEST, vec![(FOLDER, "many".into(), evil.tree(&many))], Vec::new());
    evil.refused("60,000 files", "has more than 50000 files and folders");
    // Ten folders that hold ten folders …: ten objects that stand for 10,000,000,000 files, links, or nothing at all.
    for leaf in [evil.tree(&[(FILE, "x".into(), small)]), evil.tree(&[(LINK, "x".into(), small)]), evil.tree(&[])] {
        let bomb = (0..10).fold(leaf, |inner, _| {
            evil.tree(&(0..10).map(|n| (FOLDER, format!("d{n}").into(), inner)).collect::<Vec<Raw>>())
        });
        evil.publish(MANIFEST, vec![(FOLDER, "bomb".into(), bomb)], Vec::new());
        let expected = if leaf == evil.tree(&[(LINK, "x".into(), small)]) {
            "symbolic link"
        } else {
            "has more than 50000 files and folders"
        };
        evil.unread("a bomb", expected);
    }
    let deep = (0..10_000).fold(evil.tree(&[]), |inner, _| evil.tree(&[(FOLDER, "d".into(), inner)]));
    evil.publish(MANIFEST, vec![(FOLDER, "deep".into(), deep)], Vec::new());
    // Newer gits refuse to bring it.
    let run = evil.run(&["show", &evil.source()]).fails(1);
    assert!(run.stderr.contains("lies too deep") || run.stderr.contains("git can't fetch it"), "{run}");
    let names = evil.tree(
        &(0..200).map(|n| (FILE, format!("{n}\u{1b}[2J{}", "x".repeat(3000)).into(), small)).collect::<Vec<Raw>>(),
    );
    evil.publish(MANIFEST, vec![(FOLDER, "loud".into(), names)], Vec::new());
    let run = evil.run(&["show", &evil.source()]).fails(1);
    assert!(run.stderr.lines().count() < 60 && run.stderr.len() < 30_000, "{run}");
}

/// 520 MiB of nothing, packed into half a MiB; goldpath and git together get less memory than that.
#[test]
fn a_giant_file_is_never_in_memory() {
    let evil = Evil::new();
    let file = std::fs::File::create(evil.world.path("zeros")).unwrap();
    file.set_len(540_000_000).unwrap();
    let zeros = evil.world.path("zeros");
    let id = evil.world.git("evil", &["hash-object", "-w", "--no-filters", zeros.to_str().unwrap()]);
    let giant = Oid::from_str(id.trim()).unwrap();
    std::fs::remove_file(zeros).unwrap();
    for place in [true, false] {
        let entry = vec![(FILE, b"giant".to_vec(), giant)];
        if place {
            evil.publish(MANIFEST, entry, Vec::new())
        } else {
            evil.publish(MANIFEST, Vec::new(), entry)
        };
        let mut command = std::process::Command::new("sh");
        evil.world.environment(&mut command);
        command.args([
            "-c",
            "ulimit -v 500000; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_goldpath"),
            "show",
            &evil.source(),
        ]);
        let run = command.output().unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code() == Some(1) && told.contains("or 256 MiB"), "{:?}: {told}", run.status);
    }
}

#[test]
fn references_that_lead_nowhere_are_told() {
    let evil = Evil::new();
    let folder = evil.world.work().join("evil");
    let at = |revision: &str| format!("git+file://{}{revision}", folder.display());
    let tree = evil.tree(&[]);
    let tag = |name: &str, id: Oid| std::fs::write(folder.join("refs/tags").join(name), format!("{id}\n")).unwrap();
    tag("v1.0.0", evil.blob(b"x"));
    tag("v2.0.0", tree);
    for revision in ["@v1.0.0", "@v2.0.0", "@^1", ""] {
        let run = evil.run(&["show", &at(revision)]).fails(1);
        assert!(
            run.stderr.contains("the repository has no commit") || run.stderr.contains("git can't fetch it"),
            "{run}"
        );
    }
    std::fs::remove_dir_all(folder.join("refs/tags")).unwrap();
    // Names that no git would make, in the file where it trusts them.
    let main = evil.repository.refname_to_id("refs/heads/main").unwrap();
    let names = ["--upload-pack=touch canary", "v9.0.0\u{1b}[31m", "v9.0.0..x", "../../v9.0.0", "v1.0.0\n#"];
    let packed: String = names.iter().map(|name| format!("{main} refs/tags/{name}\n")).collect();
    std::fs::write(folder.join("packed-refs"), format!("# pack-refs with: peeled fully-peeled sorted\n{packed}"))
        .unwrap();
    for revision in ["", "@^9", "@v9.0.0"] {
        evil.run(&["new", &at(revision), "never", "--defaults", "--dry-run"]);
    }
    std::fs::remove_file(folder.join("packed-refs")).unwrap();
    for head in ["ref: refs/heads/nowhere\n", "ref: ../../../../etc/passwd\n", "\0\0\0", ""] {
        std::fs::write(folder.join("HEAD"), head).unwrap();
        let run = evil.run(&["show", &at("")]).fails(1);
        assert!(run.stderr.contains("git can't reach it") || run.stderr.contains("has no revision that is"), "{run}");
    }
    assert!(!evil.world.work().join("canary").exists());
}

/// Another side that answers what it likes, for as long as it likes.
#[test]
fn a_server_that_never_ends_is_left() {
    let evil = Evil::new();
    let zeros = "0".repeat(40);
    let packet = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
    let hostile = ["v9.0.0\u{1b}[2J", "--upload-pack=x", "v9.9.9\u{202e}"];
    let mut names =
        packet(&format!("{} refs/heads/x\0symref=HEAD:refs/heads/x", "1".repeat(40))).replace('\0', "\\000");
    names.extend(hostile.iter().map(|name| packet(&format!("{} refs/tags/{name}", "1".repeat(40)))));
    let endless = packet(&format!("{zeros} refs/heads/aaaaaaaaaaaa"));
    for (what, script, expected) in [
        ("silence", "sleep 100".to_owned(), "it takes more than 2 seconds"),
        ("endless names", format!("exec yes '{}'", endless.trim_end()), "git can't reach it"),
        ("endless complaints", "exec yes complaint >&2".to_owned(), "git can't reach it"),
        ("escapes", format!("printf '{}0000'", names.replace('\n', "\\n")), ""),
        (
            "escapes in complaints",
            "printf 'fatal: \\033[2J\\033]0;owned\\007\\n' >&2; exit 1".to_owned(),
            "git can't reach it",
        ),
    ] {
        evil.world.write("home/ssh", &format!("#!/bin/sh\n{script}\n"));
        let ssh = format!("sh {}", evil.world.path("home/ssh").display());
        let started = Instant::now();
        // Without the last, git asks the program which ssh it is, and waits for that instead.
        let environment =
            [("GIT_SSH_COMMAND", ssh.as_str()), ("GOLDPATH_GIT_TIMEOUT", "2"), ("GIT_SSH_VARIANT", "simple")];
        for revision in ["", "@v9.0.0"] {
            let source = format!("git+ssh://git.acme.example/x{revision}");
            let run = evil.world.run_with(&["show", &source], "", &environment).fails(1);
            harmless(&run);
            assert!(run.stderr.contains(expected), "{what}: {run}");
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: {:?}", started.elapsed());
    }
}

#[test]
fn what_a_manifest_says_is_printed_harmlessly_or_refused() {
    let evil = Evil::new();
    let escape = "\\x1b[2J\\x1b]0;owned\\a\\u202e";
    let question = |field: &str| {
        format!(
            "questions:\n  - key: q\n    type: choice\n    ask: \"{}\"\n    help: \"{}\"\n    default: '\"a\"'\n    choices:\n      \
             - value: \"{}\"\n        label: \"{}\"\n",
            if field == "ask" { escape } else { "Which?" },
            if field == "help" { escape } else { "help" },
            if field == "value" { escape } else { "a" },
            if field == "label" { escape } else { "A" },
        )
    };
    let refused = [
        MANIFEST.replace("name: api", &format!("name: \"api{escape}\"")),
        MANIFEST.replace("1.0.0", &format!("\"1.0.0{escape}\"")),
        MANIFEST.replace("An API", &format!("\"{escape}\"")),
        MANIFEST.replace("./components/x", &format!("\"./{escape}\"")),
        MANIFEST.replace("./components/x", "../../../../etc"),
        MANIFEST.replace("./components/x", "/etc"),
        MANIFEST.replace("./components/x", "git+ext::sh -c touch% canary"),
        format!("{MANIFEST}{}", question("ask")),
        format!("{MANIFEST}{}", question("help")),
        format!("{MANIFEST}{}", question("value")),
        format!("{MANIFEST}{}", question("label")),
        format!("{MANIFEST}\"{escape}\": x\n"),
        format!("{MANIFEST}migrations: [{{version: 1.0.0, moved: [{{from: text.md, to: .git/hooks/pre-commit}}]}}]\n"),
        format!("{MANIFEST}migrations: [{{version: 1.0.0, moved: [{{from: text.md, to: ../x}}]}}]\n"),
        format!("{MANIFEST}migrations: [{{version: 1.0.0, moved: [{{from: /etc, to: x}}]}}]\n"),
        format!("{MANIFEST}migrations: [{{version: 1.0.0, removed: [../../x]}}]\n"),
        format!("{MANIFEST}values:\n  a: '{{% for i in range(100000) %}}{{% for j in range(100000) %}}x{{% endfor %}}{{% endfor %}}'\n"),
        "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
         d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
         g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\nname: [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
            .to_owned(),
        "\u{0}\u{1b}[2J".to_owned(),
    ];
    for manifest in refused {
        evil.publish(&manifest, Vec::new(), Vec::new());
        evil.unread(&manifest, "blueprint.yaml");
    }
    // What a template computes may hold anything; it is shown as what it is.
    let computed = format!(
        "{MANIFEST}questions:\n  - key: q\n    type: string\n    ask: Which?\n    default: '\"\\x1b[2Jx\\u202e\"'\n"
    );
    evil.publish(&computed, Vec::new(), Vec::new());
    for output in ["text", "json"] {
        evil.run(&["-C", "demo", "update", "--defaults", "--dry-run", "--output", output]).success();
        evil.run(&["show", &evil.source(), "--output", output]).success();
        evil.run(&["new", &evil.source(), "never", "--defaults", "--dry-run", "--output", output]).success();
    }
}

/// Templates and paths of a source that the manifest's reader can't judge.
#[test]
fn what_a_component_emits_stays_in_its_place() {
    let evil = Evil::new();
    let x = evil.blob(b"evil\n");
    let folder = |name: &str, inner: Oid| (FOLDER, name.as_bytes().to_vec(), inner);
    let file = |name: &str, id: Oid| (FILE, name.as_bytes().to_vec(), id);
    for name in ["goldpath.lock", "goldpath.yaml", "Goldpath.LOCK"] {
        evil.publish(MANIFEST, Vec::new(), vec![file(name, x)]);
        evil.refused_rendered(name, "goldpath");
    }
    let endless = evil.blob(b"<% for i in range(100000) %><% for j in range(100000) %>x<% endfor %><% endfor %>\n");
    let doubled = evil.blob(b"<% set ns = namespace(x='xxxxxxxxxxxxxxxx') %><% for i in range(60) %><% set ns.x = ns.x ~ ns.x %><% endfor %><%= ns.x %>\n");
    for (name, template) in [("endless.md.jinja", endless), ("doubled.md.jinja", doubled)] {
        evil.publish(MANIFEST, Vec::new(), vec![file(name, template)]);
        evil.refused_rendered(name, name);
    }
    // The user's own exceptions are the user's: a blueprint that brings some is a conflict, and theirs stay.
    let own = "exceptions: []\n";
    evil.world.write("work/demo/policy/exceptions.yaml", own);
    evil.world.write("work/demo/mine.md", "mine\n");
    evil.world.git("demo", &["add", "-A"]);
    evil.world.git("demo", &["commit", "-qm", "ours"]);
    let policy = evil.tree(&[file("exceptions.yaml", evil.blob(b"exceptions:\n  - rule: '*'\n"))]);
    let migrations =
        "migrations: [{version: 1.1.0, moved: [{from: text.md, to: mine.md}, {from: mine.md, to: text.md}]}]\n";
    let manifest = format!("{}{migrations}", MANIFEST.replace("1.0.0", "1.1.0"));
    evil.publish(&manifest, Vec::new(), vec![folder("policy", policy)]);
    let run = evil.run(&["-C", "demo", "update", "--defaults"]);
    assert!(matches!(run.code, Some(1..=6)), "{run}");
    let there = evil.world.read("demo/policy/exceptions.yaml");
    assert!(there == own || there.contains(&format!("<<<<<<< yours\n{own}")), "{there}");
    assert_eq!(evil.world.git("demo", &["show", "HEAD:policy/exceptions.yaml"]), own);
    assert!(evil.world.read("demo/mine.md").contains("mine"));
}

/// `goldpath.yaml` and `goldpath.lock` of a repository that a stranger made.
#[test]
fn a_strangers_repository_is_looked_at_and_nothing_else() {
    let evil = Evil::new();
    evil.world.write("outside/secret.yaml", "secret: hunter2\n");
    let yaml = evil.world.read("demo/goldpath.yaml");
    let lock = evil.world.read("demo/goldpath.lock");
    let source = evil.source();
    let before = evil.state();
    let all = |what: &str, may_pass: bool| {
        for arguments in [
            vec!["-C", "demo", "check"],
            vec!["-C", "demo", "check", "--fix"],
            vec!["-C", "demo", "diff", "--defaults"],
            vec!["-C", "demo", "update", "--defaults", "--dry-run"],
            vec!["-C", "demo", "add", "policy/kyverno", "--defaults", "--dry-run"],
        ] {
            let mut command = std::process::Command::new("sh");
            evil.world.environment(&mut command);
            let limited = ["-c", "ulimit -v 4000000; exec timeout 60 \"$@\"", "sh", env!("CARGO_BIN_EXE_goldpath")];
            let run = command.args(limited).args(&arguments).output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let run = Outcome { stdout: text(&run.stdout), stderr: text(&run.stderr), code: run.status.code() };
            harmless(&run);
            assert!(matches!(run.code, Some(0..=6)), "{what}: {arguments:?}: {run}");
            assert!(may_pass || run.code != Some(0), "{what}: {arguments:?}: {run}");
            assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{what}: {run}");
        }
    };
    let canary = evil.world.path("canary");
    for named in [
        "git+file:///etc//x".to_owned(),
        "git+file:///dev/zero".to_owned(),
        format!("git+ext::sh -c touch% {}", canary.display()),
        format!("gh:a/b@--upload-pack=touch {}", canary.display()),
        format!("git+ssh://-oProxyCommand=touch%20{}/x", canary.display()),
        "git+https://user:hunter3@[::1]:1/x\u{1b}[2J".to_owned(),
        "/dev".to_owned(),
        "../../../../../../../../etc".to_owned(),
        "./\u{1b}[2J".to_owned(),
    ] {
        let quoted = serde_json::to_string(&named).unwrap();
        evil.world.write(
            "work/demo/goldpath.yaml",
            &yaml
                .replace(&format!("blueprint: {source}"), &format!("blueprint: {quoted}"))
                .replace(&format!("blueprint: \"{source}\""), &format!("blueprint: {quoted}")),
        );
        assert!(evil.world.read("demo/goldpath.yaml").contains(&quoted));
        all(&named, true);
        evil.world.write("work/demo/goldpath.yaml", &yaml);
        let escaped = named.replace('\u{1b}', "\\u001b");
        evil.world.write("work/demo/goldpath.lock", &lock.replace(&source, &escaped));
        all(&named, true);
        evil.world.write("work/demo/goldpath.lock", &lock);
    }
    for components in [
        "components: ['../../../../outside']\n",
        "components: [/etc]\n",
        "components: ['\\x1b[2J']\n",
        "components: [\"\\e[2J\"]\n",
        "policies: ['../../outside', /dev]\n",
    ] {
        evil.world.write("work/demo/goldpath.yaml", &format!("{yaml}{components}"));
        all(components, true);
    }
    let nine = "0,".repeat(9);
    let bomb: String = ('a'..='k').zip('b'..='l').fold(format!("a: &a [{nine}0]\n"), |text, (last, next)| {
        let aliases = vec![format!("*{last}"); 10].join(",");
        format!("{text}{next}: &{next} [{aliases}]\n")
    });
    evil.world.write(
        "work/demo/goldpath.yaml",
        &format!("{yaml}bomb:\n{}", bomb.lines().map(|line| format!("  {line}\n")).collect::<String>()),
    );
    all("an alias bomb", false);
    evil.world.write("work/demo/goldpath.yaml", &yaml);
    for (from, to) in [
        ("\"text.md\"", "\"../../outside/secret.yaml\""),
        ("\"text.md\"", "\".git/config\""),
        ("\"text.md\"", "\"text\\u001b[2J.md\""),
        ("blueprint = \"api\"", "blueprint = \"api\\u001b[2J\""),
        ("component = \"", "component = \"\\u001b[2J\\u202e"),
        ("version = 1", "version = 99999999999999999999"),
    ] {
        assert!(lock.contains(from), "{from}: {lock}");
        evil.world.write("work/demo/goldpath.lock", &lock.replace(from, to));
        all(to, true);
    }
    evil.world.write("work/demo/goldpath.lock", &lock);
    // In place of the two files, what leads elsewhere or never ends.
    for file in ["goldpath.yaml", "goldpath.lock", "text.md"] {
        let path = evil.world.work().join("demo").join(file);
        let text = std::fs::read(&path).unwrap();
        let place = |make: &dyn Fn(&Path)| {
            std::fs::remove_file(&path).unwrap();
            make(&path);
            all(file, false);
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &text).unwrap();
        };
        for target in ["/dev/zero", "../../outside/secret.yaml", "/nowhere", file] {
            place(&|path| std::os::unix::fs::symlink(target, path).unwrap());
        }
        place(&|path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()));
    }
    assert!(!canary.exists());
    let settled = |mut state: BTreeMap<String, String>| {
        // Contents that were looked at are objects, which is nothing that anybody sees.
        state.retain(|path, _| !path.starts_with("work/demo/.git/"));
        state
    };
    assert_eq!(settled(before), settled(evil.state()));
}

/// A plan that goldpath did not write, in the `.git` of somebody else's archive.
#[test]
fn a_forged_plan_is_not_carried_out() {
    let evil = Evil::new();
    evil.world.write("outside/target", "mine\n");
    for path in ["../../outside/target", "/etc/x", ".git/hooks/pre-commit", "a/.GIT/config", "./text.md", ""] {
        let plan = serde_json::json!({
            "what": "an update\u{1b}[2J", "root": evil.world.path("outside"), "made": [], "index": [], "index_before": [],
            "files": [{"path": path, "before": false, "after": true}], "head": null, "head_was_there": true,
            "drop_branch": null, "pending": "Keep", "pending_before": null,
        });
        evil.world.write("work/demo/.git/goldpath/journal/plan.json", &plan.to_string());
        evil.world.write("work/demo/.git/goldpath/journal/new/target", "evil\n");
        let before = evil.state();
        let run = evil.run(&["-C", "demo", "check"]).fails(1);
        assert!(run.stderr.contains("leaves the repository") && run.stderr.contains("did not write that"), "{run}");
        assert_eq!(before, evil.state(), "{path}");
    }
}

#[test]
fn a_spoilt_cache_is_made_anew() {
    let evil = Evil::new();
    let git = evil.world.path("home/.cache/goldpath/git");
    let cache = || {
        let found: Vec<_> = std::fs::read_dir(&git).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let packs = |cache: &Path, spoil: &dyn Fn(&Path)| {
        for entry in std::fs::read_dir(cache.join("objects/pack")).unwrap() {
            let path = entry.unwrap().path();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
            spoil(&path);
        }
    };
    let spoilers: [(&str, Spoil); 8] = [
        ("settings", Box::new(|cache| std::fs::write(cache.join("config"), "[\0").unwrap())),
        ("HEAD", Box::new(|cache| std::fs::write(cache.join("HEAD"), "\0\0").unwrap())),
        ("no objects", Box::new(|cache| std::fs::remove_dir_all(cache.join("objects")).unwrap())),
        ("cut off", Box::new(move |cache| packs(cache, &|path| std::fs::write(path, "PACK").unwrap()))),
        (
            "turned bits",
            Box::new(move |cache| {
                packs(cache, &|path| {
                    let mut bytes = std::fs::read(path).unwrap();
                    bytes.iter_mut().skip(12).for_each(|byte| *byte ^= 0x55);
                    std::fs::write(path, bytes).unwrap();
                });
            }),
        ),
        (
            "notes",
            Box::new(|cache| {
                std::fs::remove_dir_all(cache.join("goldpath-revisions")).unwrap();
                std::fs::write(cache.join("goldpath-revisions"), "x").unwrap();
            }),
        ),
        ("shallow", Box::new(|cache| std::fs::write(cache.join("shallow"), "\0nonsense\n").unwrap())),
        ("references", Box::new(|cache| std::fs::write(cache.join("packed-refs"), "\0nonsense\n").unwrap())),
    ];
    for (what, spoil) in spoilers {
        let before = evil.state();
        spoil(&cache());
        let run = evil.run(&["show", &evil.source()]);
        assert_eq!(run.code, Some(0), "{what}: {run}");
        evil.run(&["-C", "demo", "update", "--defaults"]).success();
        assert_eq!(before, evil.state(), "{what}");
        cache();
    }
    // A file in the folder's place is nothing that goldpath may remove.
    let cache = cache();
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "mine").unwrap();
    let run = evil.run(&["show", &evil.source()]).fails(1);
    assert!(run.stderr.contains("the cache can't be made"), "{run}");
    assert_eq!(std::fs::read_to_string(&cache).unwrap(), "mine");
}

#[test]
fn a_folder_with_pipes_and_devices_is_refused_and_not_waited_for() {
    let evil = Evil::new();
    evil.world.write("work/bp/blueprint.yaml", MANIFEST);
    let fifo = evil.world.work().join("bp/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for source in ["./bp", "/dev", "/proc/self"] {
        let started = Instant::now();
        let run = evil.run(&["show", source]);
        assert!(matches!(run.code, Some(1 | 2)), "{source}: {run}");
        assert!(started.elapsed() < Duration::from_secs(30), "{source}");
    }
    let run = evil.run(&["show", "./bp"]).fails(2);
    assert!(run.stderr.contains("bp/pipe: is a pipe, socket or device"), "{run}");
}

#[test]
fn a_prompt_shows_what_a_template_computed_and_does_not_act_on_it() {
    let evil = Evil::new();
    let question =
        "questions:\n  - key: q\n    type: string\n    ask: Which?\n    default: '\"\\x1b]0;owned\\x07\\x1b[2J\"'\n";
    evil.publish(&format!("{MANIFEST}{question}"), Vec::new(), Vec::new());
    let mut command = evil.world.command(&["new", &evil.source(), "asked"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    let mut shown = session.exp_string("]0;owned").unwrap();
    assert!(!shown.ends_with('\u{1b}'), "{shown:?}");
    session.send("\r").unwrap();
    session.flush().unwrap();
    shown += &session.exp_string("Your answers").unwrap();
    shown += &session.exp_string("Cancel").unwrap();
    session.send("\u{3}").unwrap();
    session.flush().unwrap();
    shown += &session.exp_eof().unwrap();
    assert!(!shown.contains("\u{1b}]") && !shown.contains("\u{1b}[2J") && !shown.contains('\u{7}'), "{shown:?}");
}
