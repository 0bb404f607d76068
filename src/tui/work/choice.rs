//! What a person may choose at a plan or in a run: folders to add, objects to leave out.

use super::Work;
use crate::app::plan::{Item, Undefined};
use crate::app::replay::{self, Skip};
use crate::tui::job::Job;

impl Work {
    /// Returns the job of this plan, with the folders that engines follow.
    pub fn wider(&self) -> Option<Job> {
        let plan = self.plan.as_ref().filter(|plan| !plan.beyond.is_empty())?;
        let mut job = self.job.clone();
        let (Job::Plan(request) | Job::Replay(replay::Request { plan: request, .. })) = &mut job
        else {
            return None;
        };
        request.wanted.sources = plan.sources.iter().chain(&plan.beyond).cloned().collect();
        Some(job)
    }

    /// Returns what is left out of what is planned, for which reasons.
    pub fn skips(&self) -> &[Skip] {
        match &self.job {
            Job::Replay(request) => &request.options.choices.skip,
            _ => &[],
        }
    }

    /// Returns whether a person left an object of the plan out.
    pub fn is_left_out(&self, item: &Item) -> bool {
        self.skips().iter().any(|skip| skip.object.matches(&item.object))
    }

    /// Returns the kinds of the plan that nobody defines and whose objects are not left out yet. In a
    /// folder they wait for whoever applies it.
    pub fn undefined(&self) -> Vec<&Undefined> {
        let Some(plan) = self.plan.as_ref() else { return Vec::new() };
        let is_out = |kind: &&Undefined| {
            let mut of = plan.of_kind(kind);
            of.all(|item| self.is_left_out(item))
        };
        plan.undefined.iter().filter(|kind| !is_out(kind)).collect()
    }

    /// Returns the kind of an object, where nobody defines it: all objects of it wait for the same.
    pub fn undefined_kind(&self, object: &str) -> Option<&Undefined> {
        let plan = self.plan.as_ref()?;
        let is_it =
            |kind: &&Undefined| plan.of_kind(kind).any(|item| item.object.to_string() == object);
        plan.undefined.iter().find(is_it)
    }

    /// Returns what `--skip` takes to leave an object out: with all others of its kind where nobody
    /// defines that. The group is said where the plan has the kind in more than one.
    pub fn skip_name(&self, object: &str) -> String {
        if let Some(kind) = self.undefined_kind(object) {
            return kind.name();
        }
        let (kind, rest) = object.split_once(' ').unwrap_or((object, ""));
        let items = self.plan.iter().flat_map(|plan| plan.items());
        let same: Vec<_> =
            items.map(|item| &item.object).filter(|object| object.kind == kind).collect();
        let here = same.iter().find(|other| other.to_string() == object);
        match here.map(|object| &object.group).filter(|group| !group.is_empty()) {
            Some(group) if same.iter().any(|object| object.group != *group) => {
                format!("{kind}.{group}/{rest}")
            }
            _ => format!("{kind}/{rest}"),
        }
    }

    /// Returns the job of this plan, without the objects of kinds that nobody defines.
    pub fn without_undefined(&self, reason: &str) -> Option<Job> {
        let Job::Replay(mut request) = self.job.clone() else { return None };
        for kind in self.undefined() {
            let object = kind.name().parse().ok()?;
            request.options.choices.skip.push(Skip { object, reason: reason.to_owned() });
        }
        Some(Job::Replay(request))
    }

    /// Returns the job of this plan with the objects again that were left out of it since nobody defines
    /// their kinds; none where nothing was.
    pub fn with_undefined(&self) -> Option<Job> {
        let Job::Replay(mut request) = self.job.clone() else { return None };
        let plan = self.plan.as_ref()?;
        let kinds: Vec<_> =
            plan.undefined.iter().filter_map(|kind| kind.name().parse().ok()).collect();
        let skips = &mut request.options.choices.skip;
        let before = skips.len();
        skips.retain(|skip| !kinds.contains(&skip.object));
        (skips.len() < before).then_some(Job::Replay(request))
    }
}
