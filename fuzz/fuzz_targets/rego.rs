//! Rego and its METADATA: a library loads or says why not, and what loads judges.
#![no_main]

use goldpath::guardrail::{Exceptions, Library};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match Library::load(&goldpath_fuzz::tree([("kubernetes/a.rego", data)])) {
        Ok(library) => {
            let object = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nspec: {a: [1, b, {c: null}]}\n";
            let report = library.evaluate(&goldpath_fuzz::tree([("a.yaml", object.as_bytes())]), &Exceptions::none());
            assert!(report.unread.iter().all(|problem| problem.place.is_some()));
        }
        Err(problems) => assert!(problems.0.iter().all(|problem| problem.place.is_some())),
    }
});
