//! An error and what led to it, printed once. Pure.

use std::{error::Error, fmt};

/// Displays an error with its causes, outermost first, each said once.
#[derive(Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let mut next = Some(self.0);
        while let Some(cause) = next {
            let text = cause.to_string();
            // Several crates repeat the cause in their own text.
            if !parts.iter().any(|said| said.contains(&text)) {
                parts.push(text);
            }
            next = cause.source();
        }
        f.write_str(&parts.join(": "))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the file")]
    struct Outer(#[source] io::Error);

    #[test]
    fn each_cause_is_said_once() {
        let inner = io::Error::other("no such device");
        assert_eq!(
            ErrorChain(&Outer(inner)).to_string(),
            "cannot read the file: no such device"
        );
        let wrapped = io::Error::other(Outer(io::Error::other("the file")));
        assert_eq!(ErrorChain(&wrapped).to_string(), "cannot read the file");
    }
}
