//! The attached databases as `status` shows them. Pure.

use crate::{
    api::DatabaseStatus,
    azure::model::{Database, DatabaseKind, Sharing},
};

/// The share by which a size has to change to be worth a status write: it grows with every ingestion.
const SIZE_STEP: f64 = 0.1;

/// The databases in the order of their names; a size that has hardly changed since `before` stays as it was.
pub(super) fn databases(shown: &[Database], before: &[DatabaseStatus]) -> Vec<DatabaseStatus> {
    let mut databases: Vec<DatabaseStatus> = shown
        .iter()
        .map(|database| status(database, before))
        .collect();
    databases.sort_by(|one, other| one.name.cmp(&other.name));
    databases
}

fn status(database: &Database, before: &[DatabaseStatus]) -> DatabaseStatus {
    let known = before
        .iter()
        .find(|known| known.name == database.name)
        .and_then(|known| known.size_bytes);
    match &database.kind {
        DatabaseKind::Following(following) => DatabaseStatus {
            name: database.name.clone(),
            original_database_name: following.original_name.clone(),
            hot_cache_period: following.hot_cache_period.clone(),
            size_bytes: size(following.size_bytes, known),
            principals_modification_kind: following.principals_modification_kind.clone(),
            suspended: following.suspended.then_some(true),
            sharing: sharing(&following.sharing),
        },
        DatabaseKind::ReadWrite { .. } | DatabaseKind::Other(_) => DatabaseStatus {
            name: database.name.clone(),
            ..DatabaseStatus::default()
        },
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a tenth of a size needs no precision"
)]
fn size(now: Option<u64>, known: Option<i64>) -> Option<i64> {
    let now = i64::try_from(now?).unwrap_or(i64::MAX);
    let is_close = |known: i64| (now - known).unsigned_abs() as f64 <= known as f64 * SIZE_STEP;
    Some(known.filter(|known| is_close(*known)).unwrap_or(now))
}

fn sharing(sharing: &Sharing) -> Option<String> {
    let lists: Vec<String> = sharing
        .lists()
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{name}: {}", list.join(", ")))
        .collect();
    (!lists.is_empty()).then(|| lists.join("; "))
}
