//! What the doctor is asked for. Pure.

use crate::{
    cli::{DoctorArgs, DoctorOutputArg},
    commands::CommandError,
    config::{self, Election},
    controller::Tenancy,
};

use super::checks::{Check, Topic};

/// What is asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) scope: Scope,
    pub(super) tenancy: Tenancy,
    pub(super) election: Option<Election>,
    pub(super) output: DoctorOutputArg,
}

/// What is judged besides the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Nothing.
    Installation,
    /// Every object.
    Everywhere,
    /// Every object of a namespace.
    Namespace(String),
    /// One object; without a namespace that of the kubeconfig.
    Object {
        namespace: Option<String>,
        name: String,
    },
}

impl Request {
    /// Checks the arguments. `variable` is as for `Config::new`.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn new(
        arguments: &DoctorArgs,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CommandError> {
        let DoctorArgs {
            name,
            namespace,
            all_namespaces,
            output,
            election,
            tenancy,
            azure: _,
        } = arguments;
        if let Some(wrong) = namespace.as_ref().filter(|it| !config::is_namespace(it)) {
            return Err(CommandError::Argument {
                flag: "--namespace",
                expected: "lower-case letters, digits and hyphens, at most 63",
                value: wrong.clone(),
            });
        }
        if let Some(wrong) = name.as_ref().filter(|it| !config::is_object_name(it)) {
            return Err(CommandError::Argument {
                flag: "NAME",
                expected: "lower-case letters, digits, hyphens and periods, at most 253",
                value: wrong.clone(),
            });
        }
        Ok(Self {
            scope: match (name, namespace, all_namespaces) {
                (Some(name), namespace, _) => Scope::Object {
                    namespace: namespace.clone(),
                    name: name.clone(),
                },
                (None, Some(namespace), _) => Scope::Namespace(namespace.clone()),
                (None, None, true) => Scope::Everywhere,
                (None, None, false) => Scope::Installation,
            },
            tenancy: config::tenancy(tenancy.clone())?,
            election: config::election(election.clone(), variable)?,
            output: *output,
        })
    }
}

impl Scope {
    /// Where objects are looked for; `default` is the namespace of the kubeconfig.
    pub(super) fn place(&self, default: &str) -> Place {
        match self {
            Self::Installation | Self::Everywhere => Place::Everywhere,
            Self::Namespace(namespace) => Place::Namespace(namespace.clone()),
            Self::Object { namespace, name } => Place::Object {
                namespace: namespace.clone().unwrap_or_else(|| default.to_owned()),
                name: name.clone(),
            },
        }
    }

    /// What is not looked at where the API server can't be asked.
    pub(super) fn topic(&self) -> Topic {
        match self {
            Self::Installation => Topic::Objects,
            Self::Everywhere | Self::Namespace(_) | Self::Object { .. } => Topic::Object,
        }
    }
}

/// Where objects are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In every namespace.
    Everywhere,
    /// In one.
    Namespace(String),
    /// One object alone.
    Object { namespace: String, name: String },
}

impl Place {
    /// The one namespace that it is about.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Everywhere => None,
            Self::Namespace(namespace) | Self::Object { namespace, .. } => Some(namespace),
        }
    }

    /// Nothing is there to judge.
    pub(super) fn nothing(&self) -> Check {
        let list = "kubectl get attdb -A";
        match self {
            Self::Everywhere => Check::ok(Topic::Objects, "there are none yet"),
            Self::Namespace(namespace) => Check::warn(
                Topic::Objects,
                format!("there are none in namespace {namespace}"),
            )
            .mended_by(list),
            Self::Object { namespace, name } => Check::fail(
                Topic::Object,
                format!("there is no AttachedDatabase {name} in namespace {namespace}"),
            )
            .about(format!("{namespace}/{name}"))
            .mended_by(list),
        }
    }
}
