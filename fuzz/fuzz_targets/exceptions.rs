//! Exceptions: read or refused, and what is read has every field.
#![no_main]

use goldpath::guardrail::{Date, Exceptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let today = Date::new(2026, 11, 24).expect("a day");
    match Exceptions::parse(data, "exceptions.yaml", today) {
        Ok(found) => {
            for entry in &found.entries {
                let fields = [&entry.rule, &entry.path, &entry.owner, &entry.reason];
                assert!(fields.iter().all(|field| !field.is_empty()));
            }
            assert!(found.expired.iter().all(|index| *index < found.entries.len()));
        }
        Err(problems) => assert!(problems.has_errors()),
    }
});
