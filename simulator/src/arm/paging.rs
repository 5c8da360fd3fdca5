//! Lists in pages: `value`, `nextLink`, `$top`, `$skiptoken`. Pure.

use http::StatusCode;
use serde::Serialize;

use super::ArmError;
use crate::inbound::Inbound;
use crate::reply::Reply;

/// Which form of items a list has. A `nextLink` is always fetched with GET, so the token carries the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Nested,
    Flat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    form: Form,
    offset: usize,
    size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a, T> {
    value: &'a [T],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// The form that the call's token asks for, if it has one.
pub(super) fn form(call: &Inbound) -> Result<Option<Form>, ArmError> {
    Ok(token(call)?.map(|token| token.form))
}

/// The page of `items` that the call asks for, at most `size` of them unless `$top` says otherwise.
pub(super) fn page<T: Serialize>(
    call: &Inbound,
    items: &[T],
    form: Form,
    size: usize,
) -> Result<Reply, ArmError> {
    let at = match token(call)? {
        Some(token) => token,
        None => Token {
            form,
            offset: 0,
            size: top(call)?.unwrap_or(size).max(1),
        },
    };
    let rest = items.get(at.offset..).unwrap_or_default();
    let (value, left) = rest.split_at(at.size.min(rest.len()));
    let next_link = (!left.is_empty()).then(|| {
        let version = call.parameter("api-version").unwrap_or_default();
        let next = Token {
            offset: at.offset + value.len(),
            ..at
        };
        format!(
            "{}{}?api-version={version}&$skiptoken={}",
            call.base,
            call.path(),
            next.text()
        )
    });
    Ok(Reply::json(StatusCode::OK, &Page { value, next_link }))
}

/// `$top` is documented as 5 to 1000 (arm-kusto.md §5).
fn top(call: &Inbound) -> Result<Option<usize>, ArmError> {
    match call.parameter("$top") {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(top) if (5..=1000).contains(&top) => Ok(Some(top)),
            Ok(_) | Err(_) => Err(ArmError::kusto(&format!(
                "Query parameter '$top' must be from 5 to 1000, not '{text}'."
            ))),
        },
    }
}

fn token(call: &Inbound) -> Result<Option<Token>, ArmError> {
    let Some(text) = call.parameter("$skiptoken") else {
        return Ok(None);
    };
    match Token::parse(&text) {
        Some(token) => Ok(Some(token)),
        None => Err(ArmError::kusto(&format!(
            "Query parameter '$skiptoken' is not valid: '{text}'."
        ))),
    }
}

impl Token {
    /// Letters and digits only: some clients quote the token twice.
    fn text(self) -> String {
        let Self { form, offset, size } = self;
        match form {
            Form::Nested => format!("n{offset}x{size}"),
            Form::Flat => format!("f{offset}x{size}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (form, rest) = match text.strip_prefix('n') {
            Some(rest) => (Form::Nested, rest),
            None => (Form::Flat, text.strip_prefix('f')?),
        };
        let (offset, size) = rest.split_once('x')?;
        Some(Self {
            form,
            offset: offset.parse().ok()?,
            size: size.parse().ok().filter(|size| *size > 0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn call(uri: &str) -> Inbound {
        let (parts, ()) = http::Request::builder()
            .uri(uri)
            .body(())
            .unwrap()
            .into_parts();
        Inbound::new(parts, Bytes::new())
    }

    proptest! {
        #[test]
        fn following_the_links_gives_every_item_once(count in 0_usize..60, size in 1_usize..12) {
            let items: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            let mut next = Some("http://h/list?api-version=v".to_owned());
            while let Some(uri) = next {
                let body: Value = serde_json::from_slice(&page(&call(&uri), &items, Form::Flat, size).unwrap().body).unwrap();
                let value: Vec<usize> = serde_json::from_value(body.get("value").cloned().unwrap()).unwrap();
                prop_assert!(value.len() <= size);
                seen.extend(value);
                next = body.get("nextLink").and_then(Value::as_str).map(str::to_owned);
            }
            prop_assert_eq!(seen, items);
        }
    }

    #[test]
    fn what_cannot_be_a_page_is_refused() {
        for query in [
            "$top=4",
            "$top=1001",
            "$top=x",
            "$skiptoken=zzz",
            "$skiptoken=n0x0",
        ] {
            assert!(
                page(&call(&format!("/a?{query}")), &[1], Form::Nested, 5).is_err(),
                "{query}"
            );
        }
    }
}
