//! Files in memory: the unit that is rendered, judged by guardrails, compared and written.
//!
//! A [`Tree`] maps relative paths to contents and modes. Path safety lives here and nowhere else: a
//! [`TreePath`] can't leave the folder it is written to, on any operating system, and a tree can't hold two
//! paths that would be one file on a file system that ignores case.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A relative path with `/` between its parts, safe to join to a destination on every system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

/// Why a path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It has no characters at all.
    #[error("the path is empty")]
    Empty,
    /// It starts at the root or at a drive.
    #[error("`{0}` is an absolute path; paths are relative to the new repository")]
    Absolute(String),
    /// It has a `..` part.
    #[error("`{0}` leaves the new repository through `..`")]
    Parent(String),
    /// It has an empty or `.` part.
    #[error("`{0}` has an empty or `.` part")]
    Part(String),
    /// It would write into git's own folder.
    #[error("`{0}` lies in git's own folder")]
    Git(String),
    /// A part is a Windows device, ends in a dot or space, or has a character that some system refuses.
    #[error("`{path}` can't be a file on every system: `{part}` {why}")]
    Unportable {
        /// The whole path.
        path: String,
        /// The part of it that is at fault.
        part: String,
        /// What is wrong with the part.
        why: &'static str,
    },
    /// It is too long for some file system.
    #[error("the path has {length} bytes, and {limit} is the limit: `{start}…`")]
    Long {
        /// How long it is, in bytes.
        length: usize,
        /// How long it may be, in bytes.
        limit: usize,
        /// Its first characters.
        start: String,
    },
    /// Two paths differ in case alone, or one is a file where the other needs a folder.
    #[error("`{0}` and `{1}` can't both exist on every file system")]
    Collision(String, String),
}

/// Longest path that is accepted, in bytes. Windows allows 260 with the destination; ext4 allows 255 a part.
const PATH_LIMIT: usize = 240;

/// Names that Windows takes for devices, whatever follows the first dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

impl TreePath {
    /// Accepts a path, or says why it is not safe.
    ///
    /// # Errors
    /// A [`PathError`] that names the part at fault.
    pub fn new(path: &str) -> Result<Self, PathError> {
        if path.is_empty() {
            return Err(PathError::Empty);
        }
        if path.len() > PATH_LIMIT {
            return Err(PathError::Long {
                length: path.len(),
                limit: PATH_LIMIT,
                start: path.chars().take(40).collect(),
            });
        }
        let bytes = path.as_bytes();
        let drive = bytes.len() >= 2 && bytes[1] == b':' && bytes[0].is_ascii_alphabetic();
        if path.starts_with(['/', '\\']) || drive {
            return Err(PathError::Absolute(path.to_owned()));
        }
        for part in path.split('/') {
            Self::check_part(path, part)?;
        }
        Ok(TreePath(path.to_owned()))
    }

    fn check_part(path: &str, part: &str) -> Result<(), PathError> {
        let unportable = |why| Err(PathError::Unportable { path: path.to_owned(), part: part.to_owned(), why });
        match part {
            "" | "." => return Err(PathError::Part(path.to_owned())),
            ".." => return Err(PathError::Parent(path.to_owned())),
            _ => {}
        }
        if part.contains(|c: char| c.is_control()) {
            return unportable("has a control character");
        }
        if part.contains(
            |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'),
        ) {
            return unportable("has a character that makes it read differently from what it is");
        }
        if part.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) {
            return unportable("has one of \\ : * ? \" < > |");
        }
        if part.ends_with(['.', ' ']) {
            return unportable("ends in a dot or a space");
        }
        let stem = part.split('.').next().unwrap_or(part).trim_end();
        if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
            return unportable("is a device name on Windows");
        }
        // `.git`, and what HFS+ (ignores zero-width characters) and NTFS (short names) take for it.
        let visible: String = part
            .chars()
            .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
            .collect();
        if visible.eq_ignore_ascii_case(".git") || visible.eq_ignore_ascii_case("git~1") {
            return Err(PathError::Git(path.to_owned()));
        }
        Ok(())
    }

    /// The path as text, with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// All folders above, outermost first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for TreePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Whether a file can be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Read and written: 0644.
    #[default]
    Regular,
    /// Run as a program: 0755.
    Executable,
}

impl Mode {
    /// The mode as git writes it.
    pub fn git(self) -> u32 {
        match self {
            Mode::Regular => 0o100_644,
            Mode::Executable => 0o100_755,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Regular => "0644",
            Mode::Executable => "0755",
        })
    }
}

/// A file's contents and mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it can be run.
    pub mode: Mode,
}

impl File {
    /// A file that is not run.
    pub fn regular(bytes: impl Into<Vec<u8>>) -> Self {
        File { bytes: bytes.into(), mode: Mode::Regular }
    }
}

/// Files by path, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<TreePath, File>,
    /// Every file and folder as [`folded`], with its real spelling: finds what a file system that ignores
    /// case would take for one, without a walk over all paths for each that is added.
    folded: BTreeMap<String, (String, bool)>,
}

impl Tree {
    /// A tree without files.
    pub fn new() -> Self {
        Tree::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`PathError::Collision`] where the path is taken, differs from another in case alone, or needs a
    /// folder where there is a file.
    pub fn insert(&mut self, path: TreePath, file: File) -> Result<(), PathError> {
        for parent in path.parents() {
            self.claim(parent, true).map_err(|other| PathError::Collision(other, path.to_string()))?;
        }
        self.claim(path.as_str(), false).map_err(|other| PathError::Collision(other, path.to_string()))?;
        self.files.insert(path, file);
        Ok(())
    }

    fn claim(&mut self, path: &str, folder: bool) -> Result<(), String> {
        let key = folded(path);
        match self.folded.get(&key) {
            Some((spelling, was_folder)) if folder && *was_folder && spelling == path => Ok(()),
            Some((spelling, _)) => Err(spelling.clone()),
            None => {
                self.folded.insert(key, (path.to_owned(), folder));
                Ok(())
            }
        }
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// All files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &File)> {
        self.files.iter()
    }

    /// The files whose paths start with a folder such as `policies/`, under their full paths.
    #[must_use]
    pub fn under(&self, folder: &str) -> Tree {
        let mut found = Tree::new();
        for (path, file) in self.iter().filter(|(path, _)| path.as_str().starts_with(folder)) {
            // What collides with nothing among all files collides with nothing among some of them.
            let _ = found.insert(path.clone(), file.clone());
        }
        found
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many bytes all files have together.
    pub fn bytes(&self) -> usize {
        self.files.values().map(|file| file.bytes.len()).sum()
    }
}

/// What a path is to a file system that ignores case, or in which way an accented letter is written, as macOS does.
fn folded(path: &str) -> String {
    if path.is_ascii() { path.to_ascii_lowercase() } else { path.nfd().flat_map(char::to_lowercase).nfd().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_destination_are_refused() {
        for path in ["/etc/passwd", "..", "a/../b", "../a", "\\\\server\\x", "C:/x", "c:x", "a//b", "./a", "a/", ""] {
            assert!(TreePath::new(path).is_err(), "{path}");
        }
    }

    #[test]
    fn git_is_not_written_to_under_any_spelling() {
        for path in [".git/config", ".GIT/hooks/x", "a/.git/x", "git~1/x", ".g\u{200c}it/config"] {
            assert!(matches!(TreePath::new(path), Err(PathError::Git(_))), "{path}");
        }
        assert!(TreePath::new(".github/workflows/ci.yaml").is_ok());
        assert!(TreePath::new(".gitignore").is_ok());
    }

    #[test]
    fn what_windows_refuses_is_refused_everywhere() {
        for path in ["con", "a/NUL.txt", "com1.tar.gz", "a.", "a /b", "ab:c", "x?y", "a\u{7}b"] {
            assert!(matches!(TreePath::new(path), Err(PathError::Unportable { .. })), "{path}");
        }
        assert!(TreePath::new("console.log").is_ok());
    }

    #[test]
    fn paths_that_differ_in_case_alone_collide() {
        let mut tree = Tree::new();
        tree.insert(TreePath::new("docs/A.md").unwrap(), File::regular("a")).unwrap();
        for path in ["docs/a.md", "Docs/b.md", "docs", "docs/A.md/x", "docs/A.md"] {
            let path = TreePath::new(path).unwrap();
            assert!(matches!(tree.insert(path.clone(), File::regular("b")), Err(PathError::Collision(..))), "{path}");
        }
        assert_eq!(tree.len(), 1);
        tree.insert(TreePath::new("caf\u{e9}.md").unwrap(), File::regular("a")).unwrap();
        for path in ["cafe\u{301}.md", "CAFE\u{301}.md", "Caf\u{c9}.md"] {
            let path = TreePath::new(path).unwrap();
            assert!(matches!(tree.insert(path.clone(), File::regular("b")), Err(PathError::Collision(..))), "{path}");
        }
    }
}
