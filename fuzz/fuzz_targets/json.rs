//! JSON: valid for both or for none, and the same values as serde_json's.
#![no_main]

use goldpath::document::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(documents) = goldpath_fuzz::read("f.json", data, Format::Json) {
        let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
        let expected: serde_json::Value = serde_json::from_slice(data).expect("JSON");
        let found = documents.first().map_or(serde_json::Value::Null, goldpath::document::Document::value);
        assert!(goldpath_fuzz::same(&found, &expected), "{found}\n{expected}");
    }
});
