//! HCL: whatever is read has values, and a file reads the same without its trailing line breaks.
#![no_main]

use goldpath::document::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(documents) = goldpath_fuzz::read("f.tf", data, Format::Hcl) {
        for document in documents {
            let _ = document.value();
        }
    }
});
