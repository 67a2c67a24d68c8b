//! goldpath, a golden-path project scaffolder.
pub mod diag;
pub mod template;
pub mod tree;
pub mod yaml;
