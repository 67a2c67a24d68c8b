//! Rebuilds the binary when the embedded library changes: the macro that embeds it can't say so on stable Rust.

fn main() {
    println!("cargo::rerun-if-changed=blueprints");
}
