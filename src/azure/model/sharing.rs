//! Pure. What of a database is shared: ARM's eight lists.

use serde::Deserialize;
use serde_json::{Value, json};

use super::list;

/// ARM's eight sharing lists. Empty lists mean "no restriction".
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sharing {
    /// Tables to include.
    #[serde(deserialize_with = "list")]
    pub tables_to_include: Vec<String>,
    /// Tables to exclude.
    #[serde(deserialize_with = "list")]
    pub tables_to_exclude: Vec<String>,
    /// External tables to include.
    #[serde(deserialize_with = "list")]
    pub external_tables_to_include: Vec<String>,
    /// External tables to exclude.
    #[serde(deserialize_with = "list")]
    pub external_tables_to_exclude: Vec<String>,
    /// Materialized views to include.
    #[serde(deserialize_with = "list")]
    pub materialized_views_to_include: Vec<String>,
    /// Materialized views to exclude.
    #[serde(deserialize_with = "list")]
    pub materialized_views_to_exclude: Vec<String>,
    /// Functions to include.
    #[serde(deserialize_with = "list")]
    pub functions_to_include: Vec<String>,
    /// Functions to exclude.
    #[serde(deserialize_with = "list")]
    pub functions_to_exclude: Vec<String>,
}

impl Sharing {
    /// Every list under ARM's name, in ARM's order.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 8] {
        [
            ("tablesToInclude", &self.tables_to_include),
            ("tablesToExclude", &self.tables_to_exclude),
            ("externalTablesToInclude", &self.external_tables_to_include),
            ("externalTablesToExclude", &self.external_tables_to_exclude),
            (
                "materializedViewsToInclude",
                &self.materialized_views_to_include,
            ),
            (
                "materializedViewsToExclude",
                &self.materialized_views_to_exclude,
            ),
            ("functionsToInclude", &self.functions_to_include),
            ("functionsToExclude", &self.functions_to_exclude),
        ]
    }

    /// Whether no list has an entry: the whole database is shared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, names)| names.is_empty())
    }

    pub(super) fn to_body(&self) -> Value {
        let lists = self
            .lists()
            .into_iter()
            .filter(|(_, names)| !names.is_empty());
        Value::Object(
            lists
                .map(|(name, names)| (name.to_owned(), json!(names)))
                .collect(),
        )
    }
}
