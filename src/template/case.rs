//! Case filters: one answer, spelled as each language wants it.

use minijinja::Environment;

/// The words of a name: split at everything that is no letter or digit, and where case rises.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    let mut open = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            open = false;
        } else {
            let rises = c.is_uppercase() && previous.is_some_and(|p| p.is_lowercase() || p.is_numeric());
            if !open || rises {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
            open = true;
        }
        previous = Some(c);
    }
    words
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `payments_api`
pub fn snake(text: &str) -> String {
    words(text).join("_")
}

/// `payments-api`
pub fn kebab(text: &str) -> String {
    words(text).join("-")
}

/// `PaymentsApi`
pub fn pascal(text: &str) -> String {
    words(text).iter().map(|word| capitalised(word)).collect()
}

/// `paymentsApi`
pub fn camel(text: &str) -> String {
    let words = words(text);
    let rest = words.iter().skip(1).map(|word| capitalised(word));
    words.iter().take(1).cloned().chain(rest).collect()
}

/// `PAYMENTS_API`
pub fn screaming(text: &str) -> String {
    snake(text).to_uppercase()
}

/// `Payments Api`
pub fn title(text: &str) -> String {
    words(text).iter().map(|word| capitalised(word)).collect::<Vec<_>>().join(" ")
}

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("snake", |text: &str| snake(text));
    environment.add_filter("kebab", |text: &str| kebab(text));
    environment.add_filter("pascal", |text: &str| pascal(text));
    environment.add_filter("camel", |text: &str| camel(text));
    environment.add_filter("screaming", |text: &str| screaming(text));
    environment.add_filter("title", |text: &str| title(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_of_one_name() {
        for name in ["payments-api", "payments_api", "PaymentsApi", "payments api", "paymentsApi"] {
            assert_eq!(snake(name), "payments_api", "{name}");
            assert_eq!(kebab(name), "payments-api", "{name}");
            assert_eq!(pascal(name), "PaymentsApi", "{name}");
            assert_eq!(camel(name), "paymentsApi", "{name}");
            assert_eq!(screaming(name), "PAYMENTS_API", "{name}");
            assert_eq!(title(name), "Payments Api", "{name}");
        }
        assert_eq!(pascal("s3-sync2-v10"), "S3Sync2V10");
        assert_eq!(snake(""), "");
    }
}
