//! The processes of a release, with how many instances there are of each.

use super::{ServiceSettings, WEB};

/// A process of a service as it should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `web`, or the name of another process.
    pub process: String,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    pub replicas: u16,
    /// It gets requests.
    pub routed: bool,
}

impl ServiceSettings {
    /// The processes of a release with these settings. What runs follows from the release; how many of it, from the
    /// service as it is set `now`, so that scaling needs no deployment.
    pub fn crew(&self, now: &Self) -> Vec<Member> {
        let web = Member {
            process: WEB.to_owned(),
            command: self.command.clone(),
            replicas: now.replicas,
            routed: self.routed,
        };
        let others = self.processes.iter().map(|process| {
            let present = now.processes.iter().find(|other| other.name == process.name);
            Member {
                process: process.name.to_string(),
                command: Some(process.command.clone()),
                replicas: present.unwrap_or(process).replicas,
                routed: false,
            }
        });
        others.chain([web]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Process, *};

    #[test]
    fn commands_are_the_release_s_and_counts_are_the_service_s() {
        let worker = |command: &str, replicas| Process {
            name: "worker".parse().unwrap(),
            command: vec![command.to_owned()],
            replicas,
        };
        let released = ServiceSettings { processes: vec![worker("old", 1)], ..ServiceSettings::default() };
        let now =
            ServiceSettings { replicas: 3, processes: vec![worker("new", 2)], ..ServiceSettings::default() };
        let crew = released.crew(&now);
        assert_eq!(crew[0].command, Some(vec!["old".to_owned()]));
        assert_eq!(
            crew.iter().map(|m| (m.process.as_str(), m.replicas, m.routed)).collect::<Vec<_>>(),
            [("worker", 2, false), ("web", 3, true),]
        );
    }
}
