//! Parses lists such as `1..15` and `6,12`.

/// Parses `0..29` (both included), `6,12`, or one number.
pub(super) fn layers(text: &str) -> Result<Vec<usize>, String> {
    let number = |text: &str| {
        text.trim()
            .parse::<usize>()
            .map_err(|_| format!("'{text}' is not a layer (0, 1, 2, …)"))
    };
    if let Some((first, last)) = text.split_once("..") {
        let (first, last) = (number(first)?, number(last)?);
        return span(first, last).map(Iterator::collect);
    }
    let listed: Result<Vec<usize>, String> = text.split(',').map(number).collect();
    Ok(once(listed?))
}

/// Parses `1..15` (both included, in steps of 1), `1,3,6`, or one number; numbers may be negative.
pub(super) fn taus(text: &str) -> Result<Vec<f64>, String> {
    if let Some((first, last)) = text.split_once("..") {
        let number = |text: &str| {
            text.trim()
                .parse::<i64>()
                .map_err(|_| format!("'{text}' is not a whole number"))
        };
        let (first, last) = (number(first)?, number(last)?);
        return span(first, last).map(|range| range.map(|n| n as f64).collect());
    }
    let number = |text: &str| match text.trim().parse::<f64>() {
        Ok(tau) if tau.is_finite() => Ok(tau),
        _ => Err(format!("'{text}' is not a finite number")),
    };
    let listed: Result<Vec<f64>, String> = text.split(',').map(number).collect();
    Ok(once(listed?))
}

/// Returns the values in order, without repetitions.
fn once<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// The most values of a range, so that a typo does not start endless work.
const MOST: i128 = 10_000;

fn span<T>(first: T, last: T) -> Result<std::ops::RangeInclusive<T>, String>
where
    T: Copy + PartialOrd + std::fmt::Display + TryInto<i128>,
{
    let width = match (first.try_into(), last.try_into()) {
        (Ok(first), Ok(last)) => last - first,
        _ => MOST,
    };
    if width < 0 {
        return Err(format!(
            "{first}..{last} is empty: the second number is smaller"
        ));
    }
    if width >= MOST {
        return Err(format!("{first}..{last} has more than {MOST} values"));
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_both_ends() {
        assert_eq!(layers("0..3"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(layers("6,12"), Ok(vec![6, 12]));
        assert_eq!(taus("1..3"), Ok(vec![1.0, 2.0, 3.0]));
        assert_eq!(taus("-2..0"), Ok(vec![-2.0, -1.0, 0.0]));
        assert_eq!(taus("1,2.5,-3,1"), Ok(vec![1.0, 2.5, -3.0]));
        assert_eq!(layers("5,5,2"), Ok(vec![5, 2]));
    }

    #[test]
    fn invalid_lists_are_rejected() {
        for text in [
            "",
            "3..1",
            "a",
            "1..",
            "0..99999999999999999999",
            "0..100000",
        ] {
            assert!(layers(text).is_err(), "{text}");
        }
        for text in ["nan", "inf", "1,,2", "5..1", "1..1e9"] {
            assert!(taus(text).is_err(), "{text}");
        }
    }
}
