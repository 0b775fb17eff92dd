//! What a push means. Pure: the deployed branch and the refs decide.

use crate::git::{Update, is_ref_name};

/// More refs than these in one push are a mistake.
const MOST_REFS: usize = 500;

/// What to do about a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing moves, and why.
    Refuse(String),
    /// The refs move, nothing is deployed, and why.
    Accept(String),
    /// The refs move when this is live.
    Deploy(Update),
}

/// Judges what a push would move, for a service that deploys `branch`.
pub(super) fn judge(branch: &str, updates: &[Update]) -> Judgement {
    if updates.is_empty() || updates.len() > MOST_REFS {
        return Judgement::Refuse(format!("A push here has 1 to {MOST_REFS} refs, not {}.", updates.len()));
    }
    if let Some(bad) = updates.iter().find(|update| short(&update.name).is_none_or(|n| !is_ref_name(n))) {
        let name = shown(&bad.name);
        return Judgement::Refuse(format!(
            "{name} is neither a branch nor a tag that can be kept. Push refs/heads/... or refs/tags/... only."
        ));
    }
    let deployed = format!("refs/heads/{branch}");
    match updates.iter().find(|update| update.name == deployed) {
        Some(update) if update.is_deletion() => Judgement::Refuse(format!(
            "{branch} is the branch that is deployed, and it cannot be deleted. Delete the service, or let it deploy \
             another branch first."
        )),
        Some(update) => Judgement::Deploy(update.clone()),
        None => Judgement::Accept(format!("Nothing is deployed: only pushes to {branch} are.")),
    }
}

fn short(name: &str) -> Option<&str> {
    name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"))
}

/// Text of whoever pushes, fit for a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &str = "0000000000000000000000000000000000000000";
    const ONE: &str = "1111111111111111111111111111111111111111";

    fn update(old: &str, new: &str, name: &str) -> Update {
        Update { old: old.into(), new: new.into(), name: name.into() }
    }

    #[test]
    fn the_deployed_branch_deploys_and_others_do_not() {
        let main = update(NONE, ONE, "refs/heads/main");
        let side = update(NONE, ONE, "refs/heads/side");
        let tag = update(NONE, ONE, "refs/tags/v1");
        assert_eq!(judge("main", &[tag.clone(), main.clone()]), Judgement::Deploy(main.clone()));
        for others in [vec![side.clone()], vec![tag], vec![side]] {
            let judged = judge("main", &others);
            assert!(
                matches!(&judged, Judgement::Accept(why) if why.starts_with("Nothing is deployed")),
                "{judged:?}"
            );
        }
        assert!(matches!(judge("release", &[main]), Judgement::Accept(_)));
    }

    #[test]
    fn the_deployed_branch_cannot_be_deleted_and_others_can() {
        assert!(matches!(judge("main", &[update(ONE, NONE, "refs/heads/main")]), Judgement::Refuse(_)));
        assert!(matches!(judge("main", &[update(ONE, NONE, "refs/heads/side")]), Judgement::Accept(_)));
    }

    #[test]
    fn r_sec_1b_hostile_refs_are_refused() {
        for name in [
            "refs/berth/live",
            "refs/notes/commits",
            "HEAD",
            "refs/heads/-x",
            "refs/heads/--upload-pack=x",
            "refs/heads/../x",
            "refs/heads/a b",
            "refs/heads/",
            "refs/heads/x.lock",
            "refs/tags/-d",
            "main",
        ] {
            let judged = judge("main", &[update(NONE, ONE, "refs/heads/main"), update(NONE, ONE, name)]);
            assert!(matches!(judged, Judgement::Refuse(_)), "{name}: {judged:?}");
        }
        assert!(matches!(judge("main", &[]), Judgement::Refuse(_)));
        let many: Vec<_> = (0..501).map(|n| update(NONE, ONE, &format!("refs/heads/b{n}"))).collect();
        assert!(matches!(judge("main", &many), Judgement::Refuse(_)));
    }
}
