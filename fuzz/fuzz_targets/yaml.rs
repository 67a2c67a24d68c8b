//! YAML. What is JSON as well must have the values that it has there.
#![no_main]

use goldpath::document::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(documents) = goldpath_fuzz::read("f.yaml", data, Format::Yaml) else { return };
    let values: Vec<_> = documents.iter().map(goldpath::document::Document::value).collect();
    if let [value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))] = &values[..]
        && let Ok(json) = serde_json::from_slice::<serde_json::Value>(data)
        && let Some(read) = goldpath_fuzz::read("f.json", data, Format::Json)
    {
        assert!(goldpath_fuzz::same(&read[0].value(), &json));
        // A key that is escaped in JSON alone, or a number that YAML takes for text, is none of this oracle's business.
        let plain = data.iter().all(|byte| !matches!(byte, b'\\' | b'e' | b'E' | b'-' | b'.') && byte.is_ascii());
        if plain && data.iter().filter(|byte| byte.is_ascii_digit()).count() < 15 {
            assert_eq!(*value, json);
        }
    }
});
