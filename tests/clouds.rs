//! The clouds of the `service` blueprint: their Terraform modules have one interface, and a pipeline that hands over a token
//! and a role gets the credentials of that cloud.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use common::World;

const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

/// What the clouds call the same thing, and `-` where one has no such thing: aws, azure, gcp.
const WORDS: [[&str; 3]; 21] = [
    ["account_id", "subscription_id", "project_id"],
    ["alert_topic_arn", "action_group_id", "notification_channel"],
    ["apply_role_arn", "apply_client_id", "apply_service_account"],
    ["cluster_name", "cluster_oidc_issuer", "cluster_project"],
    ["kms_key_arn", "-", "kms_key_id"],
    ["log_group_name", "log_workspace_name", "log_bucket_name"],
    ["path", "-", "path"],
    ["permissions_boundary_arn", "-", "-"],
    ["plan_role_arn", "plan_client_id", "plan_service_account"],
    ["secret_arns", "secret_ids", "secret_ids"],
    ["workload_role_arn", "workload_client_id", "workload_principal"],
    // Azure and Google Cloud know no default for where things are, and Azure none for tags.
    ["-", "location", "region"],
    ["-", "resource_group_name", "-"],
    ["-", "tags", "-"],
    ["-", "tenant_id", "-"],
    // In Azure the vault is the container of all secrets, and its firewall the border around them.
    ["-", "key_vault_uri", "-"],
    ["-", "network", "-"],
    ["-", "-", "project_number"],
    ["-", "-", "billing_account"],
    ["-", "-", "log_writer"],
    // The role of the pods is bounded in AWS; elsewhere it is granted by the foundation, which so has to know the service.
    ["service", "service", "service"],
];

/// An emitted repository for each cloud.
struct Lab {
    world: World,
}

impl Lab {
    fn new() -> Self {
        let world = World::new();
        for cloud in CLOUDS {
            let choice = format!("cloud={cloud}");
            world
                .run(&["new", "service", cloud, "--defaults", "--set", "name=payments-api", "--set", &choice])
                .success();
        }
        Lab { world }
    }

    /// The blocks of a kind (`variable`, `output`) in a file: what each is, without its description and checks.
    fn blocks(&self, cloud: &str, file: &str, kind: &str) -> BTreeMap<String, String> {
        let text = self.world.read(&format!("{cloud}/infra/modules/{file}"));
        let mut found = BTreeMap::new();
        for block in text.split(&format!("\n{kind} ")).map(|block| block.trim_start_matches(&format!("{kind} "))) {
            let Some((name, body)) = block.strip_prefix('"').and_then(|block| block.split_once("\" {\n")) else {
                continue;
            };
            let told =
                |line: &&str| ["  type ", "  default ", "  nullable "].iter().any(|setting| line.starts_with(setting));
            let settings = body.lines().filter(told).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            found.insert(name.to_owned(), settings.collect::<Vec<_>>().join("; "));
        }
        assert!(!found.is_empty(), "{cloud}: no {kind} in {file}");
        found
    }
}

/// Its name in AWS, or its own where AWS has no such thing.
fn common_name(cloud: usize, name: &str) -> String {
    let row = WORDS.iter().find(|row| row[cloud] == name);
    row.map_or(name, |row| if row[0] == "-" { name } else { row[0] }).to_owned()
}

/// Whether only some of the clouds have it, by the table.
fn of_some(cloud: usize, name: &str) -> bool {
    WORDS.iter().any(|row| row[cloud] == name && row.contains(&"-"))
}

#[test]
fn modules_have_one_interface_in_all_clouds() {
    let lab = Lab::new();
    let interface = |cloud: usize, file: &str, kind: &str| -> BTreeMap<String, String> {
        let blocks = lab.blocks(CLOUDS[cloud], file, kind).into_iter();
        blocks.filter(|(name, _)| !of_some(cloud, name)).map(|(name, what)| (common_name(cloud, &name), what)).collect()
    };
    // Objects whose attributes are the cloud's: what they are for is the same.
    let own_type: BTreeSet<&str> = ["oidc", "state"].into();
    // The pods' role is made by `service` in AWS, and granted by `foundation` elsewhere.
    let moved: BTreeSet<&str> = ["cluster_name", "service", "workload_role_arn"].into();

    for module in ["foundation", "service"] {
        for (kind, file) in [("variable", "variables.tf"), ("output", "outputs.tf")] {
            let file = format!("{module}/{file}");
            let mut theirs: Vec<_> = (0..CLOUDS.len()).map(|cloud| interface(cloud, &file, kind)).collect();
            for one in &mut theirs {
                one.retain(|name, _| !moved.contains(name.as_str()));
                for (name, what) in one.iter_mut() {
                    if own_type.contains(name.as_str()) {
                        *what = String::new();
                    }
                }
            }
            assert_eq!(theirs[0], theirs[1], "{file}: {kind}s of {} and {}", CLOUDS[0], CLOUDS[1]);
            assert_eq!(theirs[0], theirs[2], "{file}: {kind}s of {} and {}", CLOUDS[0], CLOUDS[2]);
        }
    }
    for (cloud, name) in CLOUDS.iter().enumerate() {
        let all = |kind, file: &str| -> BTreeSet<String> {
            let modules = ["foundation", "service"].into_iter();
            modules.flat_map(|module| interface(cloud, &format!("{module}/{file}"), kind).into_keys()).collect()
        };
        assert!(all("variable", "variables.tf").contains("cluster_name"), "{name}");
        assert!(all("output", "outputs.tf").contains("workload_role_arn"), "{name}");
    }
}

/// Runs the emitted script with a `terraform` that only tells what it was called with.
fn script(world: &World, cloud: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let bin = world.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = bin.join("terraform");
    fs::write(&program, "#!/bin/sh\necho \"terraform $*\"\nenv | grep -E '^(ARM|AWS|GOOGLE)_' | sort\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("scripts/terraform-env.sh");
    // Nothing of the machine that the test runs on may pass for what the script has set.
    command.current_dir(world.work().join(cloud)).args(arguments).env_clear().env("PATH", path);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn fill_in(world: &World, cloud: &str, settings: &str, who: &str) {
    let folder = format!("work/{cloud}/infra/environments/prod");
    world.write(&format!("{folder}/terraform.tfvars"), settings);
    if !who.is_empty() {
        world.write(&format!("{folder}/ci.hcl"), who);
    }
    world.write(&format!("work/{cloud}/token"), "a token");
}

const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";
const TENANT: &str = "66666666-7777-8888-9999-000000000000";

#[test]
fn a_pipelines_token_becomes_the_clouds_credentials() {
    let lab = Lab::new();
    let world = &lab.world;
    fill_in(world, "aws", "account_id   = \"123456789012\"\ncluster_name = \"cluster\"\n", "");
    fill_in(
        world,
        "azure",
        &format!("subscription_id = \"{SUBSCRIPTION}\"\ntenant_id = \"{TENANT}\"\n"),
        "apply_client_id = \"apply-id\"\nplan_client_id  = \"plan-id\"\n",
    );
    let provider = "projects/123456789012/locations/global/workloadIdentityPools/ci-0/providers/oidc";
    fill_in(
        world,
        "gcp",
        "project_id = \"example-project\"\nproject_number = \"123456789012\"\nbilling_account = \"0A1B2C-3D4E5F-678901\"\n",
        &format!(
            "apply_service_account = \"apply@example\"\nplan_service_account = \"plan@example\"\nworkload_identity_provider = \"{provider}\"\n"
        ),
    );

    for (cloud, id, state) in [
        ("aws", "123456789012", "bucket=payments-api-tfstate-123456789012"),
        // printf payments-api/11111111-2222-3333-4444-555555555555 | sha1sum
        ("azure", SUBSCRIPTION, "storage_account_name=tfstateeb4a0c62aa84cbd7a"),
        ("gcp", "example-project", "bucket=payments-api-tfstate-123456789012"),
    ] {
        assert_eq!(lines(&script(world, cloud, &["account", "prod"], &[])), [id]);
        assert_eq!(lines(&script(world, cloud, &["account", "dev"], &[])), [""], "{cloud}: nothing is filled in");

        // A person is logged in: the script adds nothing to that.
        let by_hand = lines(&script(world, cloud, &["init", "prod"], &[]));
        let init = format!(
            "terraform -chdir=infra/environments/prod init -input=false -lockfile=readonly -reconfigure -backend-config={state}"
        );
        assert_eq!(by_hand, [init.as_str()], "{cloud}");

        let unfilled = script(world, cloud, &["init", "dev"], &[]);
        assert!(
            !unfilled.status.success()
                && String::from_utf8_lossy(&unfilled.stderr).contains("terraform.tfvars: fill in ")
        );
        let no_role = script(world, cloud, &["init", "prod"], &[("OIDC_TOKEN_FILE", "token")]);
        assert!(
            !no_role.status.success() && String::from_utf8_lossy(&no_role.stderr).starts_with("Set ROLE"),
            "{no_role:?}"
        );
        let no_token = script(world, cloud, &["init", "prod"], &[("OIDC_TOKEN_FILE", "absent"), ("ROLE", "plan")]);
        assert!(!no_token.status.success() && String::from_utf8_lossy(&no_token.stderr).contains("no token in it"));
    }

    let run = |cloud: &str, role: &str| -> Vec<String> {
        let token = [("OIDC_TOKEN_FILE", "token"), ("ROLE", role), ("RUN", "42")];
        let told = lines(&script(world, cloud, &["init", "prod"], &token));
        let root = fs::canonicalize(world.work().join(cloud)).unwrap();
        told[1..].iter().map(|line| line.replace(root.to_str().unwrap(), "ROOT")).collect()
    };
    assert_eq!(
        run("aws", "plan"),
        [
            "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/payments-api-prod-plan",
            "AWS_ROLE_SESSION_NAME=plan-42",
            "AWS_WEB_IDENTITY_TOKEN_FILE=ROOT/token",
        ]
    );
    for role in ["plan", "apply"] {
        assert_eq!(
            run("azure", role),
            [
                format!("ARM_CLIENT_ID={role}-id"),
                "ARM_OIDC_TOKEN_FILE_PATH=ROOT/token".to_owned(),
                format!("ARM_SUBSCRIPTION_ID={SUBSCRIPTION}"),
                format!("ARM_TENANT_ID={TENANT}"),
                "ARM_USE_CLI=false".to_owned(),
                "ARM_USE_OIDC=true".to_owned(),
            ]
        );
        let file = "GOOGLE_APPLICATION_CREDENTIALS=ROOT/build/google-credentials.json".to_owned();
        assert_eq!(run("gcp", role), [file, format!("GOOGLE_REQUEST_REASON={role}-42")]);
        let credentials: serde_json::Value =
            serde_json::from_str(&world.read("gcp/build/google-credentials.json")).unwrap();
        assert_eq!(credentials["type"], "external_account");
        assert_eq!(credentials["audience"], format!("//iam.googleapis.com/{provider}"));
        assert!(credentials["credential_source"]["file"].as_str().unwrap().ends_with("/gcp/token"));
        let account = credentials["service_account_impersonation_url"].as_str().unwrap();
        assert!(account.ends_with(&format!("/serviceAccounts/{role}@example:generateAccessToken")), "{account}");
    }
}
