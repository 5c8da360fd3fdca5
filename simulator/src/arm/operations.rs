//! Polls of long-running operations, in the status form and in the `Location` form. Pure.

use http::StatusCode;
use uuid::Uuid;

use super::context::Context;
use super::{ArmError, authorize, wire};
use crate::arm_id::region_key;
use crate::reply::Reply;
use crate::state::{Ending, Operation, Progress};

const ACTION: &str = "Microsoft.Kusto/locations/operationresults/read";

pub(super) fn poll(
    context: &mut Context<'_>,
    subscription: &str,
    location: &str,
    id: &str,
) -> Result<Reply, ArmError> {
    let known = context.state.operation(id).filter(|operation| {
        operation
            .cluster
            .subscription
            .eq_ignore_ascii_case(subscription)
            && region_key(&operation.location) == region_key(location)
    });
    let Some(operation) = known else {
        let message = format!("The operation result '{id}' could not be found.");
        return Err(ArmError::new(
            StatusCode::NOT_FOUND,
            "OperationNotFound",
            message,
        ));
    };
    // A role on the cluster alone does not cover its operations: they lie beside the cluster, not below it.
    authorize(
        context.state,
        context.access,
        ACTION,
        &operation.cluster.group_scope(),
    )?;
    let query = context.call.raw_query();
    let reply = if query == operation.status_query {
        Reply::json(StatusCode::OK, &wire::operation(operation, context.now))
    } else if query == operation.location_query {
        in_location_form(context, operation)
    } else {
        // That an altered URL is refused is known, the status and code are not (arm-kusto.md §13.3).
        let message =
            "The signature of the operation URL is not valid: the URL must be sent back unchanged.";
        return Err(ArmError::new(
            StatusCode::FORBIDDEN,
            "InvalidOperationSignature",
            message,
        ));
    };
    Ok(reply.with(
        "x-ms-operation-root-activity-id",
        &Uuid::new_v4().to_string(),
    ))
}

/// 202 while it runs, 200 without a body when done. How a failure shows in this form is unconfirmed; the
/// provider contract asks for an error status.
fn in_location_form(context: &Context<'_>, operation: &Operation) -> Reply {
    match (operation.progress, &operation.ending) {
        (Progress::Running, _) => {
            context.both(Reply::empty(StatusCode::ACCEPTED), &context.urls(operation))
        }
        (Progress::Ended, Ending::Succeeded) => Reply::empty(StatusCode::OK),
        (Progress::Ended, Ending::Canceled) => ArmError::new(
            StatusCode::CONFLICT,
            "OperationCanceled",
            "The operation was canceled.",
        )
        .into_reply(),
        (Progress::Ended, Ending::Failed(failure)) => {
            let status = if failure.message.starts_with("[Conflict]") {
                StatusCode::CONFLICT
            } else {
                StatusCode::BAD_REQUEST
            };
            ArmError::new(status, failure.code.clone(), failure.message.clone()).into_reply()
        }
    }
}
