//! A day, as exceptions expire on one. There is no clock here: today is an argument.

use std::fmt;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (year > 0 && (1..=days).contains(&day)).then_some(Date { year, month, day })
    }

    /// Reads `2026-11-24`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let mut part = |length: usize| {
            let part = parts.next()?;
            (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        if parts.next().is_some() {
            return None;
        }
        Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// The day of a Unix time in UTC.
    pub fn of_unix(seconds: u64) -> Date {
        Date::of_march_days(seconds / 86_400 + 719_468)
    }

    /// The day some days after 0000-03-01, so that the leap day ends the year (H. Hinnant's civil_from_days).
    fn of_march_days(days: u64) -> Date {
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + u64::from(month <= 2);
        Date {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(28),
        }
    }
}

impl Date {
    /// The day some days later.
    #[must_use]
    pub fn plus(self, days: u64) -> Date {
        // Counts as `of_unix` does: H. Hinnant's days_from_civil.
        let (month, day) = (u64::from(self.month), u64::from(self.day));
        let year = u64::from(self.year) - u64::from(month <= 2);
        let (era, of_era) = (year / 400, year % 400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let since_march = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Date::of_march_days(since_march + days)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        assert_eq!(Date::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
        for text in ["2027-02-29", "2027-13-01", "2027-1-1", "27-01-01", "2027-01-01-", "x", ""] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_can_be_added_across_months_and_leap_years() {
        let plus = |text: &str, days| Date::parse(text).unwrap().plus(days).to_string();
        assert_eq!(plus("2026-11-24", 0), "2026-11-24");
        assert_eq!(plus("2026-11-24", 90), "2027-02-22");
        assert_eq!(plus("2028-02-28", 1), "2028-02-29");
        assert_eq!(plus("2027-12-31", 1), "2028-01-01");
    }

    #[test]
    fn a_unix_time_has_a_day() {
        assert_eq!(Date::of_unix(0).to_string(), "1970-01-01");
        assert_eq!(Date::of_unix(1_709_164_800).to_string(), "2024-02-29");
        assert_eq!(Date::of_unix(1_795_478_400).to_string(), "2026-11-24");
    }
}
