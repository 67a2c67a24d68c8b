//! Prints the drift of a repository and nothing else: the part of `goldpath check` that `scripts/bench` holds against
//! `git status`.
//!
//! `cargo run --example drift -- FOLDER`

use std::error::Error;
use std::path::PathBuf;

use goldpath::ops::drift::drift;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a repository")?);
    let found = drift(&folder).map_err(|failure| format!("{failure:?}"))?;
    for drift in &found {
        println!("{} {}", drift.path, drift.told());
    }
    println!("{} files", found.len());
    Ok(())
}
