//! What emitted pipelines do once a week: the newest golden path is worked out, and proposed. The emitted scripts run as the
//! pipeline runs them, each job in a clone of its own, against a bare repository on this machine; `gh` and `curl` are
//! stand-ins that keep a forge's pull requests and issues in files. Needs git, bash and jq, as the scripts do.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::World;
use serde_json::{Value, json};

/// Keeps `prs.json` and `issues.json`, and answers with the caller's own `--jq` program.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
what="$1 $2"
shift 2
echo "gh $what" >>"$FORGE/calls"
number='' state=open filter=. title='' body='' head=''
while (($# > 0)); do
  case $1 in
    --state) state=$2; shift 2 ;;
    --jq) filter=$2; shift 2 ;;
    --title) title=$2; shift 2 ;;
    --body) body=$2; shift 2 ;;
    --head) head=$2; shift 2 ;;
    --base | --json | --limit | --search) shift 2 ;;
    [0-9]*) number=$1; shift ;;
    *) echo "gh: $1 is not known here" >&2; exit 1 ;;
  esac
done
case ${what% *} in pr) file=$FORGE/prs.json ;; issue) file=$FORGE/issues.json ;; esac
keep() { jq --arg title "$title" --arg body "$body" --arg head "$head" --arg number "$number" "$1" "$file" >"$file.new"; mv "$file.new" "$file"; }
case ${what#* } in
  list) jq --arg state "${state^^}" 'map(select($state == "ALL" or .state == $state))' "$file" | jq --raw-output "$filter" ;;
  create) keep '. + [{ number: (length + 1), state: "OPEN", title: $title, body: $body, head: $head }]' ;;
  edit) keep 'map(if .number == ($number | tonumber) then .body = $body | .title = (if $title == "" then .title else $title end) else . end)' ;;
esac
"#;

/// GitLab's interface for issues, and Azure Repos' for pull requests. The token comes by standard input.
const CURL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
method='' data='' url=''
while (($# > 0)); do
  case $1 in
    --request) method=$2; shift 2 ;;
    --data) data=$2; shift 2 ;;
    --header) shift 2 ;;
    --*) shift ;;
    *) url=$1; shift ;;
  esac
done
case $url in */_apis/git/*) header="Authorization: Bearer" ;; *) header=PRIVATE-TOKEN: ;; esac
[[ $(cat) == "$header a-token" ]] || { echo "401" >&2; exit 22; }
if [[ $url == */_apis/git/repositories/parcel/pullrequests* ]]; then
  path=${url#*/_apis/git/repositories/parcel/}
  echo "curl $method ${path%%\?*}" >>"$FORGE/calls"
  [[ $path == *api-version=7.1* ]] || { echo "No api-version was supplied" >&2; exit 22; }
  file=$FORGE/prs.json
  keep() { jq --argjson data "$data" "$1" "$file" >"$file.new"; mv "$file.new" "$file"; }
  number=${path%%\?*} number=${number#pullrequests} number=${number#/}
  case $method in
    GET)
      status=${path#*searchCriteria.status=} branch=${path#*searchCriteria.sourceRefName=}
      jq --arg status "${status%%&*}" --arg branch "${branch%%&*}" \
        '{ value: map(select(.status == $status and .sourceRefName == $branch)) }' "$file"
      ;;
    POST)
      keep '. + [$data + { pullRequestId: (length + 1), status: "active" }]'
      jq '.[-1]' "$file"
      ;;
    PATCH) keep "map(if .pullRequestId == $number then . + \$data else . end)" ;;
  esac
  exit
fi
path=${url#*/api/v4/projects/}
path=${path#*/}
echo "curl $method ${path%%\?*}" >>"$FORGE/calls"
file=$FORGE/issues.json
keep() { jq --argjson data "$data" "$1" "$file" >"$file.new"; mv "$file.new" "$file"; }
case $method in
  GET) cat "$file" ;;
  POST) keep '. + [{ iid: (length + 1), state: "opened", title: $data.title, description: $data.description }]' ;;
  PUT) keep "map(if .iid == ${path#issues/} then .description = \$data.description else . end)" ;;
esac
"#;

/// Knows one release of each tool that is a week old, and runs the goldpath of these tests.
const MISE: &str = r#"#!/usr/bin/env bash
set -euo pipefail
echo "mise $*" >>"$FORGE/calls"
case "$1 $2 $3 ${4:-}" in
  "latest --minimum-release-age 7d cargo:goldpath") echo 99.9.9 ;;
  "latest --minimum-release-age 7d rust") echo 1.0.0 ;;
  "exec rust@"*) shift 5; exec "$BINARY" "$@" ;;
  *) exit 1 ;;
esac
"#;

/// Knows no key and no transparency log: says which image is signed, and writes down what it was asked.
const COSIGN: &str = r#"#!/usr/bin/env bash
echo "cosign $*" >>"$FORGE/calls"
[[ ${!#} == *"@$SIGNED" ]]
"#;

/// Writes down the push options that came with a push.
const POST_RECEIVE: &str = r#"#!/usr/bin/env bash
for ((i = 0; i < ${GIT_PUSH_OPTION_COUNT:-0}; i++)); do
  option=GIT_PUSH_OPTION_$i
  echo "${!option}" >>"$FORGE/options"
done
"#;

const HOME: &str = "forge/acme/parcel.git";
const BRANCH: &str = "refs/heads/goldpath/update";
const PRISTINE: &str = "refs/goldpath/pristine";

/// A repository with its home, a forge around it, and a library that moves on.
struct Forge {
    world: World,
    environment: Vec<(String, String)>,
}

/// How a job ended.
struct Job {
    code: Option<i32>,
    said: String,
}

impl Forge {
    fn new(ci: &str) -> Self {
        Self::on(ci, "github")
    }

    /// With the code on this forge, for Jenkins.
    fn on(ci: &str, code_host: &str) -> Self {
        let world = World::new();
        let forge = Forge { environment: Vec::new(), world };
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("blueprints"), &forge.world.path("library"));
        for (name, text) in [("gh", GH), ("curl", CURL), ("mise", MISE), ("cosign", COSIGN)] {
            forge.executable(&format!("stubs/{name}"), text);
        }
        forge.world.write("forge/prs.json", "[]");
        forge.world.write("forge/issues.json", "[]");
        forge.world.write("forge/calls", "");
        forge.world.write("forge/options", "");
        forge.world.git(".", &["init", "-q", "--bare", "-b", "main", forge.world.path(HOME).to_str().unwrap()]);
        forge.home(&["config", "receive.advertisePushOptions", "true"]);
        forge.executable(&format!("{HOME}/hooks/post-receive"), POST_RECEIVE);
        let (ci_answer, host_answer) = (format!("ci={ci}"), format!("code_host={code_host}"));
        let mut new = vec!["new", "service", "parcel", "--defaults", "--set", &ci_answer, "--set", "cloud=none"];
        if ci == "jenkins" {
            new.extend(["--set", &host_answer]);
        }
        forge.world.run_with(&new, "", &[("GOLDPATH_LIBRARY", forge.path("library").as_str())]).success();
        forge.world.git("parcel", &["remote", "add", "origin", &forge.path(HOME)]);
        forge.world.git("parcel", &["push", "-q", "origin", "main"]);
        let mut forge = forge;
        forge.set("GOLDPATH_LIBRARY", &forge.path("library"));
        forge.set("GOLDPATH", env!("CARGO_BIN_EXE_goldpath"));
        forge.set("FORGE", &forge.path("forge"));
        // What the scripts know as https://gitlab.com is this folder.
        let instead = format!("url.file://{}/.insteadOf", forge.path("forge"));
        forge.world.git(".", &["config", "--global", &instead, "https://gitlab.com/"]);
        if ci == "azure-devops" {
            forge.set("SYSTEM_ACCESSTOKEN", "a-token");
            forge.set("SYSTEM_COLLECTIONURI", &format!("file://{}/", forge.path("forge")));
            forge.world.write("forge/parcel/_git/x", "");
            std::os::unix::fs::symlink(forge.path(HOME), forge.world.path("forge/parcel/_git/parcel")).unwrap();
        }
        if (ci, code_host) == ("jenkins", "gitlab") {
            forge.set("GOLDPATH_TOKEN", "a-token");
        }
        if ci == "gitlab-ci" {
            forge.set("CI_JOB_TOKEN", "a-job-token");
            forge.set("CI_SERVER_URL", &format!("file://{}", forge.path("forge")));
            forge.set("CI_PROJECT_PATH", "acme/parcel");
            forge.set("CI_DEFAULT_BRANCH", "main");
            forge.set("CI_API_V4_URL", "http://gitlab.test/api/v4");
            forge.set("CI_PROJECT_ID", "42");
        }
        forge
    }

    fn path(&self, path: &str) -> String {
        self.world.path(path).to_str().unwrap().to_owned()
    }

    fn set(&mut self, key: &str, value: &str) {
        self.environment.retain(|(known, _)| known != key);
        self.environment.push((key.to_owned(), value.to_owned()));
    }

    fn executable(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.world.write(path, text);
        std::fs::set_permissions(self.world.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn home(&self, arguments: &[&str]) -> String {
        let home = self.path(HOME);
        self.world.git(".", &[&["--git-dir", &home], arguments].concat())
    }

    /// The commit of a ref of the repository's home.
    fn at(&self, name: &str) -> Option<String> {
        self.home(&["for-each-ref", "--format=%(objectname)", name]).lines().next().map(str::to_owned)
    }

    /// The library in a later version, with a file of it edited.
    fn release(&self, version: &str, file: &str, edit: impl Fn(&str) -> String) {
        let manifest = self.world.path("library/service/blueprint.yaml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let before = text.lines().find(|line| line.starts_with("version: ")).unwrap();
        std::fs::write(&manifest, text.replacen(before, &format!("version: {version}"), 1)).unwrap();
        let file = self.world.path(&format!("library/components/{file}"));
        let text = std::fs::read_to_string(&file).unwrap();
        let edited = edit(&text);
        assert_ne!(text, edited);
        std::fs::write(file, edited).unwrap();
    }

    /// Somebody changes a file on a branch of the repository's home.
    fn commit(&self, branch: &str, file: &str, edit: impl Fn(&str) -> String) {
        let clone = self.clone("person", branch);
        let path = self.world.path(&clone).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, edit(&text)).unwrap();
        self.git(&clone, &["add", "-A"]);
        self.git(&clone, &["commit", "-qm", "mine"]);
        self.git(&clone, &["push", "-q", "origin", branch]);
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        self.world.git(&format!("../{folder}"), arguments)
    }

    fn clone(&self, name: &str, branch: &str) -> String {
        let folder = format!("clones/{name}");
        let _ = std::fs::remove_dir_all(self.world.path(&folder));
        // By its address: a clone of a path would bring along what no ref reaches.
        let home = format!("file://{}", self.path(HOME));
        self.world.git(".", &["clone", "-q", "--branch", branch, &home, &self.path(&folder)]);
        folder
    }

    fn script(&self, folder: &str, arguments: &[&str]) -> Job {
        let mut command = Command::new("bash");
        self.world.environment(&mut command);
        let path = format!("{}:{}", self.path("stubs"), std::env::var("PATH").unwrap());
        command.current_dir(self.world.path(folder)).args(arguments).env("PATH", path);
        let output = command.envs(self.environment.iter().cloned()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Job { code: output.status.code(), said }
    }

    /// Both jobs, each in a clone of its own; the files of the first are what the second one gets.
    #[track_caller]
    fn week(&self) -> Job {
        let first = self.clone("prepare", "main");
        for step in ["base", "prepare"] {
            let job = self.script(&first, &["scripts/update.sh", step]);
            assert_eq!(job.code, Some(0), "{step}: {}", job.said);
        }
        assert_eq!(self.git(&first, &["status", "--porcelain"]), "", "only build/ is touched");
        let second = self.clone("propose", "main");
        copy(&self.world.path(&first).join("build"), &self.world.path(&second).join("build"));
        self.script(&second, &["scripts/propose-update.sh"])
    }

    #[track_caller]
    fn fine_week(&self) -> String {
        let job = self.week();
        assert_eq!(job.code, Some(0), "{}", job.said);
        job.said
    }

    fn json(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.world.path(&format!("forge/{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A person closes all that is open.
    fn close(&self, name: &str) {
        let mut items = self.json(name);
        for item in &mut items {
            item["state"] =
                json!(if item["state"] == "opened" || item["state"] == "closed" { "closed" } else { "CLOSED" });
            item["headRefOid"] = json!(self.at(BRANCH));
            item["status"] = json!("abandoned");
            item["lastMergeSourceCommit"] = json!({ "commitId": self.at(BRANCH) });
        }
        self.world.write(&format!("forge/{name}.json"), &json!(items).to_string());
    }

    fn calls(&self) -> String {
        let path = self.world.path("forge/calls");
        let calls = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, "").unwrap();
        calls
    }

    fn options(&self) -> String {
        let path = self.world.path("forge/options");
        let options = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, "").unwrap();
        options
    }
}

fn copy(from: &PathBuf, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

const CONTRIBUTING: &str = "repo/docs/files/CONTRIBUTING.md.jinja";
const WORKFLOW: &str = "ci/github-actions/files/.github/workflows/ci.yaml.jinja";

fn last_line(text: &str, line: &str) -> String {
    format!("{text}{line}\n")
}

#[test]
fn github_gets_one_pull_request_for_each_update() {
    let forge = Forge::new("github-actions");
    assert!(forge.fine_week().contains("up to date"));
    assert_eq!((forge.calls().as_str(), forge.at(BRANCH)), ("", None), "nothing to do, nothing done");

    // An update comes, and the team has edited the same file elsewhere.
    forge.commit("main", "CONTRIBUTING.md", |text| text.replace("# Contributing", "# How we work"));
    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    forge.fine_week();
    let request = &forge.json("prs")[0];
    assert_eq!(request["title"], "Update the golden path: service 0.1.0 to 0.2.0");
    assert_eq!(request["head"], "goldpath/update");
    assert!(request["body"].as_str().unwrap().contains("- merged: `CONTRIBUTING.md`"), "{request}");
    let proposed = forge.home(&["show", &format!("{BRANCH}:CONTRIBUTING.md")]);
    assert!(proposed.starts_with("# How we work\n") && proposed.ends_with("Two.\n"), "{proposed}");
    let first = forge.at(BRANCH);

    // Again: the same request, and no second one.
    forge.calls();
    assert!(forge.fine_week().contains("proposes this already"));
    assert_eq!((forge.calls().as_str(), &forge.at(BRANCH)), ("gh pr list\ngh pr list\n", &first));

    // main moves on: the request is brought up to date.
    forge.commit("main", "CHANGELOG.md", |text| last_line(text, "- More."));
    forge.fine_week();
    assert!(forge.calls().ends_with("gh pr edit\n"));
    assert_eq!(forge.home(&["rev-list", "--count", &format!("main..{BRANCH}")]), "1\n");
    assert_eq!(forge.home(&["rev-list", "--count", &format!("{BRANCH}..main")]), "0\n");
    let second = forge.at(BRANCH);
    assert_ne!(first, second);

    // A person does not want it.
    forge.close("prs");
    forge.commit("main", "CHANGELOG.md", |text| last_line(text, "- And more."));
    assert!(forge.fine_week().contains("proposed and closed"));
    assert_eq!((forge.json("prs").len(), &forge.at(BRANCH)), (1, &second));

    // Another update is another request.
    forge.release("0.3.0", CONTRIBUTING, |text| last_line(text, "Three."));
    forge.fine_week();
    assert_eq!(forge.json("prs").len(), 2);
    assert_eq!(forge.json("prs")[1]["title"], "Update the golden path: service 0.1.0 to 0.3.0");

    // What a person commits on the branch is theirs.
    forge.commit("goldpath/update", "README.md", |text| last_line(text, "By hand."));
    let by_hand = forge.at(BRANCH);
    forge.release("0.4.0", CONTRIBUTING, |text| last_line(text, "Four."));
    assert!(forge.fine_week().contains("theirs to finish"));
    assert_eq!((forge.json("prs").len(), forge.at(BRANCH)), (2, by_hand));

    // It is merged as one commit. What was emitted is in no commit then, and the next update finds it all the same.
    let clone = forge.clone("person", "main");
    forge.git(&clone, &["merge", "-q", "--squash", "origin/goldpath/update"]);
    forge.git(&clone, &["commit", "-qm", "squashed"]);
    forge.git(&clone, &["push", "-q", "origin", "main", ":goldpath/update"]);
    forge.close("prs");
    forge.fine_week();
    assert_eq!(forge.json("prs")[2]["title"], "Update the golden path: service 0.3.0 to 0.4.0");
    let proposed = forge.home(&["show", &format!("{BRANCH}:CONTRIBUTING.md")]);
    assert!(proposed.starts_with("# How we work\n") && proposed.ends_with("Two.\nThree.\nFour.\n"), "{proposed}");
    forge.home(&["update-ref", "-d", PRISTINE]);
    let job = forge.week();
    assert_eq!(job.code, Some(1), "without it there is nothing to merge by: {}", job.said);
    let issue = &forge.json("issues")[0];
    assert_eq!(issue["title"], "The update of the golden path fails");
    assert!(issue["body"].as_str().unwrap().contains("`CONTRIBUTING.md`"), "{issue}");
}

/// GitHub takes changes of workflows from an app, and not from a workflow's own token.
#[test]
fn github_gets_workflows_from_an_app_only() {
    let mut forge = Forge::new("github-actions");
    forge.release("0.2.0", WORKFLOW, |text| text.replace("# What a pull", "# All that a pull"));
    forge.fine_week();
    let issue = &forge.json("issues")[0];
    assert_eq!(issue["title"], "Update the golden path: service 0.1.0 to 0.2.0");
    let body = issue["body"].as_str().unwrap();
    for part in ["- updated: `.github/workflows/ci.yaml`", "update --commit --branch goldpath/update\n"] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert_eq!((forge.json("prs").len(), forge.at(BRANCH)), (0, None));
    forge.set("APP", "the-platform");
    forge.fine_week();
    assert_eq!((forge.json("prs").len(), forge.json("issues").len()), (1, 1));
    assert!(forge.at(BRANCH).is_some());
}

#[test]
fn github_gets_an_issue_for_what_people_have_to_settle() {
    let forge = Forge::new("github-actions");
    forge.commit("main", "CONTRIBUTING.md", |text| last_line(text, "Ours."));
    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    forge.fine_week();
    let issue = &forge.json("issues")[0];
    assert_eq!(issue["title"], "Conflicts in the update of the golden path: service 0.1.0 to 0.2.0");
    let body = issue["body"].as_str().unwrap();
    for part in ["- conflict: `CONTRIBUTING.md`", "update --commit --branch goldpath/update\n", " update --continue\n"]
    {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert_eq!((forge.at(BRANCH), forge.json("prs").len()), (None, 0));
    forge.fine_week();
    assert_eq!(forge.calls(), "gh issue list\ngh issue create\ngh issue list\ngh issue edit\n");
    forge.close("issues");
    assert!(forge.fine_week().contains("was closed"));
    assert_eq!(forge.json("issues").len(), 1);

    // What guardrails deny fails the job, and is said.
    forge.release("0.3.0", WORKFLOW, |text| text.replace("\npermissions: {}\n", "\npermissions: write-all\n"));
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    let issue = &forge.json("issues")[1];
    assert_eq!(issue["title"], "Guardrails deny the update of the golden path");
    assert!(issue["body"].as_str().unwrap().contains("- S17 `.github/workflows/ci.yaml`, line "), "{issue}");
    assert_eq!(forge.at(BRANCH), None);
}

#[test]
fn gitlab_gets_one_merge_request_for_each_update() {
    let mut forge = Forge::new("gitlab-ci");
    assert!(forge.fine_week().contains("up to date"));
    assert_eq!((forge.options().as_str(), forge.at(BRANCH)), ("", None));

    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    forge.fine_week();
    let options = forge.options();
    let lines: Vec<&str> = options.lines().collect();
    assert_eq!(lines[0], "merge_request.create");
    assert!(lines.contains(&"merge_request.target=main"), "{options}");
    assert!(lines.contains(&"merge_request.title=Update the golden path: service 0.1.0 to 0.2.0"), "{options}");
    assert!(options.contains("merge_request.description=updated: CONTRIBUTING.md"), "{options}");
    let first = forge.at(BRANCH);
    assert!(first.is_some() && forge.at(PRISTINE).is_some());

    // Again: nothing is pushed. Once main has moved, the push alone brings it up to date; nothing is opened again.
    assert!(forge.fine_week().contains("proposes this already"));
    assert_eq!((forge.options().as_str(), &forge.at(BRANCH)), ("", &first));
    forge.commit("main", "CHANGELOG.md", |text| last_line(text, "- More."));
    forge.fine_week();
    assert_eq!((forge.options().as_str(), forge.at(BRANCH) == first), ("", false));

    // What can't be proposed fails the job where nobody may write an issue.
    forge.commit("main", "CONTRIBUTING.md", |text| last_line(text, "Ours."));
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    assert!(job.said.contains("- conflict: `CONTRIBUTING.md`"), "{}", job.said);
    assert_eq!(forge.calls(), "");

    forge.set("GOLDPATH_TOKEN", "a-token");
    forge.fine_week();
    forge.fine_week();
    assert_eq!(forge.calls(), "curl GET issues\ncurl POST issues\ncurl GET issues\ncurl PUT issues/1\n");
    let issue = &forge.json("issues")[0];
    assert_eq!(issue["title"], "Conflicts in the update of the golden path: service 0.1.0 to 0.2.0");
    assert!(issue["description"].as_str().unwrap().contains("- conflict: `CONTRIBUTING.md`"), "{issue}");
    forge.close("issues");
    assert!(forge.fine_week().contains("was closed"));

    // Guardrails deny it.
    forge.release("0.3.0", "ci/gitlab-ci/files/.gitlab/ci/verify.yml.jinja", |text| {
        text.replace("    GIT_DEPTH: 0 #", "    CI_DEBUG_TRACE: \"true\" #")
    });
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    let issue = &forge.json("issues")[1];
    assert_eq!(issue["title"], "Guardrails deny the update of the golden path");
    assert!(issue["description"].as_str().unwrap().contains("- S17 `.gitlab/ci/verify.yml`"), "{issue}");
}

#[test]
fn azure_gets_one_pull_request_for_each_update() {
    let mut forge = Forge::new("azure-devops");
    assert!(forge.fine_week().contains("up to date"));
    assert_eq!((forge.json("prs").len(), forge.at(BRANCH)), (0, None));

    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    forge.fine_week();
    let request = &forge.json("prs")[0];
    assert_eq!(request["title"], "Update the golden path: service 0.1.0 to 0.2.0");
    assert_eq!(request["sourceRefName"], BRANCH);
    assert_eq!(request["targetRefName"], "refs/heads/main");
    assert!(request["description"].as_str().unwrap().contains("- updated: `CONTRIBUTING.md`"), "{request}");
    assert!(forge.at(PRISTINE).is_some());
    let first = forge.at(BRANCH);

    // Again, and once main has moved: the same request.
    forge.fine_week();
    assert_eq!((forge.json("prs").len(), &forge.at(BRANCH)), (1, &first));
    forge.commit("main", "CHANGELOG.md", |text| last_line(text, "- More."));
    forge.fine_week();
    assert_eq!((forge.json("prs").len(), forge.at(BRANCH) == first), (1, false));

    // A person abandons it: only another update is proposed.
    forge.close("prs");
    assert!(forge.fine_week().contains("proposed and abandoned"));
    forge.release("0.3.0", CONTRIBUTING, |text| last_line(text, "Three."));
    forge.fine_week();
    assert_eq!(forge.json("prs").len(), 2);

    // What people have to settle, and what guardrails deny, fails the job and stands in its log.
    forge.commit("main", "CONTRIBUTING.md", |text| last_line(text, "Ours."));
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    assert!(job.said.contains("- conflict: `CONTRIBUTING.md`"), "{}", job.said);
    assert!(job.said.contains("##vso[task.logissue type=error]Conflicts in the update"), "{}", job.said);

    // Without the pipeline's token nothing is pushed.
    forge.environment.retain(|(key, _)| key != "SYSTEM_ACCESSTOKEN");
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    assert!(job.said.contains("works in a job of Azure Pipelines only"), "{}", job.said);
}

/// Jenkins proposes on the forge that holds the code, as that forge's own CI does.
#[test]
fn jenkins_proposes_where_the_code_is() {
    let forge = Forge::on("jenkins", "github");
    // No workflow is among the files, so no app is needed.
    forge.release("0.2.0", "ci/jenkins/files/Jenkinsfile.jinja", |text| {
        text.replace("numToKeepStr: '50'", "numToKeepStr: '40'")
    });
    forge.fine_week();
    assert_eq!(forge.json("prs")[0]["title"], "Update the golden path: service 0.1.0 to 0.2.0");
    assert!(forge.home(&["show", &format!("{BRANCH}:Jenkinsfile")]).contains("numToKeepStr: '40'"));
    forge.release("0.3.0", "ci/jenkins/files/Jenkinsfile.jinja", |text| {
        text.replace("@sha256", "")
            .replace("image: <%= pins.images.mise %>", "image: ghcr.io/jdx/mise:2026.10.2-debian")
    });
    let job = forge.week();
    assert_eq!(job.code, Some(1), "{}", job.said);
    let issue = &forge.json("issues")[0];
    assert_eq!(issue["title"], "Guardrails deny the update of the golden path");
    assert!(issue["body"].as_str().unwrap().contains("- S16 `Jenkinsfile`, line "), "{issue}");

    let forge = Forge::on("jenkins", "gitlab");
    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    forge.fine_week();
    let options = forge.options();
    assert!(options.contains("merge_request.title=Update the golden path: service 0.1.0 to 0.2.0\n"), "{options}");
    forge.commit("main", "CONTRIBUTING.md", |text| last_line(text, "Ours."));
    forge.fine_week();
    assert_eq!(forge.calls(), "curl GET issues\ncurl POST issues\n");
}

/// A promotion, and a way back, are a proposal that changes one line, on every forge; and only for what the pipeline signed.
#[test]
fn a_promotion_is_verified_and_changes_one_line() {
    let digest = |text: &str| format!("sha256:{}", text.repeat(32));
    let (old, new) = (digest("0a"), digest("1b"));
    let file = "deploy/kustomize/overlays/dev/image/kustomization.yaml";
    for (ci, host) in
        [("github-actions", ""), ("gitlab-ci", ""), ("azure-devops", ""), ("jenkins", "github"), ("jenkins", "gitlab")]
    {
        let mut forge = Forge::on(ci, host);
        forge.set("SIGNED", &old);
        let with_key = ["jenkins", "azure-devops"].contains(&ci);
        if with_key {
            let clone = forge.clone("job", "main");
            let job = forge.script(&clone, &["scripts/promote.sh", "promote", "dev", &old]);
            assert_eq!(job.code, Some(1), "{ci}: without its public key nothing is checked: {}", job.said);
            assert!(job.said.contains("run 'make signing-key' once"), "{ci}: {}", job.said);
            forge.commit("main", "policy/release.pub", |_| "-----BEGIN PUBLIC KEY-----\n".to_owned());
        }
        let clone = forge.clone("job", "main");
        let refused = forge.script(&clone, &["scripts/promote.sh", "promote", "dev", &new]);
        assert_eq!(refused.code, Some(1), "{ci}: {}", refused.said);
        assert!(refused.said.contains("is not signed by this repository's release pipeline"), "{ci}: {}", refused.said);
        assert_eq!(forge.git(&clone, &["status", "--porcelain"]), "", "{ci}");

        forge.calls();
        let job = forge.script(&clone, &["scripts/promote.sh", "promote", "dev", &old]);
        assert_eq!(job.code, Some(0), "{ci}: {}", job.said);
        let asked = forge.calls();
        let by = if with_key { "--key policy/release.pub" } else { "--certificate-identity https://git" };
        assert!(asked.starts_with(&format!("cosign verify {by}")), "{ci}: {asked}");

        let job = forge.script(&clone, &["scripts/propose.sh", "dev"]);
        assert_eq!(job.code, Some(0), "{ci}: {}", job.said);
        assert_eq!(forge.home(&["diff", "--name-only", "main", "promote/dev"]), format!("{file}\n"), "{ci}");
        assert_eq!(
            forge.home(&["diff", "--shortstat", "main", "promote/dev"]),
            " 1 file changed, 1 insertion(+), 1 deletion(-)\n"
        );
        let title = format!("Promote dev to {}", &old[..19]);
        let proposed = match (ci, host) {
            ("gitlab-ci", _) | (_, "gitlab") => forge.options(),
            _ => json!(forge.json("prs")).to_string(),
        };
        assert!(proposed.contains(&title) && proposed.contains(&old), "{ci}: {proposed}");

        // It is merged, another one follows, and the first one comes back.
        let person = forge.clone("person", "main");
        forge.git(&person, &["merge", "-q", "--squash", "origin/promote/dev"]);
        forge.git(&person, &["commit", "-qm", "promoted"]);
        forge.git(&person, &["push", "-q", "origin", "main"]);
        forge.commit("main", file, |text| text.replace(&old, &new));
        let clone = forge.clone("job", "main");
        assert_eq!(forge.script(&clone, &["scripts/promote.sh", "rollback", "dev"]).code, Some(0), "{ci}");
        let job = forge.script(&clone, &["scripts/propose.sh", "dev"]);
        assert_eq!(job.code, Some(0), "{ci}: {}", job.said);
        assert!(forge.home(&["show", &format!("promote/dev:{file}")]).contains(&old), "{ci}");
    }
}

/// A newer goldpath that was tampered with can't have a commit proposed that stands on anything but main.
#[test]
fn only_one_commit_on_top_of_main_is_proposed() {
    let forge = Forge::new("github-actions");
    forge.release("0.2.0", CONTRIBUTING, |text| last_line(text, "Two."));
    let first = forge.clone("prepare", "main");
    assert_eq!(forge.script(&first, &["scripts/update.sh", "prepare"]).code, Some(0));
    forge.git(&first, &["fetch", "-q", "build/update/bundle", "goldpath/update:goldpath/update"]);
    forge.git(&first, &["switch", "-q", "goldpath/update"]);
    forge.git(&first, &["commit", "-q", "--allow-empty", "-m", "One more"]);
    forge.git(&first, &["bundle", "create", "-q", "build/update/bundle", "^main", "goldpath/update"]);
    forge.git(&first, &["switch", "-q", "main"]);
    let job = forge.script(&first, &["scripts/propose-update.sh"]);
    assert_eq!(job.code, Some(1), "{}", job.said);
    assert!(job.said.contains("is not one commit on top of this one"), "{}", job.said);
    assert_eq!((forge.at(BRANCH), forge.json("prs").len()), (None, 0));
}

/// The newest goldpath is one that has been out for a week, and never older than the one that is pinned.
#[test]
fn the_newest_goldpath_that_is_old_enough_is_run() {
    let mut forge = Forge::new("github-actions");
    forge.environment.retain(|(key, _)| key != "GOLDPATH");
    forge.set("BINARY", env!("CARGO_BIN_EXE_goldpath"));
    let clone = forge.clone("prepare", "main");
    let job = forge.script(&clone, &["scripts/update.sh", "prepare"]);
    assert_eq!(job.code, Some(0), "{}", job.said);
    let ci = std::fs::read_to_string(forge.world.path(&clone).join(".github/workflows/ci.yaml")).unwrap();
    let rust = ci.split_once("install_args: rust@").unwrap().1.split(' ').next().unwrap();
    let with = format!("mise exec rust@{rust} cargo:goldpath@99.9.9 -- goldpath");
    let by_hand = std::fs::read_to_string(forge.world.path(&clone).join("build/update/by-hand.md")).unwrap();
    assert!(by_hand.contains(&format!("\n{with} update --commit --branch goldpath/update\n")), "{by_hand}");
    assert!(forge.calls().contains(&format!("{with} --output json update build/update/copy --defaults")));
}
