//! The disk: a tree is staged beside its destination and moved there by one rename.
//!
//! Until the rename nothing can be seen at the destination; after it everything is there. What is staged goes when the
//! [`Stage`] is dropped, and a [`Janitor`] sees to it where the process can't: after `kill -9`.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::diag::{Diagnostic, Place};
use crate::tree::{File, Mode, Tree, TreePath};

/// How staging folders are called; the janitor removes no other.
pub const STAGE_PREFIX: &str = ".goldpath-stage-";

/// Set by a signal: whoever writes stops and cleans up.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether something is on disk that has to go if the process ends now.
pub static WRITING: AtomicBool = AtomicBool::new(false);

/// Where a new repository goes, checked to be free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// As the user named it.
    pub shown: String,
    /// The folder that staging happens in: the nearest one above that exists.
    base: PathBuf,
    /// The folders between `base` and the destination, and the destination's own name.
    rest: PathBuf,
}

impl Destination {
    /// Checks that a folder can be made: nothing is there, or an empty folder.
    ///
    /// # Errors
    /// What is in the way, and the way out.
    pub fn new(path: &Path) -> Result<Self, Diagnostic> {
        let shown = path.display().to_string();
        let problem = |message: String| Diagnostic::error(message).place(Place::file(shown.clone()));
        let absolute = std::path::absolute(path).map_err(|error| problem(format!("is no path: {error}")))?;
        // `..` is resolved by the system, since a folder on the way may be a link.
        let absolute: PathBuf = absolute.components().collect();
        let mut base = absolute.clone();
        let mut rest = Vec::new();
        loop {
            match std::fs::symlink_metadata(&base) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(problem(format!("can't be reached: {error}"))),
            }
            match base.file_name() {
                Some(name) => rest.push(name.to_owned()),
                None => return Err(problem("is no folder that can be made".to_owned())),
            }
            base.pop();
        }
        if rest.is_empty() {
            let found = std::fs::canonicalize(&base).map_err(|error| problem(format!("can't be reached: {error}")))?;
            if !found.is_dir() {
                return Err(problem("exists and is a file".to_owned()).hint("name a folder that does not exist"));
            }
            let mut entries = std::fs::read_dir(&found).map_err(|error| problem(format!("can't be read: {error}")))?;
            if entries.next().is_some() {
                return Err(problem("exists and is not empty; nothing was written".to_owned())
                    .hint("name a folder that does not exist, or move this one away"));
            }
            if std::env::current_dir().is_ok_and(|here| here == found) {
                return Err(problem("is the folder you are in, and would be replaced under you".to_owned())
                    .hint("go to its parent (`cd ..`) and name it from there"));
            }
            let name = found.file_name().ok_or_else(|| problem("is a root folder".to_owned()))?;
            rest.push(name.to_owned());
            base = found.parent().map(Path::to_path_buf).unwrap_or_default();
        } else {
            base = std::fs::canonicalize(&base).map_err(|error| problem(format!("can't be reached: {error}")))?;
            if !base.is_dir() {
                return Err(problem(format!("can't be made: `{}` is a file", base.display())));
            }
        }
        Ok(Destination { shown, base, rest: rest.into_iter().rev().collect() })
    }

    /// The destination's own name.
    pub fn name(&self) -> String {
        self.rest.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The folder that will be made, without links on the way.
    pub fn place(&self) -> PathBuf {
        self.base.join(&self.rest)
    }

    /// The nearest folder above that exists.
    pub fn base(&self) -> &Path {
        &self.base
    }
}

/// A staged tree.
#[derive(Debug)]
pub struct Stage {
    destination: Destination,
    folder: PathBuf,
    janitor: Option<Janitor>,
    done: bool,
}

impl Stage {
    /// Writes a tree beside its destination.
    ///
    /// `janitor` is the command that starts this program's [`janitor`], given the folder as a further argument.
    ///
    /// # Errors
    /// The file that could not be written; what was written is removed.
    pub fn write(destination: &Destination, tree: &Tree, janitor: Option<Command>) -> Result<Self, Diagnostic> {
        let folder = unused(&destination.base);
        // First the one who cleans up, then what may need it.
        let janitor = janitor.and_then(|command| Janitor::start(command, &folder));
        WRITING.store(true, Ordering::SeqCst);
        let stage = Stage { destination: destination.clone(), folder, janitor, done: false };
        let root = stage.root();
        std::fs::create_dir_all(&root)
            .map_err(|error| stage.problem(&destination.base, "can't be written to", &error))?;
        let folders: BTreeSet<&str> = tree.iter().flat_map(|(path, _)| path.parents()).collect();
        // Sorted, every folder comes after the one it is in.
        for folder in folders {
            let path = root.join(folder);
            std::fs::create_dir(&path).map_err(|error| stage.problem(Path::new(folder), "can't be made", &error))?;
        }
        let files: Vec<_> = tree.iter().collect();
        files.par_chunks(32).try_for_each(|chunk| {
            for (path, file) in chunk {
                if INTERRUPTED.load(Ordering::Relaxed) {
                    return Err(interrupted());
                }
                write(&root.join(path.as_str()), file)
                    .map_err(|error| stage.problem(Path::new(path.as_str()), "can't be written", &error))?;
            }
            Ok(())
        })?;
        Ok(stage)
    }

    /// The folder that will become the destination.
    pub fn root(&self) -> PathBuf {
        self.folder.join(&self.destination.rest)
    }

    fn problem(&self, path: &Path, what: &str, error: &io::Error) -> Diagnostic {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk, and try again",
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "name a folder that you may write to"
            }
            _ => "nothing was left behind; try again, or name another folder",
        };
        Diagnostic::error(format!("{what}: {error}; nothing was written"))
            .place(Place::file(path.display().to_string()))
            .hint(hint)
    }

    /// Moves the staged tree to its destination.
    ///
    /// # Errors
    /// Where the destination is no longer free; the staged tree is removed.
    pub fn publish(mut self) -> Result<(), Diagnostic> {
        if INTERRUPTED.load(Ordering::SeqCst) {
            return Err(interrupted());
        }
        let first =
            self.destination.rest.components().next().map(|part| PathBuf::from(part.as_os_str())).unwrap_or_default();
        let (from, to) = (self.folder.join(&first), self.destination.base.join(&first));
        // Some systems do not rename over a folder, be it empty.
        #[cfg(windows)]
        let _ = std::fs::remove_dir(&to);
        std::fs::rename(&from, &to).map_err(|error| {
            Diagnostic::error(format!("can't be moved into place: {error}; nothing was written"))
                .place(Place::file(self.destination.shown.clone()))
                .hint("something appeared there in the meantime; name a folder that does not exist")
        })?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let emptied = if self.done { std::fs::remove_dir(&self.folder) } else { std::fs::remove_dir_all(&self.folder) };
        // What could not be removed here is the janitor's.
        let removed = emptied.is_ok() || !self.folder.exists();
        if let Some(janitor) = self.janitor.take() {
            janitor.stop(removed);
        }
        WRITING.store(false, Ordering::SeqCst);
    }
}

/// Writes a file in place of what is there, in one step: whoever reads it sees the old or the new text. Its folder is made
/// where there is none.
///
/// # Errors
/// What the disk says; the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut staged = tempfile::Builder::new().prefix(STAGE_PREFIX).tempfile_in(folder)?;
    staged.write_all(bytes)?;
    staged.as_file().sync_all()?;
    let mode = std::fs::metadata(path).map(|found| found.permissions());
    #[cfg(unix)]
    let mode = mode.or_else(|_| {
        use std::os::unix::fs::PermissionsExt;
        io::Result::Ok(std::fs::Permissions::from_mode(0o644))
    });
    if let Ok(mode) = mode {
        std::fs::set_permissions(staged.path(), mode)?;
    }
    staged.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Largest file that is read from a repository, in bytes.
const READ_LIMIT: u64 = 8 * 1024 * 1024;

/// Reads files of a folder into a tree; paths that are listed and not there are left out. What can't be read, or is not
/// read because it is a link or too large, is told.
pub fn read(root: &Path, paths: &[String]) -> (Tree, Vec<Diagnostic>) {
    let read: Vec<_> = paths.par_iter().map(|path| (path, read_one(root, path))).collect();
    let mut tree = Tree::new();
    let mut unread = Vec::new();
    for (path, found) in read {
        let problem = |message: String| {
            Diagnostic::error(message)
                .place(Place::file(path.clone()))
                .hint("none of it counts as passed; take it away, or have git ignore it, if nobody needs it")
        };
        match found {
            Ok(Some(file)) => {
                if let Err(error) = TreePath::new(path).and_then(|path| tree.insert(path, file)) {
                    // The reason names the path, which may go over several lines.
                    unread.push(problem(error.to_string().replace('\n', "␊")));
                }
            }
            Ok(None) => {}
            Err(reason) => unread.push(problem(reason)),
        }
    }
    (tree, unread)
}

fn read_one(root: &Path, path: &str) -> Result<Option<File>, String> {
    let full = root.join(path);
    let metadata = match std::fs::symlink_metadata(&full) {
        Ok(metadata) => metadata,
        // Names come here as text, in which each byte that is none has become this mark.
        Err(_) if path.contains(char::REPLACEMENT_CHARACTER) => {
            return Err("has a name that is not UTF-8, so it was not read; rename it".to_owned());
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("can't be read: {error}")),
    };
    if metadata.is_symlink() {
        return Err("is a symbolic link, which is not followed".to_owned());
    }
    // Opening a pipe would wait for a writer that may never come.
    if !metadata.is_file() {
        return Err(format!("expected a file, found {}", kind_of(metadata.file_type())));
    }
    let too_large = |length: u64| format!("expected a file of at most {READ_LIMIT} bytes, found {length}");
    if metadata.len() > READ_LIMIT {
        return Err(too_large(metadata.len()));
    }
    // Its length is no promise: it may be growing, or made up as in /proc.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    std::fs::File::open(&full)
        .and_then(|file| file.take(READ_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(Some(File { bytes, mode: mode_of(&metadata) }))
}

#[cfg(unix)]
fn kind_of(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn kind_of(kind: std::fs::FileType) -> &'static str {
    if kind.is_dir() { "a folder" } else { "something else" }
}

/// The files under a folder that is no repository, without version control's own.
///
/// # Errors
/// Folders that can't be read.
pub fn walk(root: &Path) -> (Vec<String>, Vec<Diagnostic>) {
    let mut paths = Vec::new();
    let mut unread = Vec::new();
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git") {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
                let relative = relative.to_string_lossy();
                // Elsewhere a backslash is a letter like any other.
                paths.push(if cfg!(windows) { relative.replace('\\', "/") } else { relative.into_owned() });
            }
            Err(error) => {
                let path = error.path().unwrap_or(root);
                let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                unread.push(Diagnostic::error(format!("can't be read: {reason}")).place(Place::file(shown)));
            }
        }
    }
    (paths, unread)
}

#[cfg(unix)]
fn mode_of(metadata: &std::fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o111 == 0 { Mode::Regular } else { Mode::Executable }
}

#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> Mode {
    Mode::Regular
}

/// The problem of somebody who pressed Ctrl-C.
pub fn interrupted() -> Diagnostic {
    Diagnostic::error("interrupted; nothing was written")
}

fn unused(base: &Path) -> PathBuf {
    let mut number = std::process::id() as u128;
    loop {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(since);
        let path = base.join(format!("{STAGE_PREFIX}{:016x}", (number >> 16) as u64));
        if std::fs::symlink_metadata(&path).is_err() {
            return path;
        }
    }
}

#[cfg(unix)]
fn write(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // The umask takes away what the user does not want to give.
    let mode = if file.mode == Mode::Executable { 0o777 } else { 0o666 };
    std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(&file.bytes)
}

#[cfg(not(unix))]
fn write(path: &Path, file: &File) -> io::Result<()> {
    let _ = Mode::Regular;
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(&file.bytes)
}

/// A second process that removes the staging folder when this one is gone without having said so.
#[derive(Debug)]
struct Janitor {
    child: Child,
}

impl Janitor {
    fn start(mut command: Command, folder: &Path) -> Option<Self> {
        command.arg(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // Without a janitor everything but `kill -9` is still cleaned up after.
        command.spawn().ok().map(|child| Janitor { child })
    }

    fn stop(mut self, clean: bool) {
        if let (true, Some(mut pipe)) = (clean, self.child.stdin.take()) {
            let _ = pipe.write_all(b"clean");
        }
        drop(self.child.stdin.take());
        if !clean {
            let _ = self.child.wait();
        }
    }
}

/// What the second process does: waits for the first to end, and removes the folder unless told that it is gone.
pub fn janitor(folder: &Path) {
    let named = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(STAGE_PREFIX));
    let mut said = Vec::new();
    let _ = io::Read::read_to_end(&mut io::stdin(), &mut said);
    if !named || said == b"clean" {
        return;
    }
    // A thread of the dying process may still be inside a system call that makes a file.
    for _ in 0..50 {
        let _ = std::fs::remove_dir_all(folder);
        if !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
