//! Teams that share an operator, and every way that we know of to get from one into another's clusters.
//!
//! Azure's journal is the witness: whatever was tried, nobody but a team's own identity got anything from its clusters,
//! nobody wrote anything there, and the operator's identity, which Azure lets do everything, did not even call.

#[path = "tenancy/accounts.rs"]
mod accounts;
#[path = "tenancy/ids.rs"]
mod ids;
#[path = "tenancy/own_identity.rs"]
mod own_identity;
#[path = "tenancy/policies.rs"]
mod policies;
#[path = "tenancy/policy.rs"]
mod policy;
#[path = "tenancy/requests.rs"]
mod requests;
#[path = "tenancy/spellings.rs"]
mod spellings;
#[path = "tenancy/statuses.rs"]
mod statuses;
#[path = "tenancy/teams.rs"]
mod teams;
#[path = "tenancy/witness.rs"]
mod witness;
#[path = "tenancy/world.rs"]
mod world;
