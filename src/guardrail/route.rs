//! Which file goes to which policies: the one table, for the evaluation here and for the emitted `scripts/policy.sh`.
//!
//! | package | form | files |
//! |---|---|---|
//! | `kubernetes` | each document | YAML and JSON with `apiVersion` and `kind`; what a Kustomize root renders, instead of its sources |
//! | `terraform` | each file | `*.tf`, `*.tf.json`, `*.tfvars`; JSON with `planned_values` and `format_version`: `terraform show -json` |
//! | `dockerfile` | each file | `Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, and the same with `Containerfile` |
//! | `ci` | each file | `.github/workflows/*`, `action.yml` |
//! | `ci` | each file | `*.gitlab-ci.yml`, `.gitlab-ci/**`, `.gitlab/ci/**`, and what these include locally |
//! | `ci` | each file | `azure-pipelines*.yml`, `.azure-pipelines/**`, `.azuredevops/**`, and their templates |
//! | `ci`, as text | each file | `Jenkinsfile`, `Jenkinsfile.*`, `Jenkinsfile_*`, `Jenkinsfile-*`, `*.jenkinsfile`, `jenkins/**/*.groovy`, `vars/*.groovy` |
//! | `repo` | combined | all of the above, and `CODEOWNERS`, `**/runbooks/*.md`, Prometheus rules, SLO files, `.terraform.lock.hcl` |
//! | `repo`, as text | combined | what pipelines call: `Makefile`, `GNUmakefile`, `*.mk`, `scripts/**/*.sh` |
//!
//! Generated and foreign folders are left out: `.git`, `.terraform`, `node_modules`, `vendor`, and `build/` at the top.

use crate::document::{Format, Node};

/// The package that sees everything at once.
pub const COMBINED: &str = "repo";

/// All areas: a package is called like one, or its name ends in one, as in `acme.kubernetes`.
pub const AREAS: [&str; 5] = ["kubernetes", "terraform", "dockerfile", "ci", COMBINED];

/// The area of a package.
pub fn area_of(package: &str) -> &str {
    package.rsplit('.').next().unwrap_or(package)
}

/// What to do with a file, as far as its path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Read it and hand it to this package and to [`COMBINED`].
    Area(&'static str, Format),
    /// Read it for [`COMBINED`] alone.
    Context(Format),
    /// Read it where its text looks like a Kubernetes object or Prometheus rules, and decide by its contents.
    ByContents(Format),
}

/// Decides by the path.
pub fn of_path(path: &str) -> Option<Route> {
    if left_out(path) {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let yaml = Format::of(path) == Some(Format::Yaml);
    if yaml && is_pipeline(path, name) {
        return Some(Route::Area("ci", Format::Yaml));
    }
    if is_groovy_pipeline(path, name) {
        return Some(Route::Area("ci", Format::Text));
    }
    if is_called_by_pipelines(path, name) {
        return Some(Route::Context(Format::Text));
    }
    if name == "CODEOWNERS" || (name.ends_with(".md") && path.contains("runbooks/")) {
        return Some(Route::Context(Format::Text));
    }
    if name == ".terraform.lock.hcl" {
        return Some(Route::Context(Format::Hcl));
    }
    match Format::of(path)? {
        Format::Dockerfile => Some(Route::Area("dockerfile", Format::Dockerfile)),
        Format::Hcl if name.ends_with(".tf") || name.ends_with(".tfvars") => {
            Some(Route::Area("terraform", Format::Hcl))
        }
        Format::Json if name.ends_with(".tf.json") => Some(Route::Area("terraform", Format::Json)),
        format @ (Format::Yaml | Format::Json) => Some(Route::ByContents(format)),
        _ => None,
    }
}

fn left_out(path: &str) -> bool {
    path.starts_with("build/")
        || path.split('/').any(|part| matches!(part, ".git" | ".terraform" | "node_modules" | "vendor"))
}

fn is_pipeline(path: &str, name: &str) -> bool {
    path.starts_with(".github/workflows/")
        || matches!(name, "action.yml" | "action.yaml")
        || name.ends_with(".gitlab-ci.yml")
        || name.ends_with(".gitlab-ci.yaml")
        || name.starts_with("azure-pipelines")
        || path.split('/').rev().skip(1).any(|part| matches!(part, ".gitlab-ci" | ".azure-pipelines" | ".azuredevops"))
        || path.starts_with(".gitlab/ci/")
        || path.contains("/.gitlab/ci/")
}

/// Jenkins: a pipeline, or the steps of a shared library.
fn is_groovy_pipeline(path: &str, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.strip_prefix("jenkinsfile").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', '-']))
        || lower.ends_with(".jenkinsfile")
        || (lower.ends_with(".groovy")
            && path.rsplit('/').skip(1).enumerate().any(|(up, part)| part == "jenkins" || (up == 0 && part == "vars")))
}

/// What a pipeline's steps mostly are: a target of a Makefile, or a script.
fn is_called_by_pipelines(path: &str, name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile")
        || name.ends_with(".mk")
        || (name.ends_with(".sh") && path.split('/').rev().skip(1).any(|part| part == "scripts"))
}

/// Whether a text is worth reading for its contents; saves parsing every dashboard and lock file.
pub fn looks_relevant(bytes: &[u8]) -> bool {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    holds(b"apiVersion") || holds(b"groups:") || holds(b"slos:") || holds(b"planned_values")
}

/// The package for a document's contents: `Some(None)` is for [`COMBINED`] alone, `None` for no package.
pub(super) fn of_contents(root: &Node) -> Option<Option<&'static str>> {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    if text("apiVersion").is_some() && text("kind").is_some() {
        return Some(Some("kubernetes"));
    }
    if root.get("planned_values").is_some() && text("format_version").is_some() {
        return Some(Some("terraform"));
    }
    (root.get("groups").is_some() || root.get("slos").is_some()).then_some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds() {
        for (path, expected) in [
            (".github/workflows/ci.yaml", Some(Route::Area("ci", Format::Yaml))),
            (".github/actions/setup/action.yml", Some(Route::Area("ci", Format::Yaml))),
            (".gitlab-ci.yml", Some(Route::Area("ci", Format::Yaml))),
            ("services/api/.gitlab-ci.yml", Some(Route::Area("ci", Format::Yaml))),
            ("templates/Go.gitlab-ci.yml", Some(Route::Area("ci", Format::Yaml))),
            (".gitlab-ci/jobs/build.yaml", Some(Route::Area("ci", Format::Yaml))),
            ("api/.gitlab/ci/build.yml", Some(Route::Area("ci", Format::Yaml))),
            (".gitlab/issue_templates/x.yml", Some(Route::ByContents(Format::Yaml))),
            ("azure-pipelines.yml", Some(Route::Area("ci", Format::Yaml))),
            ("ci/azure-pipelines-release.yaml", Some(Route::Area("ci", Format::Yaml))),
            (".azure-pipelines/jobs/go.yml", Some(Route::Area("ci", Format::Yaml))),
            ("api/.azuredevops/main.yml", Some(Route::Area("ci", Format::Yaml))),
            (".azuredevops/pull_request_template.md", None),
            ("infra/main.tf", Some(Route::Area("terraform", Format::Hcl))),
            ("infra/main.tf.json", Some(Route::Area("terraform", Format::Json))),
            ("infra/x.tftest.hcl", None),
            ("infra/.terraform.lock.hcl", Some(Route::Context(Format::Hcl))),
            ("infra/.terraform/modules/x/main.tf", None),
            ("Dockerfile", Some(Route::Area("dockerfile", Format::Dockerfile))),
            ("api/Containerfile", Some(Route::Area("dockerfile", Format::Dockerfile))),
            ("Dockerfile.dockerignore", None),
            ("Containerfile.dev", Some(Route::Area("dockerfile", Format::Dockerfile))),
            ("api.containerfile", Some(Route::Area("dockerfile", Format::Dockerfile))),
            ("docs/runbooks/api.md", Some(Route::Context(Format::Text))),
            (".github/CODEOWNERS", Some(Route::Context(Format::Text))),
            ("deploy/x.yaml", Some(Route::ByContents(Format::Yaml))),
            ("build/manifests/dev.yaml", None),
            ("README.md", None),
            ("Jenkinsfile", Some(Route::Area("ci", Format::Text))),
            ("ci/Jenkinsfile.release", Some(Route::Area("ci", Format::Text))),
            ("Jenkinsfile_updatecli", Some(Route::Area("ci", Format::Text))),
            ("docs/JenkinsfileTemplate.md", None),
            ("jobs/deploy.jenkinsfile", Some(Route::Area("ci", Format::Text))),
            ("jenkins/jobs/seed.groovy", Some(Route::Area("ci", Format::Text))),
            ("vars/buildImage.groovy", Some(Route::Area("ci", Format::Text))),
            ("vars/deep/buildImage.groovy", None),
            ("src/main/groovy/App.groovy", None),
            ("Makefile", Some(Route::Context(Format::Text))),
            ("build.mk", Some(Route::Context(Format::Text))),
            ("scripts/image.sh", Some(Route::Context(Format::Text))),
            ("scripts/ci/image.sh", Some(Route::Context(Format::Text))),
            ("install.sh", None),
            ("go.mod", None),
        ] {
            assert_eq!(of_path(path), expected, "{path}");
        }
    }
}
