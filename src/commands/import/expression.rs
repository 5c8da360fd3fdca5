//! The expressions of ARM templates, as far as exports use them: `[concat(parameters('cluster'), '/sales')]`. Pure.
//!
//! What only Azure knows at deployment (`reference(…)`, `listKeys(…)`) has no value here, and is an error that names it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

mod parse;
mod value;

use parse::Expression;
use value::{formatted, is_empty, member, text};

/// Levels of calls, and of variables that name each other. A template that goes deeper is broken or means harm.
const MAX_DEPTH: usize = 64;

/// What the expressions of a template can name. Names of parameters and variables are in lower case: templates are
/// case-insensitive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// The subscription of the deployment, if known.
    pub subscription: Option<String>,
    /// The resource group of the deployment, if known.
    pub resource_group: Option<String>,
    /// The values of parameters: given ones, then defaults, which may be expressions.
    pub parameters: BTreeMap<String, Value>,
    /// The values of variables, which may be expressions.
    pub variables: BTreeMap<String, Value>,
}

/// Why an expression has no value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExpressionError {
    /// It is no expression.
    #[error("`{0}` is no expression of a template")]
    Syntax(String),
    /// Nobody knows the value of a parameter.
    #[error("the parameter `{0}` has no value; give it as `--parameter {0}=VALUE`")]
    Parameter(String),
    /// The template has no such variable.
    #[error("the template has no variable `{0}`")]
    Variable(String),
    /// The template does not say where it is deployed.
    #[error("`{what}` is not in the template; give `{flag}`")]
    Place {
        /// What is asked for.
        what: &'static str,
        /// The flag that gives it.
        flag: &'static str,
    },
    /// A function that is not known here, or that only Azure can answer.
    #[error("`{0}(…)` has a value only when the template is deployed")]
    Function(String),
    /// Arguments that a function does not take.
    #[error("`{0}(…)` has other arguments than it takes")]
    Arguments(String),
    /// Too deep.
    #[error("the expression goes deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Scope {
    /// `value` with every expression in it replaced by what it stands for.
    ///
    /// # Errors
    /// The first expression that has no value.
    pub fn resolve(&self, value: &Value) -> Result<Value, ExpressionError> {
        self.resolve_at(value, 0)
    }

    fn resolve_at(&self, value: &Value, depth: usize) -> Result<Value, ExpressionError> {
        let depth = deeper(depth)?;
        match value {
            Value::String(text) => match text.strip_prefix('[') {
                // `[[` is how a text begins that is no expression.
                Some(rest) if rest.starts_with('[') => Ok(Value::String(rest.to_owned())),
                Some(_) if text.ends_with(']') => {
                    let parsed = parse::expression(text)
                        .ok_or_else(|| ExpressionError::Syntax(text.clone()))?;
                    self.value(&parsed, depth)
                }
                Some(_) | None => Ok(value.clone()),
            },
            Value::Array(items) => items
                .iter()
                .map(|item| self.resolve_at(item, depth))
                .collect(),
            Value::Object(fields) => {
                let resolved: Result<Map<_, _>, _> = fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.resolve_at(value, depth)?)))
                    .collect();
                resolved.map(Value::Object)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        }
    }

    fn value(&self, expression: &Expression, depth: usize) -> Result<Value, ExpressionError> {
        let depth = deeper(depth)?;
        match expression {
            Expression::Text(text) => Ok(Value::String(text.clone())),
            Expression::Number(number) => Ok(json!(number)),
            Expression::Member(of, name) => {
                let name = self.value(name, depth)?;
                let of = self.value(of, depth)?;
                member(&of, &name).ok_or_else(|| ExpressionError::Syntax(format!("…[{name}]")))
            }
            Expression::Call(function, arguments) => self.call(function, arguments, depth),
        }
    }

    fn call(
        &self,
        function: &str,
        arguments: &[Expression],
        depth: usize,
    ) -> Result<Value, ExpressionError> {
        let wrong = || ExpressionError::Arguments(function.to_owned());
        let name = function.to_ascii_lowercase();
        // Only the branch that counts has to have a value.
        if let ("if", [condition, then, otherwise]) = (name.as_str(), arguments) {
            let holds = self.value(condition, depth)?.as_bool().ok_or_else(wrong)?;
            return self.value(if holds { then } else { otherwise }, depth);
        }
        let values: Vec<Value> = arguments
            .iter()
            .map(|argument| self.value(argument, depth))
            .collect::<Result<_, _>>()?;
        let texts = || -> Option<Vec<String>> { values.iter().map(text).collect() };
        match (name.as_str(), values.as_slice()) {
            ("parameters", [Value::String(name)]) => {
                let value = self.parameters.get(&name.to_lowercase());
                let value = value.ok_or_else(|| ExpressionError::Parameter(name.clone()))?;
                self.resolve_at(value, depth)
            }
            ("variables", [Value::String(name)]) => {
                let value = self.variables.get(&name.to_lowercase());
                let value = value.ok_or_else(|| ExpressionError::Variable(name.clone()))?;
                self.resolve_at(value, depth)
            }
            ("concat", [Value::Array(_), ..]) => {
                let lists: Option<Vec<_>> = values.iter().map(Value::as_array).collect();
                let lists = lists.ok_or_else(wrong)?;
                Ok(lists.into_iter().flatten().cloned().collect())
            }
            ("concat", _) => Ok(json!(texts().ok_or_else(wrong)?.concat())),
            ("format", [Value::String(_), ..]) => {
                let texts = texts().ok_or_else(wrong)?;
                let (pattern, inserts) = texts.split_first().ok_or_else(wrong)?;
                Ok(json!(formatted(pattern, inserts)))
            }
            ("tolower", [Value::String(text)]) => Ok(json!(text.to_lowercase())),
            ("toupper", [Value::String(text)]) => Ok(json!(text.to_uppercase())),
            ("string", [value]) => Ok(json!(text(value).ok_or_else(wrong)?)),
            ("createarray", _) => Ok(Value::Array(values)),
            ("coalesce", _) => {
                let given = values.into_iter().find(|value| !value.is_null());
                Ok(given.unwrap_or_default())
            }
            ("empty", [value]) => Ok(json!(is_empty(value))),
            ("equals", [one, other]) => Ok(json!(one == other)),
            ("not", [Value::Bool(value)]) => Ok(json!(!value)),
            ("true", []) => Ok(json!(true)),
            ("false", []) => Ok(json!(false)),
            ("null", []) => Ok(Value::Null),
            ("subscription", []) => {
                let subscription = self.subscription()?;
                Ok(json!({
                    "subscriptionId": subscription,
                    "id": format!("/subscriptions/{subscription}"),
                }))
            }
            ("resourcegroup", []) => {
                let (subscription, group) = (self.subscription()?, self.resource_group()?);
                let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
                Ok(json!({"name": group, "id": id}))
            }
            ("resourceid", _) => self
                .resource_id(&texts().ok_or_else(wrong)?)?
                .map(Value::String)
                .ok_or_else(wrong),
            (
                "parameters" | "variables" | "format" | "tolower" | "toupper" | "string" | "if"
                | "empty" | "equals" | "not" | "true" | "false" | "null" | "subscription"
                | "resourcegroup",
                _,
            ) => Err(wrong()),
            _ => Err(ExpressionError::Function(function.to_owned())),
        }
    }

    /// The subscription of the deployment.
    ///
    /// # Errors
    /// [`ExpressionError::Place`] when nobody told.
    pub fn subscription(&self) -> Result<&str, ExpressionError> {
        self.subscription.as_deref().ok_or(ExpressionError::Place {
            what: "the subscription",
            flag: "--subscription",
        })
    }

    /// The resource group of the deployment.
    ///
    /// # Errors
    /// [`ExpressionError::Place`] when nobody told.
    pub fn resource_group(&self) -> Result<&str, ExpressionError> {
        self.resource_group
            .as_deref()
            .ok_or(ExpressionError::Place {
                what: "the resource group",
                flag: "--resource-group",
            })
    }

    /// `resourceId([subscription], [group], 'Namespace/type/subtype', 'name', 'subname')`.
    fn resource_id(&self, arguments: &[String]) -> Result<Option<String>, ExpressionError> {
        let Some(at) = arguments.iter().position(|argument| argument.contains('/')) else {
            return Ok(None);
        };
        let (before, rest) = arguments.split_at(at);
        let Some((kind, names)) = rest.split_first() else {
            return Ok(None);
        };
        let (subscription, group) = match before {
            [] => (self.subscription()?, self.resource_group()?),
            [group] => (self.subscription()?, group.as_str()),
            [subscription, group] => (subscription.as_str(), group.as_str()),
            _ => return Ok(None),
        };
        let mut types = kind.split('/');
        let namespace = types.next().unwrap_or_default();
        let types: Vec<&str> = types.collect();
        if types.len() != names.len() {
            return Ok(None);
        }
        let mut id =
            format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}");
        for (kind, name) in types.iter().zip(names) {
            id.extend(["/", kind, "/", name]);
        }
        Ok(Some(id))
    }
}

fn deeper(depth: usize) -> Result<usize, ExpressionError> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(ExpressionError::TooDeep)
    }
}

#[cfg(test)]
mod tests;
