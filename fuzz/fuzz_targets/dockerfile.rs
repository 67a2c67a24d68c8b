//! Dockerfiles: a list of commands, none of which is empty.
#![no_main]

use goldpath::document::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(documents) = goldpath_fuzz::read("Dockerfile", data, Format::Dockerfile) {
        let value = documents[0].value();
        let commands = value.as_array().expect("a list");
        assert!(!commands.is_empty());
        for command in commands {
            assert!(command["Cmd"].as_str().is_some_and(|name| !name.is_empty()));
        }
    }
});
