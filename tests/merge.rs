//! The merge of trees is git's: random trees, edits, moves, deletions and modes, against `git merge-tree`.
//!
//! `GOLDPATH_CASES=10000 cargo test --test merge` tries more cases. What is meant to differ is spelled out in `expected`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use git2::{Index, IndexEntry, IndexTime, Oid, Repository, Signature};
use goldpath::merge::{Entry, Kind, Merged, Outcome, Request, Side, merge};

/// Numbers that are the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }
}

type Files = BTreeMap<String, (Kind, Vec<u8>)>;

const FOLDERS: [&str; 4] = ["", "a/", "b/", "a/c/"];

fn text(random: &mut Random, file: usize) -> Vec<u8> {
    let lines = 6 + random.below(20);
    let mut out = String::new();
    for line in 0..lines {
        if random.percent(15) {
            out.push_str("a line that many files have\n");
        } else {
            out.push_str(&format!("line {line} of file {file} with some text to fill it\n"));
        }
    }
    if random.percent(10) {
        out.pop();
    }
    out.into_bytes()
}

fn base(random: &mut Random) -> Files {
    let mut files = Files::new();
    for number in 0..2 + random.below(7) {
        let path = format!("{}f{number}.txt", FOLDERS[random.below(4)]);
        let kind = if random.percent(15) { Kind::Executable } else { Kind::Regular };
        let content = match random.below(12) {
            0 => format!("bin\0{number}").into_bytes(),
            _ => text(random, number),
        };
        files.insert(path, (kind, content));
    }
    files
}

/// Changes lines here and there.
fn edit(random: &mut Random, content: &[u8], who: &str) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..=random.below(2) {
        let at = random.below(lines.len().max(1));
        let line = format!("{who} {}\n", random.below(3)).into_bytes();
        match random.below(3) {
            0 if at < lines.len() => lines[at] = line,
            1 if at < lines.len() => drop(lines.remove(at)),
            _ => lines.insert(at.min(lines.len()), line),
        }
    }
    lines.concat()
}

/// What a side makes of the base; `moves` says which files it may move.
fn side(random: &mut Random, base: &Files, who: &str, moves: &BTreeSet<String>) -> Files {
    let mut files = Files::new();
    for (number, (path, (kind, content))) in base.iter().enumerate() {
        let (mut kind, mut content, mut path) = (*kind, content.clone(), path.clone());
        match random.below(10) {
            0..=3 => {}
            4..=6 => content = edit(random, &content, who),
            7 => continue,
            8 => kind = if kind == Kind::Regular { Kind::Executable } else { Kind::Regular },
            _ if moves.contains(&path) => {
                path = format!("{}{who}-moved{number}.txt", FOLDERS[random.below(4)]);
                if random.percent(50) {
                    content = edit(random, &content, who);
                }
            }
            _ => {}
        }
        files.insert(path, (kind, content));
    }
    for number in 0..random.below(3) {
        // The same names on both sides, now and then with the same content.
        let file = 100 + random.below(1000);
        let content = if random.percent(30) { b"same\n".to_vec() } else { text(random, file) };
        files.entry(format!("{}new{number}.txt", FOLDERS[random.below(2)])).or_insert((Kind::Regular, content));
    }
    files
}

fn store(repository: &Repository, files: &Files) -> (Side, Oid) {
    let mut index = Index::new().unwrap();
    let mut side = Side::new();
    for (path, (kind, content)) in files {
        let id = repository.blob(content).unwrap();
        side.insert(path.clone(), Entry { kind: *kind, id });
        let zero = IndexTime::new(0, 0);
        let entry = IndexEntry {
            ctime: zero,
            mtime: zero,
            dev: 0,
            ino: 0,
            mode: kind.git(),
            uid: 0,
            gid: 0,
            file_size: 0,
            id,
            flags: 0,
            flags_extended: 0,
            path: path.clone().into_bytes(),
        };
        index.add(&entry).unwrap();
    }
    (side, index.write_tree_to(repository).unwrap())
}

/// What git made of it: the files, and those in conflict.
struct Git {
    files: Side,
    /// Paths in conflict, with the stages that there are.
    conflicts: BTreeMap<String, String>,
}

fn listed(repository: &Repository, tree: Oid) -> Side {
    let mut side = Side::new();
    repository
        .find_tree(tree)
        .unwrap()
        .walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if let Some(kind) = u32::try_from(entry.filemode()).ok().and_then(Kind::of_git) {
                let folder = std::str::from_utf8(folder.as_ref()).unwrap();
                side.insert(format!("{folder}{}", entry.name().unwrap()), Entry { kind, id: entry.id() });
            }
            git2::TreeWalkResult::Ok
        })
        .unwrap();
    side
}

/// Lets git merge many pairs of commits at once.
fn git(repository: &Repository, pairs: &[(Oid, Oid)]) -> Vec<Git> {
    let mut child = Command::new("git")
        .args(["-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "--no-messages", "--stdin"])
        .current_dir(repository.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = pairs.iter().map(|(ours, theirs)| format!("{ours} {theirs}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let mut fields = output.stdout.split(|byte| *byte == 0).map(|field| String::from_utf8(field.to_vec()).unwrap());
    let mut found = Vec::new();
    for _ in pairs {
        let status = fields.next().unwrap();
        assert!(status == "0" || status == "1", "{status}");
        let tree = Oid::from_str(&fields.next().unwrap()).unwrap();
        let mut conflicts = BTreeMap::<String, String>::new();
        loop {
            let field = fields.next().unwrap();
            if field.is_empty() {
                break;
            }
            let (entry, path) = field.split_once('\t').unwrap();
            conflicts.entry(path.to_owned()).or_default().push_str(&entry[entry.len() - 1..]);
        }
        assert_eq!(status == "1", conflicts.is_empty());
        found.push(Git { files: listed(repository, tree), conflicts });
    }
    found
}

/// Brings git's result to what goldpath promises: what the user deleted stays deleted, and is no conflict. Git has one
/// where the other side changed or moved such a file.
fn expected(mut git: Git, merged: &Merged) -> (Side, BTreeSet<String>) {
    let deleted: BTreeSet<String> =
        git.conflicts.iter().filter(|(_, stages)| *stages == "13").map(|(path, _)| path.clone()).collect();
    for change in merged.changes.iter().filter(|change| change.outcome == Outcome::Deleted) {
        assert!(deleted.contains(&change.path), "{} is no conflict of git's", change.path);
    }
    git.files.retain(|path, _| !git.conflicts.contains_key(path));
    (git.files, git.conflicts.into_keys().filter(|path| !deleted.contains(path)).collect())
}

#[test]
fn the_result_is_gits() {
    let cases: u64 = std::env::var("GOLDPATH_CASES").ok().map_or(400, |text| text.parse().unwrap());
    let memory = std::path::Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(place).unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let signature = Signature::now("x", "x@example.com").unwrap();
    let mut seen = BTreeMap::<String, usize>::new();
    for batch in 0..cases.div_ceil(100) {
        let mut all = Vec::new();
        for seed in batch * 100..((batch + 1) * 100).min(cases) {
            let mut random = Random(seed);
            let base = base(&mut random);
            let mut moves: [BTreeSet<String>; 2] = Default::default();
            for path in base.keys() {
                moves[random.below(2)].insert(path.clone());
            }
            let ours = side(&mut random, &base, "mine", &moves[0]);
            let theirs = side(&mut random, &base, "theirs", &moves[1]);
            let sides = [base, ours, theirs].map(|files| store(&repository, &files));
            let commit = |tree: Oid, parents: &[Oid]| {
                let parents: Vec<_> = parents.iter().map(|id| repository.find_commit(*id).unwrap()).collect();
                let parents: Vec<_> = parents.iter().collect();
                let tree = repository.find_tree(tree).unwrap();
                repository.commit(None, &signature, &signature, "x", &tree, &parents).unwrap()
            };
            let root = commit(sides[0].1, &[]);
            let pair = (commit(sides[1].1, &[root]), commit(sides[2].1, &[root]));
            all.push((seed, sides, pair));
        }
        let pairs: Vec<_> = all.iter().map(|(_, _, pair)| *pair).collect();
        for ((seed, [base, ours, theirs], pair), git) in all.into_iter().zip(git(&repository, &pairs)) {
            let merged = merge(Request {
                base: base.0,
                ours: ours.0,
                theirs: theirs.0,
                team_before: BTreeSet::new(),
                team: BTreeSet::new(),
                moves: Vec::new(),
                removed: &|_| false,
                restore: BTreeSet::new(),
                base_label: "base".to_owned(),
                their_label: "theirs".to_owned(),
                two_way: false,
                bytes: &|id| repository.find_blob(id).ok().map(|blob| blob.content().to_vec()),
            });
            let (files, conflicts) = expected(git, &merged);
            let own: BTreeSet<String> = merged.conflicts.iter().map(|conflict| conflict.path.clone()).collect();
            assert_eq!(own, conflicts, "seed {seed}: conflicts of {pair:?}: {:#?}", merged.changes);
            assert_eq!(merged.tree, files, "seed {seed}: files of {pair:?}: {:#?}", merged.changes);
            for change in &merged.changes {
                let moved = if change.from.is_some() || change.emitted.is_some() { " moved" } else { "" };
                *seen.entry(format!("{:?}{moved}", change.outcome)).or_default() += 1;
            }
        }
    }
    // Cases in which nothing happens prove nothing.
    for outcome in ["Added", "Updated", "Merged", "Merged moved", "Removed", "Kept", "Deleted", "Conflict"] {
        assert!(seen.get(outcome).is_some_and(|count| *count as u64 >= cases / 100), "{outcome}: {seen:?}");
    }
}
