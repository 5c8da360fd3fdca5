//! The routes under `/_sim`: the world, faults, the journal, secrets. They need no token and are not journalled.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::inbound::Inbound;
use crate::reply::Reply;
use crate::simulator::Simulator;

/// What this part serves, for the answer to anything else.
const ROUTES: &str = "GET and PATCH /_sim/world, GET, POST and DELETE /_sim/faults, DELETE /_sim/faults/{name}, \
                      GET and DELETE /_sim/journal, GET /_sim/secrets, GET /_sim/health";

pub(crate) fn answer(simulator: &Simulator, call: &Inbound) -> Reply {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    match (&call.method, segments.as_slice()) {
        (&Method::GET, ["health"]) => Reply::json(StatusCode::OK, &json!({"status": "ok"})),
        (&Method::GET, ["world"]) => Reply::json(StatusCode::OK, &simulator.world()),
        (&Method::PATCH, ["world"]) => document(call, |patch| match simulator.patch_world(patch) {
            Ok(()) => Reply::json(StatusCode::OK, &simulator.world()),
            Err(error) => refused(&error.to_string()),
        }),
        (&Method::GET, ["faults"]) => Reply::json(StatusCode::OK, &simulator.faults()),
        (&Method::POST, ["faults"]) => document(call, |fault| match simulator.arm_fault(fault) {
            Ok(name) => Reply::json(StatusCode::CREATED, &json!({"name": name})),
            Err(error) => refused(&error.to_string()),
        }),
        (&Method::DELETE, ["faults"]) => disarmed(simulator.disarm_faults(None)),
        (&Method::DELETE, ["faults", name]) => match simulator.disarm_faults(Some(name)) {
            0 => Reply::json(
                StatusCode::NOT_FOUND,
                &json!({"error": format!("no fault is called `{name}`")}),
            ),
            count => disarmed(count),
        },
        (&Method::GET, ["journal"]) => match call.parameter("tokens").as_deref() {
            Some("true") => Reply::json(StatusCode::OK, &simulator.journal_with_tokens()),
            Some(_) | None => Reply::json(StatusCode::OK, &simulator.journal()),
        },
        (&Method::DELETE, ["journal"]) => {
            simulator.clear_journal();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, ["secrets"]) => Reply::json(StatusCode::OK, &simulator.secrets()),
        _ => Reply::json(
            StatusCode::NOT_FOUND,
            &json!({"error": format!("nothing is served here; there is {ROUTES}")}),
        ),
    }
}

fn document(call: &Inbound, act: impl FnOnce(Value) -> Reply) -> Reply {
    match serde_json::from_slice(&call.body) {
        Ok(value) => act(value),
        Err(error) => refused(&format!("the body must be JSON: {error}")),
    }
}

fn refused(message: &str) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({"error": message}))
}

fn disarmed(count: usize) -> Reply {
    Reply::json(StatusCode::OK, &json!({"disarmed": count}))
}
