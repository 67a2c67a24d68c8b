//! TOML: the same values as the toml crate's own.
#![no_main]

use goldpath::document::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(documents) = goldpath_fuzz::read("f.toml", data, Format::Toml) {
        let text = std::str::from_utf8(data).expect("UTF-8");
        let table: toml::Table = text.parse().expect("TOML");
        let found = documents[0].value();
        assert_eq!(found.as_object().expect("a table").len(), table.len());
        for (key, value) in &table {
            match value {
                toml::Value::String(text) => assert_eq!(found[key], **text),
                toml::Value::Integer(number) => assert_eq!(found[key], *number),
                toml::Value::Boolean(flag) => assert_eq!(found[key], *flag),
                toml::Value::Array(items) => assert_eq!(found[key].as_array().expect("a list").len(), items.len()),
                toml::Value::Table(inner) => assert_eq!(found[key].as_object().expect("a map").len(), inner.len()),
                toml::Value::Float(_) | toml::Value::Datetime(_) => {}
            }
        }
    }
});
