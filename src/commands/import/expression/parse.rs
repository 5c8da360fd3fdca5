//! Reads one expression. Pure.

/// Levels of one expression; a text that nests deeper is no expression.
const MAX_LEVELS: usize = 64;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// `'text'`, with `''` for a quote.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `name(argument, …)`.
    Call(String, Vec<Self>),
    /// `of.name` or `of[name]`.
    Member(Box<Self>, Box<Self>),
}

/// Reads `[…]`, brackets included; `None` when it is no expression.
pub(super) fn expression(text: &str) -> Option<Expression> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut parser = Parser { rest: inner };
    let expression = parser.expression(0)?;
    parser.skip_blanks();
    parser.rest.is_empty().then_some(expression)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn expression(&mut self, level: usize) -> Option<Expression> {
        if level >= MAX_LEVELS {
            return None;
        }
        self.skip_blanks();
        let mut expression = if self.take('\'') {
            Expression::Text(self.quoted()?)
        } else if self
            .rest
            .starts_with(|c: char| c.is_ascii_digit() || c == '-')
        {
            let number = self.word(|c| c.is_ascii_digit() || c == '-');
            Expression::Number(number.parse().ok()?)
        } else {
            let name = self.name()?;
            self.skip_blanks();
            self.take('(').then_some(())?;
            Expression::Call(name, self.arguments(level)?)
        };
        loop {
            self.skip_blanks();
            let name = if self.take('.') {
                Expression::Text(self.name()?)
            } else if self.take('[') {
                let name = self.expression(level + 1)?;
                self.skip_blanks();
                self.take(']').then_some(())?;
                name
            } else {
                return Some(expression);
            };
            expression = Expression::Member(Box::new(expression), Box::new(name));
        }
    }

    /// What comes behind an opening parenthesis, to the closing one.
    fn arguments(&mut self, level: usize) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.take(')') {
            return Some(arguments);
        }
        loop {
            arguments.push(self.expression(level + 1)?);
            self.skip_blanks();
            if self.take(')') {
                return Some(arguments);
            }
            self.take(',').then_some(())?;
        }
    }

    /// What comes behind an opening quote, to the closing one.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let (before, behind) = self.rest.split_once('\'')?;
            text.push_str(before);
            self.rest = behind;
            if !self.take('\'') {
                return Some(text);
            }
            text.push('\'');
        }
    }

    fn name(&mut self) -> Option<String> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        (!name.is_empty()).then_some(name)
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let behind = self.rest.trim_start_matches(&belongs);
        let length = self.rest.len() - behind.len();
        let word = self.rest.get(..length).unwrap_or_default().to_owned();
        self.rest = behind;
        word
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(behind) => {
                self.rest = behind;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }
}
