//! Terraform's JSON syntax, as far as it goes beyond what policies judge.
//!
//! A policy finds blocks by their labels, as in `resource.aws_s3_bucket.logs`. JSON also allows lists above the labels, which
//! would hide what is in them, so such a file is not read.

use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::document::{Content, Node};

/// Types of blocks, and how many labels each has.
const LABELS: [(&str, usize); 6] =
    [("resource", 2), ("data", 2), ("module", 1), ("provider", 1), ("variable", 1), ("output", 1)];

/// Whether a path is one of a configuration in JSON.
pub(super) fn is_json(path: &str) -> bool {
    path.ends_with(".tf.json")
}

/// # Errors
/// Every list that stands above a label.
pub(super) fn labelled(file: &str, root: &Node) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::new();
    for (kind, labels) in LABELS {
        let mut level: Vec<&Node> = root.get(kind).into_iter().collect();
        for _ in 0..labels {
            for node in level.iter().filter(|node| matches!(node.content, Content::List(_))) {
                problems.push(
                    Diagnostic::error(format!("a list stands above the labels of `{kind}`"))
                        .place(Place::line(file, node.spot.line))
                        .hint("write objects by label, as in {\"resource\": {\"aws_s3_bucket\": {\"logs\": {…}}}}"),
                );
            }
            level = level.into_iter().flat_map(Node::entries).map(|(_, node)| node).collect();
        }
    }
    problems.into_result(())
}
