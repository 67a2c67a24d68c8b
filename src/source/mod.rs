//! Sources of blueprints and policies: the library inside the binary, folders, and folders of git repositories.

pub mod remote;
pub mod spec;

use std::io::Read;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use walkdir::WalkDir;

use spec::{GitSpec, Spec};

use crate::blueprint::Library;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::tree::{File, Mode, Tree, TreePath};

/// The library that is built in, so that nothing has to be fetched.
static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/blueprints");

/// Most files and bytes that are read from a folder.
const COUNT_LIMIT: usize = 50_000;
/// Largest folder that is read as a blueprint, in bytes.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// What a user named as a blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A blueprint of the library.
    Library(String),
    /// A folder with a `blueprint.yaml`.
    Folder(PathBuf),
    /// A folder of a git repository.
    Git(GitSpec),
}

impl Named {
    /// Tells a path from a name: a path has a separator, or is `.` or `..`.
    ///
    /// # Errors
    /// A git source that can't be read as one.
    pub fn new(text: &str) -> Result<Self, Diagnostic> {
        if !Spec::is_git(text) && !text.contains(['/', '\\']) && text != "." && text != ".." {
            return Ok(Named::Library(text.to_owned()));
        }
        Ok(match Spec::parse(text)? {
            Spec::Folder(folder) => Named::Folder(folder),
            Spec::Git(spec) => Named::Git(spec),
        })
    }
}

/// A folder as it is named from another one, so that the two can be moved together: `../my-blueprint`. An absolute path
/// stays one.
pub fn seen_from(folder: &Path, place: &Path) -> String {
    let shown = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let Ok(found) = folder.canonicalize() else { return shown(folder) };
    if folder.is_absolute() || found.components().next() != place.components().next() {
        return shown(folder);
    }
    let common = found.components().zip(place.components()).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<String> = place.components().skip(common).map(|_| "..".to_owned()).collect();
    parts.extend(found.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned()));
    match parts.first().map(String::as_str) {
        None => ".".to_owned(),
        Some("..") => parts.join("/"),
        Some(_) => format!("./{}", parts.join("/")),
    }
}

/// The files of the library: the one in the binary, or a folder in its place.
///
/// # Errors
/// Every file of the folder that can't be read.
pub fn library(folder: Option<&Path>) -> Result<Library, Diagnostics> {
    let (prefix, tree) = match folder {
        None => ("blueprints/".to_owned(), embedded()?),
        Some(folder) => (prefix(folder), read(folder)?),
    };
    Ok(Library { prefix, tree, own: None })
}

fn prefix(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    if text.ends_with('/') { text.into_owned() } else { format!("{text}/") }
}

/// Adds a folder of the user's own to a library.
///
/// # Errors
/// Every file of the folder that can't be read.
pub fn with_folder(mut library: Library, folder: &Path) -> Result<Library, Diagnostics> {
    library.own = Some((prefix(folder), read(folder)?));
    Ok(library)
}

/// Adds a folder of a git repository to a library.
pub fn with_tree(mut library: Library, spec: &GitSpec, tree: Tree) -> Library {
    library.own = Some((format!("{}: ", spec.text), tree));
    library
}

fn embedded() -> Result<Tree, Diagnostics> {
    let mut tree = Tree::new();
    let mut folders = vec![&EMBEDDED];
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => folders.push(folder),
                DirEntry::File(file) => {
                    let path = file.path().to_string_lossy().replace('\\', "/");
                    add(&mut tree, &path, File::regular(file.contents())).map_err(Diagnostics::from)?;
                }
            }
        }
    }
    Ok(tree)
}

fn add(tree: &mut Tree, path: &str, file: File) -> Result<(), Diagnostic> {
    let path = TreePath::new(path).map_err(|error| Diagnostic::error(error.to_string()))?;
    tree.insert(path, file).map_err(|error| Diagnostic::error(error.to_string()))
}

/// Reads a folder, without what version control and build tools keep there. Symbolic links are not followed.
///
/// # Errors
/// Every file that can't be read, and a folder that is too large.
pub fn read(folder: &Path) -> Result<Tree, Diagnostics> {
    if !folder.is_dir() {
        let what = if folder.exists() { "is no folder" } else { "does not exist" };
        return Err(Diagnostic::error(format!("`{}` {what}", folder.display()))
            .hint("`goldpath list` shows the blueprints of the library")
            .into());
    }
    let mut problems = Diagnostics::new();
    let mut tree = Tree::new();
    let mut size = 0;
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != ".git" || entry.depth() == 0) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_string_lossy().into_owned();
                problems.push(Diagnostic::error(format!("can't be read: {error}")).place(Place::file(path)));
                continue;
            }
        };
        let name = entry.path().to_string_lossy().into_owned();
        let problem = |message: String| Diagnostic::error(message).place(Place::file(name.clone()));
        if entry.file_type().is_dir() {
            continue;
        }
        if entry.file_type().is_symlink() {
            problems.push(problem("is a symbolic link; blueprints hold files only".to_owned()));
            continue;
        }
        // A pipe would be waited for, and a device never ends.
        if !entry.file_type().is_file() {
            problems.push(problem("is a pipe, socket or device; blueprints hold files only".to_owned()));
            continue;
        }
        let metadata = entry.metadata().map_err(|error| problem(format!("can't be read: {error}")))?;
        let mut bytes = Vec::new();
        // How long a file says it is may be wrong in folders that a system makes up.
        let room = SIZE_LIMIT.saturating_sub(size) + 1;
        let outcome = if metadata.len() < room {
            std::fs::File::open(entry.path()).and_then(|file| file.take(room).read_to_end(&mut bytes))
        } else {
            Ok(0)
        };
        size = size.saturating_add(metadata.len().max(bytes.len() as u64));
        if tree.len() >= COUNT_LIMIT || size > SIZE_LIMIT {
            problems.push(
                Diagnostic::error(format!(
                    "`{}` is too large for a blueprint: more than {COUNT_LIMIT} files or {} MiB",
                    folder.display(),
                    SIZE_LIMIT / 1024 / 1024
                ))
                .hint("name the folder that holds `blueprint.yaml`"),
            );
            break;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let relative = relative.to_string_lossy().replace('\\', "/");
        match outcome {
            Ok(_) => {
                let file = File { bytes, mode: mode(&metadata) };
                if let Err(error) = add(&mut tree, &relative, file) {
                    problems.push(error.place(Place::file(name.clone())));
                }
            }
            Err(error) => problems.push(problem(format!("can't be read: {error}"))),
        }
    }
    problems.into_result(tree)
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o111 == 0 { Mode::Regular } else { Mode::Executable }
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> Mode {
    Mode::Regular
}
