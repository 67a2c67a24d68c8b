//! `--policy`, as several commands have it.

use super::config::Config;
use crate::ops::Failure;
use crate::ops::sources::Listed;

/// Policies besides the library's.
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    /// Ask these policies as well: a folder, or gh:org/repo//folder@v1.2.0 and other git sources; `policies:` in
    /// goldpath.yaml and in ~/.config/goldpath/config.yaml name more
    #[arg(long = "policy", value_name = "SOURCE")]
    policies: Vec<String>,
}

impl PolicyArgs {
    /// What the command line and the user's configuration name.
    ///
    /// # Errors
    /// A configuration that can't be read.
    pub fn named(&self) -> Result<Vec<Listed>, Failure> {
        let mut named: Vec<Listed> = self.policies.iter().map(|source| Listed::by_hand(source)).collect();
        named.extend(Config::read()?.policies);
        Ok(named)
    }
}
