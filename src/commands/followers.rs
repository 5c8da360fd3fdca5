//! `adx-follower followers`: who follows a leader, managed or not, and the end of followings from the leader's side. I/O.

use crate::{
    azure::{
        client::ArmClient,
        id::{ClusterId, ConfigurationId},
        model::FollowerRow,
    },
    cli::{FollowersArgs, FollowersOutputArg},
};

use super::{CommandError, Console, Ending, output::printable};

mod detach;
mod list;
mod managers;

use list::{Row, json, shown, table};
pub use managers::{Managers, managed_in, managers};

/// What is asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    leader: ClusterId,
    task: Task,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    List(FollowersOutputArg),
    Detach {
        configurations: Vec<ConfigurationId>,
        consent: Consent,
    },
}

/// Whether somebody has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    Given,
    Asked,
}

impl Request {
    /// Checks the arguments.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn new(arguments: &FollowersArgs) -> Result<Self, CommandError> {
        let leader = arguments
            .leader
            .parse()
            .map_err(|source| CommandError::Id {
                flag: "--leader",
                source,
            })?;
        let mut configurations = Vec::new();
        for id in &arguments.detach {
            let id = configuration(id)?;
            if !configurations.contains(&id) {
                configurations.push(id);
            }
        }
        let task = match (configurations.is_empty(), arguments.yes) {
            (true, _) => Task::List(arguments.output),
            (false, yes) => Task::Detach {
                configurations,
                consent: if yes { Consent::Given } else { Consent::Asked },
            },
        };
        Ok(Self { leader, task })
    }
}

/// `FOLLOWER_ID/NAME`, or the configuration's own id.
fn configuration(text: &str) -> Result<ConfigurationId, CommandError> {
    let refused = |source| CommandError::Id {
        flag: "--detach",
        source,
    };
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let (follower, name) = text.rsplit_once('/').unwrap_or((text, ""));
    let follower: ClusterId = follower.parse().map_err(refused)?;
    follower.configuration(name).map_err(refused)
}

/// Lists the followers or detaches some.
///
/// # Errors
/// When Azure does not list them, there is no such leader, or nobody can be asked for consent.
pub async fn run(
    request: &Request,
    arm: &ArmClient,
    managers: Managers,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let leader = &request.leader;
    let listed = listed(arm, leader).await?;
    let known = match managers {
        Managers::Known(known) => Some(known),
        Managers::NotAsked => None,
        Managers::Unknown(why) => {
            let _ = writeln!(
                console.remarks,
                "warning: cannot tell which are managed: {why}; --no-kubernetes does not ask"
            );
            None
        }
    };
    let mut rows: Vec<Row> = listed
        .into_iter()
        .map(|row| shown(row, known.as_ref()))
        .collect();
    rows.sort_by_key(|row| row.id.to_lowercase());
    match &request.task {
        Task::List(output) => {
            let text = match output {
                FollowersOutputArg::Text => table(leader, &rows),
                FollowersOutputArg::Json => json(&rows),
            };
            // A reader that has seen enough (`| head`) is no failure.
            let _ = console.output.write_all(text.as_bytes());
            Ok(Ending::Done)
        }
        Task::Detach {
            configurations,
            consent,
        } => {
            let mut chosen = Vec::new();
            let mut ending = Ending::Done;
            for id in configurations {
                let is_it = |row: &&Row| configuration(&row.id).is_ok_and(|listed| listed == *id);
                if let Some(row) = rows.iter().find(is_it) {
                    chosen.push((id, row));
                } else {
                    let name = leader.name();
                    writeln!(console.remarks, "error: {id} does not follow {name}")?;
                    ending = Ending::Failed;
                }
            }
            // All or nothing, before anything is asked or sent: a mistyped id may mean another one.
            if ending == Ending::Failed || !consented(leader, &chosen, *consent, console)? {
                return Ok(Ending::Failed);
            }
            for (id, _) in chosen {
                if detach::detach(arm, leader, id, console).await? == Ending::Failed {
                    ending = Ending::Failed;
                }
            }
            Ok(ending)
        }
    }
}

async fn listed(arm: &ArmClient, leader: &ClusterId) -> Result<Vec<FollowerRow>, CommandError> {
    let rows = arm
        .followers(leader)
        .await
        .map_err(|source| CommandError::Azure {
            what: format!("list the followers of {leader}"),
            source,
        })?;
    rows.ok_or_else(|| CommandError::NoCluster(leader.clone()))
}

/// Says what is about to happen and asks, unless that was answered already.
fn consented(
    leader: &ClusterId,
    chosen: &[(&ConfigurationId, &Row)],
    consent: Consent,
    console: &mut Console<'_>,
) -> Result<bool, CommandError> {
    for (id, row) in chosen {
        let (name, follower) = (id.name(), id.cluster().name());
        writeln!(
            console.remarks,
            "{follower} follows {} of {} by {name} ({})",
            printable(&row.database),
            leader.name(),
            row.origin
        )?;
        if let Some(object) = &row.managed_by {
            writeln!(
                console.remarks,
                "warning: the object {object} declares it, so the operator attaches it again; delete that object instead"
            )?;
        }
    }
    match consent {
        Consent::Given => return Ok(true),
        Consent::Asked if !console.interactive => return Err(CommandError::NobodyToAsk),
        Consent::Asked => {}
    }
    write!(
        console.remarks,
        "detach {}, so that queries there stop? [y/N] ",
        if chosen.len() == 1 {
            "it"
        } else {
            "all of them"
        }
    )?;
    console.remarks.flush()?;
    let mut answer = String::new();
    console.input.read_line(&mut answer)?;
    let agreed = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    if !agreed {
        writeln!(console.remarks, "nothing was detached")?;
    }
    Ok(agreed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_following_is_named_by_its_list_entry_or_by_its_id() {
        let follower =
            "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";
        let listed = configuration(&format!("{follower}/sales eu")).unwrap();
        let own = configuration(&format!(
            "{follower}/AttachedDatabaseConfigurations/SALES EU"
        ))
        .unwrap();
        assert_eq!(listed, own);
        for wrong in ["sales", follower, "", "/"] {
            assert_eq!(configuration(wrong).unwrap_err().code(), 2, "{wrong}");
        }
    }
}
