//! How a source is named: `./path`, `gh:org/repo//folder@v1.2.0`, `git+https://host/repo.git//folder@^1`.
//!
//! Reading a name touches nothing. What could be taken for an option by git, or leave the repository, is refused here.

use std::fmt;
use std::path::PathBuf;

use crate::diag::Diagnostic;

/// Where something is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A folder of a git repository.
    Git(GitSpec),
}

/// A folder of a git repository at some revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSpec {
    /// The address that git is given.
    pub url: String,
    /// The folder inside; nothing for the top.
    pub folder: String,
    /// Which revision.
    pub revision: Revision,
    /// The name as the user wrote it.
    pub text: String,
    /// The part of the name that says which repository: `gh:acme/paths`.
    address: String,
    /// The part of the name that says which revision, without its `@`.
    wanted: Option<String>,
}

impl GitSpec {
    /// Another folder of the same repository at the same revision.
    pub fn folder(&self, name: &str) -> GitSpec {
        let folder = if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) };
        GitSpec { folder, ..self.clone() }.told()
    }

    /// The same folder at another revision.
    ///
    /// # Errors
    /// A text that names no revision.
    pub fn at(&self, revision: &str) -> Result<GitSpec, Diagnostic> {
        let parsed = Revision::parse(revision)
            .ok_or_else(|| Diagnostic::error(format!("`{revision}` names no revision of {}", self.address)))?;
        Ok(GitSpec { revision: parsed, wanted: Some(revision.to_owned()), ..self.clone() }.told())
    }

    fn told(mut self) -> Self {
        self.text.clone_from(&self.address);
        if !self.folder.is_empty() {
            self.text = format!("{}//{}", self.text, self.folder);
        }
        if let Some(wanted) = &self.wanted {
            self.text = format!("{}@{wanted}", self.text);
        }
        self
    }
}

/// Which revision of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The newest release, which is the highest tag that is a semantic version; the default branch where there is none.
    Newest,
    /// The highest release in a range.
    Range(semver::VersionReq),
    /// A tag or a branch.
    Name(String),
    /// A commit, in full.
    Commit(String),
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Revision::Newest => f.write_str("the newest release"),
            Revision::Range(range) => write!(f, "a release in {range}"),
            Revision::Name(name) => f.write_str(name),
            Revision::Commit(commit) => f.write_str(commit),
        }
    }
}

/// Hosts that have a short name.
const SHORT: [(&str, &str); 2] = [("gh:", "https://github.com/"), ("gl:", "https://gitlab.com/")];
/// What `git+` may be followed by.
const PROTOCOLS: [&str; 3] = ["https://", "ssh://", "file://"];

impl Spec {
    /// Whether a text names a git source rather than a folder.
    pub fn is_git(text: &str) -> bool {
        text.starts_with("git+") || text.contains("://") || SHORT.iter().any(|(short, _)| text.starts_with(short))
    }

    /// Reads a source's name.
    ///
    /// # Errors
    /// What is wrong with it, and how it is written.
    pub fn parse(text: &str) -> Result<Spec, Diagnostic> {
        if !Spec::is_git(text) {
            return Ok(Spec::Folder(PathBuf::from(text)));
        }
        let problem = |message: String| {
            Diagnostic::error(format!("`{text}` {message}")).hint(
                "write ./folder, gh:org/repo//folder@v1.2.0, or git+https://host/repo.git//folder@ref (also git+ssh:// and \
                 git+file://)",
            )
        };
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(problem("holds spaces or control characters".to_owned()));
        }
        let (base, rest) = match SHORT.iter().find_map(|(short, url)| Some((*url, text.strip_prefix(short)?))) {
            Some((url, rest)) => (url.to_owned(), rest),
            None => {
                let rest = text
                    .strip_prefix("git+")
                    .ok_or_else(|| problem("is no git source: put `git+` before it".to_owned()))?;
                let protocol = PROTOCOLS
                    .iter()
                    .find(|protocol| rest.starts_with(**protocol))
                    .ok_or_else(|| problem("uses a protocol other than https, ssh and file".to_owned()))?;
                ((*protocol).to_owned(), &rest[protocol.len()..])
            }
        };
        let before = text.len() - rest.len();
        let short = !PROTOCOLS.contains(&base.as_str());
        let (path, folder, revision) = split(rest);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if short && parts.len() != 2 && !(base.contains("gitlab") && parts.len() > 2) {
            return Err(problem("names no organisation and repository".to_owned()));
        }
        if path.trim_matches('/').is_empty() || path.starts_with('-') || parts.contains(&"..") {
            return Err(problem("names no repository".to_owned()));
        }
        if folder.split('/').any(|part| matches!(part, ".." | ".")) {
            return Err(problem("leaves the repository through its folder".to_owned()));
        }
        let url = if short { format!("{base}{}.git", path.trim_end_matches(".git")) } else { format!("{base}{path}") };
        let wanted = revision.map(str::to_owned);
        let revision = match revision {
            None => Revision::Newest,
            Some(revision) => {
                Revision::parse(revision).ok_or_else(|| problem(format!("has no revision `{revision}`")))?
            }
        };
        let (folder, address) = (folder.trim_matches('/').to_owned(), text[..before + path.len()].to_owned());
        Ok(Spec::Git(GitSpec { url, folder, revision, text: text.to_owned(), address, wanted }))
    }
}

/// `repo//folder@revision`. An `@` belongs to the revision only behind the last `/` of the repository, so that
/// `git@host` stays an address; a branch with a `/` in it may still be a revision behind a folder.
fn split(rest: &str) -> (&str, &str, Option<&str>) {
    if let Some((path, behind)) = rest.split_once("//") {
        return match behind.split_once('@') {
            Some((folder, revision)) => (path, folder, Some(revision)),
            None => (path, behind, None),
        };
    }
    let host = rest.find('/').unwrap_or(0);
    match rest[host..].split_once('@') {
        Some((path, revision)) => (&rest[..host + path.len()], "", Some(revision)),
        None => (rest, "", None),
    }
}

impl Revision {
    fn parse(text: &str) -> Option<Revision> {
        if text.is_empty() || text.starts_with('-') {
            return None;
        }
        if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(Revision::Commit(text.to_ascii_lowercase()));
        }
        // `1.2.3` alone is a tag; a range says so with an operator or a wildcard.
        let range = text.starts_with(['^', '~', '>', '<', '=', '*']) || text.ends_with(".x") || text.ends_with(".*");
        if range {
            return semver::VersionReq::parse(text).ok().map(Revision::Range);
        }
        git2::Reference::is_valid_name(&format!("refs/heads/{text}")).then(|| Revision::Name(text.to_owned()))
    }
}

/// The version that a tag stands for: `v1.2.3` and `1.2.3`, also behind a name and a slash or a dash.
pub fn version_of(tag: &str) -> Option<semver::Version> {
    let tail = tag.rsplit_once('/').map_or(tag, |(_, tail)| tail);
    let bare = |text: &str| semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).ok();
    bare(tail).or_else(|| tail.match_indices('-').find_map(|(at, _)| bare(&tail[at + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(text: &str) -> GitSpec {
        match Spec::parse(text).unwrap() {
            Spec::Git(spec) => spec,
            Spec::Folder(folder) => panic!("{folder:?}"),
        }
    }

    #[test]
    fn names_are_read() {
        for (text, url, folder, revision) in [
            ("gh:acme/paths", "https://github.com/acme/paths.git", "", "the newest release"),
            ("gh:acme/paths//service@v1.4.0", "https://github.com/acme/paths.git", "service", "v1.4.0"),
            ("gh:acme/paths//a/b@^1.2", "https://github.com/acme/paths.git", "a/b", "a release in ^1.2"),
            ("gl:acme/sub/paths@main", "https://gitlab.com/acme/sub/paths.git", "", "main"),
            ("git+https://git.example.com/x.git//p@feature/y", "https://git.example.com/x.git", "p", "feature/y"),
            ("git+ssh://git@git.example.com/x.git@1.2.3", "ssh://git@git.example.com/x.git", "", "1.2.3"),
            ("git+file:///srv/x", "file:///srv/x", "", "the newest release"),
        ] {
            let spec = git(text);
            assert_eq!(spec.clone().told().text, text, "what is put together from its parts is what was written");
            assert_eq!((spec.url.as_str(), spec.folder.as_str()), (url, folder), "{text}");
            assert_eq!(spec.revision.to_string(), revision, "{text}");
        }
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(git(&format!("gh:a/b@{commit}")).revision, Revision::Commit(commit.to_owned()));
        assert_eq!(Spec::parse("./policies").unwrap(), Spec::Folder("./policies".into()));
        assert_eq!(git("gh:a/b//c@v1.0.0").at("v2.0.0").unwrap().text, "gh:a/b//c@v2.0.0");
        assert_eq!(git("gh:a/b@^1").folder("service").text, "gh:a/b//service@^1");
        assert!(git("gh:a/b").at("--upload-pack=x").is_err());
    }

    #[test]
    fn what_git_could_take_for_something_else_is_refused() {
        for text in [
            "https://github.com/a/b",
            "git+ext::sh -c id",
            "git+ext::sh",
            "git+http://example.com/a",
            "gh:a",
            "gh:a/b/c",
            "gh:a/../b",
            "gh:a/b//../c",
            "gh:a/b@--upload-pack=x",
            "gh:a/b@",
            "gh:a/b@a..b",
            "git+ssh://-oProxyCommand=x/y",
            "git+https://",
            "git+file:///a/../../b\u{1b}[31m",
        ] {
            assert!(Spec::parse(text).is_err(), "{text}: {:?}", Spec::parse(text));
        }
    }

    #[test]
    fn versions_stand_in_tags_of_many_forms() {
        for (tag, version) in
            [("v1.2.3", "1.2.3"), ("1.2.3", "1.2.3"), ("service-v2.0.0", "2.0.0"), ("a/b-1.0.0-rc.1", "1.0.0-rc.1")]
        {
            assert_eq!(version_of(tag).map(|version| version.to_string()).as_deref(), Some(version), "{tag}");
        }
        assert_eq!(version_of("nightly"), None);
    }
}
