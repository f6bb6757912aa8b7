//! The types of scalars: YAML 1.2's core schema, and that of `PyYAML`.

use granit_parser::{ScalarStyle, Tag};

use crate::yaml::dialect::Dialect;
use crate::yaml::node::Plain;
use crate::yaml::timestamp;

/// Returns the type of a scalar, or why the dialect's reader refuses it.
pub(crate) fn resolve(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    dialect: Dialect,
) -> Result<Plain, String> {
    let is_plain = style == ScalarStyle::Plain;
    match (dialect, tag) {
        (Dialect::PyYaml, Some(tag)) if !is_non_specific(tag) => tagged_in_python(text, tag),
        (Dialect::PyYaml, _) if is_plain => plain_in_python(text),
        (Dialect::PyYaml, _) => Ok(Plain::String),
        (_, Some(tag)) => Ok(tagged(text, tag)),
        (_, None) if is_plain => Ok(core(text)),
        (_, None) => Ok(Plain::String),
    }
}

/// Returns why the dialect's reader refuses a list or map with this tag.
pub(crate) fn refused_collection(tag: Option<&Tag>, dialect: Dialect) -> Option<String> {
    let tag = tag.filter(|tag| dialect == Dialect::PyYaml && !is_non_specific(tag))?;
    let known = ["map", "seq", "set", "omap", "pairs"];
    let is_known = yaml_name(tag).is_some_and(|name| known.contains(&name.as_str()));
    (!is_known).then(|| unknown(tag))
}

/// Returns the name of a tag that YAML itself defines: `set` for `!!set`.
fn yaml_name(tag: &Tag) -> Option<String> {
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    whole.strip_prefix("tag:yaml.org,2002:").map(str::to_owned)
}

/// Whether the tag is a lone `!`.
fn is_non_specific(tag: &Tag) -> bool {
    format!("{}{}", tag.handle(), tag.suffix()) == "!"
}

fn unknown(tag: &Tag) -> String {
    format!(
        "Prompty knows no tag `{}`; remove it",
        tag.original_handle().to_owned() + tag.suffix()
    )
}

/// Returns the type in YAML 1.2's core schema.
fn core(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        _ => {}
    }
    if let Some(infinity) = infinity(text) {
        return Plain::Float(infinity);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            return i64::from_str_radix(digits, radix)
                .map_or_else(|_| Plain::Float(in_radix(digits, radix)), Plain::Integer);
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_decimal(unsigned) {
        return Plain::String;
    }
    match (text.parse(), text.parse()) {
        (Ok(whole), _) => Plain::Integer(whole),
        (_, Ok(number)) => Plain::Float(number),
        _ => Plain::String,
    }
}

/// Whether the text is digits with at most one point and an exponent: `1`, `1.`, `.5`, `1e3`.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_is_valid = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    whole.len() + fraction.len() > 0 && digits(whole) && digits(fraction) && exponent_is_valid
}

fn infinity(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_infinity = matches!(unsigned, ".inf" | ".Inf" | ".INF");
    is_infinity.then_some(if text.starts_with('-') {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    })
}

fn in_radix(digits: &str, radix: u32) -> f64 {
    let values = digits.chars().filter_map(|digit| digit.to_digit(radix));
    values.fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit))
}

/// Returns the type of a scalar with a tag; one that does not fit its tag is a text.
fn tagged(text: &str, tag: &Tag) -> Plain {
    let found = core(text);
    let fits = match yaml_name(tag).as_deref() {
        Some("null") => matches!(found, Plain::Null),
        Some("bool") => matches!(found, Plain::Bool(_)),
        Some("int") => {
            let point = text.contains(['.', 'e', 'E']) && !text.starts_with("0x");
            matches!(found, Plain::Integer(_) | Plain::Float(_)) && !point
        }
        Some("float") => matches!(found, Plain::Float(_)),
        _ => false,
    };
    if fits { found } else { Plain::String }
}

/// Returns the type that `PyYAML` gives a plain scalar.
fn plain_in_python(text: &str) -> Result<Plain, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Plain::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Plain::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Plain::Float(f64::NAN),
        "=" => return Err("Prompty refuses a lone `=`; put it in quotes".to_owned()),
        _ if is_python_int(text) => python_int(text)?,
        _ if is_python_float(text) => python_float(text)?,
        _ if timestamp::is_timestamp(text) => python_timestamp(text)?,
        _ => infinity(text).map_or(Plain::String, Plain::Float),
    })
}

fn tagged_in_python(text: &str, tag: &Tag) -> Result<Plain, String> {
    match yaml_name(tag).as_deref() {
        Some("str" | "binary") => Ok(Plain::String),
        Some("null") => Ok(Plain::Null),
        Some("bool") => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Plain::Bool(true)),
            "no" | "false" | "off" => Ok(Plain::Bool(false)),
            _ => Err(format!(
                "`{text}` is no truth value; remove the tag `!!bool`"
            )),
        },
        Some("int") => python_int(text),
        Some("float") => python_float(text),
        Some("timestamp") => python_timestamp(text),
        _ => Err(unknown(tag)),
    }
}

fn python_timestamp(text: &str) -> Result<Plain, String> {
    match timestamp::in_python(text) {
        Some(_) => Ok(Plain::Timestamp),
        None => Err(format!(
            "Prompty reads `{text}` as a date or time, and there is none such; put it in quotes"
        )),
    }
}

/// Splits `1:30:5` at its colons if each later part has one or two digits below 60.
fn sexagesimal(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text.split(':').collect();
    let (_, later) = parts.split_first()?;
    let below_sixty = |part: &&str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    };
    (!later.is_empty() && later.iter().all(below_sixty)).then_some(parts)
}

/// Whether `text` begins with a digit of `digits`, and all are of these or underscores.
fn is_run(text: &str, digits: &str) -> bool {
    text.starts_with(|char| digits.contains(char)) && all_of(text, digits)
}

fn all_of(text: &str, digits: &str) -> bool {
    text.chars()
        .all(|char| char == '_' || digits.contains(char))
}

const DECIMAL: &str = "0123456789";

fn is_python_int(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(digits) = text.strip_prefix("0b") {
        return !digits.is_empty() && all_of(digits, "01");
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && all_of(digits, "0123456789abcdefABCDEF");
    }
    if let Some(digits) = text.strip_prefix('0') {
        return all_of(digits, "01234567");
    }
    let first = sexagesimal(text).and_then(|parts| parts.first().copied());
    is_run(first.unwrap_or(text), DECIMAL)
}

fn is_python_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some((minutes, fraction)) = unsigned.rsplit_once('.')
        && let Some(parts) = sexagesimal(minutes)
    {
        return is_run(parts.first().unwrap_or(&""), DECIMAL) && all_of(fraction, DECIMAL);
    }
    let Some((whole, rest)) = unsigned.split_once('.') else {
        return false;
    };
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let exponent_is_valid = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let mantissa_is_valid = if whole.is_empty() {
        unsigned.len() == text.len() && is_run(fraction, DECIMAL)
    } else {
        is_run(whole, DECIMAL) && all_of(fraction, DECIMAL)
    };
    mantissa_is_valid && exponent_is_valid
}

/// Returns the integer; one that does not fit in 64 bits stays a text, which renders the same.
fn python_int(text: &str) -> Result<Plain, String> {
    let plain = text.replace('_', "");
    let (is_negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let parse = |digits: &str, radix: u32| {
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(format!("`{text}` is no whole number; put it in quotes"));
        }
        Ok(i128::from_str_radix(digits, radix).ok())
    };
    let number = if digits == "0" {
        Some(0)
    } else if let Some(digits) = digits.strip_prefix("0b") {
        parse(digits, 2)?
    } else if let Some(digits) = digits.strip_prefix("0x") {
        parse(digits, 16)?
    } else if digits.starts_with('0') {
        parse(digits, 8)?
    } else if digits.contains(':') {
        let mut sum = Some(0_i128);
        for part in digits.split(':') {
            let part = parse(part, 10)?;
            let scaled = sum.and_then(|sum| sum.checked_mul(60));
            sum = scaled
                .zip(part)
                .and_then(|(sum, part)| sum.checked_add(part));
        }
        sum
    } else {
        parse(digits, 10)?
    };
    let signed = number.map(|number| if is_negative { -number } else { number });
    let fitting = signed.and_then(|number| i64::try_from(number).ok());
    Ok(fitting.map_or(Plain::String, Plain::Integer))
}

fn python_float(text: &str) -> Result<Plain, String> {
    let plain = text.replace('_', "").to_lowercase();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let refused = || format!("`{text}` is no number; put it in quotes");
    let number = match digits {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ if digits.contains(':') => {
            let mut parts = digits.split(':').map(str::parse::<f64>);
            // A part counts sixty times as much as the next.
            let sum = parts.try_fold(0.0, |sum, part| part.map(|part| sum * 60.0 + part));
            sum.map_err(|_| refused())?
        }
        _ => digits.parse().map_err(|_| refused())?,
    };
    Ok(Plain::Float(sign * number))
}

#[cfg(test)]
mod tests;
