//! YAML 1.1 timestamps as Python writes them.

use std::fmt::Write;

/// Whether `PyYAML` reads this plain scalar as a date or a time.
pub(crate) fn is_timestamp(text: &str) -> bool {
    parts(text).is_some()
}

/// Returns what Python's `str` makes of the date or time; `None` if there is no such day or time.
pub(crate) fn in_python(text: &str) -> Option<String> {
    let Parts { date, time } = parts(text)?;
    let [year, month, day] = date;
    if !(1..=12).contains(&month) || year == 0 || day == 0 || days(year, month) < day {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    let Some(time) = time else { return Some(out) };
    let [hour, minute, second] = time.clock;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Writing to a string cannot fail.
    let _ = write!(out, " {hour:02}:{minute:02}:{second:02}");
    let micros: String = time
        .fraction
        .chars()
        .chain("000000".chars())
        .take(6)
        .collect();
    if micros.chars().any(|digit| digit != '0') {
        out.push('.');
        out.push_str(&micros);
    }
    if let Some((negative, minutes)) = time.offset {
        if minutes >= 24 * 60 {
            return None;
        }
        let sign = if negative && minutes > 0 { '-' } else { '+' };
        let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    }
    Some(out)
}

struct Parts<'text> {
    date: [u32; 3],
    time: Option<Time<'text>>,
}

struct Time<'text> {
    clock: [u32; 3],
    fraction: &'text str,
    /// Whether the time is behind UTC, and by how many minutes it differs.
    offset: Option<(bool, u32)>,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (year, rest) = number(text, 4, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    let date = [year, month, day];
    if rest.is_empty() {
        // A date without a time has all its digits.
        return (text.len() == 10).then_some(Parts { date, time: None });
    }
    let clock = rest.strip_prefix(['T', 't']).or_else(|| {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        (trimmed.len() < rest.len()).then_some(trimmed)
    })?;
    let (hour, rest) = number(clock, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2, 2)?;
    let (second, mut rest) = number(rest.strip_prefix(':')?, 2, 2)?;
    let mut fraction = "";
    if let Some(digits) = rest.strip_prefix('.') {
        rest = digits.trim_start_matches(|char: char| char.is_ascii_digit());
        fraction = &digits[..digits.len() - rest.len()];
    }
    let zone = rest.trim_start_matches([' ', '\t']);
    let offset = match zone.chars().next() {
        None => None,
        Some('Z') if zone.len() == 1 => Some((false, 0)),
        Some(sign @ ('+' | '-')) => {
            let (hours, rest) = number(&zone[1..], 1, 2)?;
            let (minutes, rest) = match rest.strip_prefix(':') {
                Some(rest) => number(rest, 2, 2)?,
                None => (0, rest),
            };
            if !rest.is_empty() {
                return None;
            }
            Some((sign == '-', hours * 60 + minutes))
        }
        Some(_) => return None,
    };
    // White space may stand before a time zone only.
    if offset.is_none() && !rest.is_empty() {
        return None;
    }
    let time = Time {
        clock: [hour, minute, second],
        fraction,
        offset,
    };
    Some(Parts {
        date,
        time: Some(time),
    })
}

/// Returns the number at the beginning of `text`, of `least` to `most` digits, and the rest.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit);
    let length = digits.count();
    if length < least {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// Returns the number of days of a month in the proleptic Gregorian calendar.
fn days(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_written_as_python_writes_them() {
        for (text, expected) in [
            ("2001-12-14", "2001-12-14"),
            (
                "2001-12-14t21:59:43.10-05:00",
                "2001-12-14 21:59:43.100000-05:00",
            ),
            (
                "2001-12-15 2:59:43.1234567 Z",
                "2001-12-15 02:59:43.123456+00:00",
            ),
            ("2001-1-5 02:59:43", "2001-01-05 02:59:43"),
            ("2001-12-14 21:59:43.0 +5", "2001-12-14 21:59:43+05:00"),
            ("2024-02-29", "2024-02-29"),
        ] {
            assert_eq!(in_python(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in [
            "2023-02-29",
            "2023-13-01",
            "2023-01-01 25:00:00",
            "0000-01-01",
        ] {
            assert!(is_timestamp(text), "{text}");
            assert_eq!(in_python(text), None, "{text}");
        }
    }

    #[test]
    fn texts_that_only_resemble_dates_are_no_timestamps() {
        for text in [
            "2001-1-5",
            "2001-12-14 ",
            "2001-12-14T10:00",
            "20010-1-1",
            "1-2-3",
            "é",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
