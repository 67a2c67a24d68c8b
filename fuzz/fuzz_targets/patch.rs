//! Patches, strategic and JSON: the first part is the object, the second the patch, for any object of that kind.
#![no_main]

use goldpath::guardrail::kustomize;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut parts = goldpath_fuzz::parts(&text);
    let (Some(object), Some(patch)) = (parts.next(), parts.next()) else { return };
    let kustomization = "resources: [object.yaml]\npatches: [{path: patch.yaml, target: {name: '.*'}}, {path: patch.yaml}]\n";
    let tree = goldpath_fuzz::tree([
        ("kustomization.yaml", kustomization.as_bytes()),
        ("object.yaml", object.as_bytes()),
        ("patch.yaml", patch.as_bytes()),
    ]);
    for document in kustomize::render(&tree).documents() {
        let _ = document.value();
    }
});
