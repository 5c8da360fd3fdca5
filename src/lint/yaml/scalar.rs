//! What an unquoted scalar means to `kubectl`: YAML 1.1 as go-yaml has it, where `yes`, `on` and `y` are booleans. Pure.

use serde_json::Number;

use super::Yaml;

const TRUE: [&str; 11] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
];
const FALSE: [&str; 11] = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const NOT_FINITE: [&str; 6] = [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"];

/// Reads an unquoted scalar.
///
/// # Errors
/// A message, for a number that JSON cannot hold.
pub(super) fn resolve(text: &str) -> Result<Yaml, &'static str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    Ok(if NULL.contains(&text) {
        Yaml::Null
    } else if TRUE.contains(&text) {
        Yaml::Bool(true)
    } else if FALSE.contains(&text) {
        Yaml::Bool(false)
    } else if NOT_FINITE.contains(&unsigned) {
        return Err("a number must be finite; put quotes around a text");
    } else if let Some(number) = number(text) {
        Yaml::Number(number)
    } else {
        Yaml::Text(text.to_owned())
    })
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

fn integer(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let prefixed = |lower: &str, upper: &str| {
        digits
            .strip_prefix(lower)
            .or_else(|| digits.strip_prefix(upper))
    };
    let (radix, digits) = if let Some(digits) = prefixed("0x", "0X") {
        (16, digits)
    } else if let Some(digits) = prefixed("0b", "0B") {
        (2, digits)
    } else if let Some(digits) = prefixed("0o", "0O") {
        (8, digits)
    } else if let Some(digits) = digits.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        (8, digits)
    } else {
        (10, digits)
    };
    // `from_str_radix` would take a second sign.
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if is_negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else {
        Some(Number::from(magnitude))
    }
}

/// `[-+]?(.D+|D+(.D*)?)([eE][-+]?D+)?`, D being a digit.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    let is_float = is_digits(whole)
        && is_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && has_exponent;
    text.parse::<f64>()
        .ok()
        .filter(|_| is_float)
        .and_then(Number::from_f64)
}
