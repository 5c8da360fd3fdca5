//! Named faults: which calls they hit and what they do to them. Pure.

mod act;
#[cfg(test)]
mod tests;

use http::Method;
use serde_json::{Value, json};

pub(crate) use act::{Act, Answer, ErrorForm, InjectedOperation};

use crate::document::{DocumentError, Fields};
use crate::glob;
use crate::inbound::Inbound;

/// Which calls a fault hits. What is absent matches everything.
#[derive(Debug)]
struct Match {
    method: Option<Method>,
    path: Option<String>,
    /// A client id: who holds the token of an ARM call, who asks in a token call.
    principal: Option<String>,
    /// The first matching call that is hit, counted from 1.
    nth: u64,
    /// How many calls are hit; 0 means all until the fault is disarmed.
    times: u64,
}

#[derive(Debug)]
struct Armed {
    name: String,
    document: Value,
    matching: Match,
    act: Act,
    seen: u64,
    fired: u64,
}

/// The armed faults, in the order they were armed.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    unnamed: u64,
}

impl Faults {
    /// Arms a fault and gives its name. A fault of the same name is replaced.
    pub(crate) fn arm(&mut self, document: Value) -> Result<String, DocumentError> {
        let mut fields = Fields::of("", document.clone())?;
        let name = fields.text("name")?;
        let matching = Match::read(fields.fields("match")?)?;
        let act = fields
            .fields("act")?
            .ok_or_else(|| fields.error("act", "must be given: what the fault does"))?;
        let act = Act::read(act)?;
        fields.finish()?;
        let name = name.unwrap_or_else(|| {
            self.unnamed += 1;
            format!("fault-{}", self.unnamed)
        });
        self.armed.retain(|armed| armed.name != name);
        self.armed.push(Armed {
            name: name.clone(),
            document,
            matching,
            act,
            seen: 0,
            fired: 0,
        });
        Ok(name)
    }

    /// Disarms the fault called `name`, or all; gives how many there were.
    pub(crate) fn disarm(&mut self, name: Option<&str>) -> usize {
        let before = self.armed.len();
        self.armed
            .retain(|armed| name.is_some_and(|name| armed.name != name));
        before - self.armed.len()
    }

    /// The fault that hits `call`, if any. Every fault that matches counts the call; the first one acts.
    pub(crate) fn hit(&mut self, call: &Inbound, caller: Option<&str>) -> Option<(String, Act)> {
        let mut hit = None;
        for armed in self
            .armed
            .iter_mut()
            .filter(|armed| armed.matching.covers(call, caller))
        {
            armed.seen += 1;
            let Match { nth, times, .. } = armed.matching;
            if hit.is_none() && armed.seen >= nth && (times == 0 || armed.fired < times) {
                armed.fired += 1;
                hit = Some((armed.name.clone(), armed.act.clone()));
            }
        }
        hit
    }

    /// The armed faults with their counts.
    pub(crate) fn shown(&self) -> Value {
        let shown: Vec<Value> = self
            .armed
            .iter()
            .map(|armed| {
                json!({
                    "name": armed.name,
                    "match": armed.document.get("match"),
                    "act": armed.document.get("act"),
                    "seen": armed.seen,
                    "fired": armed.fired,
                })
            })
            .collect();
        Value::Array(shown)
    }
}

impl Match {
    fn read(fields: Option<Fields>) -> Result<Self, DocumentError> {
        let Some(mut fields) = fields else {
            return Ok(Self {
                method: None,
                path: None,
                principal: None,
                nth: 1,
                times: 1,
            });
        };
        let method = match fields.text("method")? {
            None => None,
            Some(text) => match text.to_uppercase().parse() {
                Ok(method) => Some(method),
                Err(_) => {
                    return Err(
                        fields.error("method", format!("must be an HTTP method, not `{text}`"))
                    );
                }
            },
        };
        let principal = match (fields.text("principal")?, fields.text("clientId")?) {
            (Some(_), Some(_)) => {
                return Err(
                    fields.error("clientId", "must not come with `principal`: they are one")
                );
            }
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        let matching = Self {
            method,
            path: fields.text("path")?,
            principal,
            nth: fields.count("nth")?.unwrap_or(1).max(1),
            times: fields.count("times")?.unwrap_or(1),
        };
        fields.finish()?;
        Ok(matching)
    }

    fn covers(&self, call: &Inbound, caller: Option<&str>) -> bool {
        let Self {
            method,
            path,
            principal,
            nth: _,
            times: _,
        } = self;
        method.as_ref().is_none_or(|method| *method == call.method)
            && path.as_ref().is_none_or(|pattern| {
                glob::matches(pattern, &format!("/{}", call.segments().join("/")))
            })
            && principal.as_ref().is_none_or(|wanted| {
                caller.is_some_and(|caller| wanted.eq_ignore_ascii_case(caller))
            })
    }
}
