//! The header of W3C Trace Context.

/// Returns the trace id of a traceparent header, if the header is valid: version, trace id, parent id, flags. A later
/// version than 00 may append fields.
pub fn trace_id(header: &str) -> Option<&str> {
    let mut fields = header.splitn(5, '-');
    let (version, trace, parent, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let more = fields.next().is_some();
    let valid = is_hex(version, 2)
        && version != "ff"
        && (version != "00" || !more)
        && is_id(trace, 32)
        && is_id(parent, 16)
        && is_hex(flags, 2);
    valid.then_some(trace)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn valid_headers() {
        for header in [format!("00-{ID}-00f067aa0ba902b7-01"), format!("01-{ID}-00f067aa0ba902b7-01-more")] {
            assert_eq!(trace_id(&header), Some(ID), "{header}");
        }
    }

    #[test]
    fn invalid_headers() {
        for header in [
            String::new(),
            "hello\n{}".to_owned(),
            format!("00-{ID}-00f067aa0ba902b7"),
            format!("ff-{ID}-00f067aa0ba902b7-01"),
            format!("00-{ID}-00f067aa0ba902b7-01-more"),
            format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{ID}-0000000000000000-01"),
            format!("00-{ID}x-00f067aa0ba902b7-01"),
            format!("00-{ID}-00f067aa0ba902b7-1"),
        ] {
            assert_eq!(trace_id(&header), None, "{header}");
        }
    }
}
