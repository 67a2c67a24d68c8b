//! Kustomizations of a small tree: the parts of the input are the files.
#![no_main]

use goldpath::guardrail::kustomize;
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 7] = [
    "base/kustomization.yaml",
    "base/deployment.yaml",
    "base/patch.yaml",
    "dev/kustomization.yaml",
    "dev/patch.yaml",
    "c/kustomization.yaml",
    "kustomization.yaml",
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let files = PATHS.into_iter().zip(goldpath_fuzz::parts(&text).map(str::as_bytes));
    let tree = goldpath_fuzz::tree(files);
    let rendered = kustomize::render(&tree);
    for document in rendered.documents() {
        let _ = document.value();
    }
    // Whatever is claimed is in the tree, and nothing is kept from judgement without a word.
    for path in &rendered.claimed {
        assert!(tree.get(path).is_some(), "{path}");
    }
    for problem in rendered.all_problems() {
        assert!(problem.place.is_some(), "{problem}");
    }
});
