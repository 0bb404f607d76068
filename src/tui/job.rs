//! The jobs that screens begin: requests of the verbs, and the commands that say the same.

use std::path::{Path, PathBuf};

use crate::app::replay::Wait;
use crate::app::{
    CommandLine, Place, Wanted, Which, assess, extract, list, plan, replay, resume, runs, show,
    snapshot, status, target, verify,
};
use crate::model::id::Seq;

/// A request of a verb.
#[derive(Clone, Debug)]
pub enum Job {
    /// Is the newest snapshot what it should be?
    Status(status::Request),
    /// What we hold, what answers, what to do.
    Assess(assess::Request),
    /// Every snapshot.
    List(Place),
    /// One snapshot, and with keys what is in it.
    Show(show::Request),
    /// What is there against what was signed.
    Verify(verify::Request),
    /// Clusters with names.
    Targets,
    /// Whether a cluster is still the one of its card, and lets us in.
    TestTarget(String),
    /// A name for a cluster.
    AddTarget(target::Add),
    /// What a replay would do.
    Plan(plan::Request),
    /// A plan made, shown, confirmed, carried out.
    Replay(replay::Request),
    /// What was replayed, and what is unfinished.
    Runs(Place),
    /// One run, by its name.
    Run(Place, String),
    /// A run that goes on.
    Resume(resume::Request),
    /// Everything mirrored and sealed.
    Snapshot(snapshot::Request),
    /// Repositories out of a bundle.
    Extract(extract::Request),
}

/// What a job returned.
#[derive(Clone, Debug)]
pub enum Report {
    /// Of [`Job::Status`].
    Status(status::Report),
    /// Of [`Job::Assess`].
    Assess(Box<assess::Report>),
    /// Of [`Job::List`].
    List(list::Report),
    /// Of [`Job::Show`].
    Show(show::Report),
    /// Of [`Job::Verify`].
    Verify(verify::Report),
    /// Of [`Job::Targets`].
    Targets(target::List),
    /// Of [`Job::TestTarget`].
    TestTarget(Box<target::Tested>),
    /// Of [`Job::AddTarget`].
    AddTarget(target::Changed),
    /// Of [`Job::Plan`].
    Plan(plan::Report),
    /// Of [`Job::Replay`] and [`Job::Resume`].
    Replay(replay::Report),
    /// Of [`Job::Runs`].
    Runs(runs::List),
    /// Of [`Job::Run`].
    Run(Box<runs::Detail>),
    /// Of [`Job::Snapshot`].
    Snapshot(snapshot::Report),
    /// Of [`Job::Extract`].
    Extract(extract::Report),
}

impl Job {
    /// Returns whether it is watched on a screen of its own.
    pub fn is_watched(&self) -> bool {
        matches!(
            self,
            Self::Verify(_)
                | Self::Plan(_)
                | Self::Replay(_)
                | Self::Resume(_)
                | Self::Snapshot(_)
                | Self::TestTarget(_)
                | Self::Extract(_)
        )
    }

    /// Returns whether it writes to a target.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Replay(_) | Self::Resume(_))
    }

    /// Returns its name, as the command is called.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Assess(_) => "assess",
            Self::List(_) => "list",
            Self::Show(_) => "show",
            Self::Verify(_) => "verify",
            Self::Targets => "target list",
            Self::TestTarget(_) => "target test",
            Self::AddTarget(_) => "target add",
            Self::Plan(_) => "plan",
            Self::Replay(_) => "replay",
            Self::Runs(_) | Self::Run(..) => "runs",
            Self::Resume(_) => "resume",
            Self::Snapshot(_) => "snapshot",
            Self::Extract(_) => "extract",
        }
    }

    /// Returns the command that does the same.
    pub fn line(&self) -> String {
        let line = CommandLine::new(self.verb());
        match self {
            Self::Status(request) => placed(line, &request.place),
            Self::Assess(request) => placed(line, &request.place),
            Self::List(place) | Self::Runs(place) => placed(line, place),
            Self::Run(place, run) => placed(line.word(run), place),
            Self::Show(request) => {
                let line = opened(line, request.which, &request.identities, request.accept);
                placed(line, &request.place)
            }
            Self::Verify(request) => {
                let line = opened(line, request.which, &request.identities, request.accept);
                let line = if request.full { line.word("--full") } else { line };
                placed(line, &request.place)
            }
            Self::Targets => line,
            Self::TestTarget(name) => line.word(name),
            Self::AddTarget(add) => line
                .word(&add.name)
                .option("--kubeconfig", [shown(&add.kubeconfig)])
                .option("--class", add.class)
                .option("--context", &add.context)
                .option("--accept", add.accept.signs.iter().map(|sign| sign.word()))
                .option("--reason", &add.accept.reason),
            Self::Plan(request) => planned(line, request),
            Self::Replay(request) => {
                let line = planned(line, &request.plan)
                    .option("--plan", &request.approved)
                    .option("--confirm-target", &request.confirm);
                let line = left_out(line, &request.options);
                match request.options.wait {
                    Wait::Applied => line.word("--no-wait"),
                    Wait::Ready { .. } => line,
                }
            }
            Self::Resume(request) => {
                let line = request.run.iter().fold(line, CommandLine::word);
                let line = line
                    .option("--target", &request.target)
                    .option("--identity", request.identities.iter().map(|path| shown(path)));
                placed(left_out(line, &request.options), &request.place)
            }
            Self::Snapshot(request) => line
                .option("--only", &request.only)
                .option("--config", request.config.iter().map(|path| shown(path))),
            Self::Extract(request) => {
                let line = opened(line, request.which, &request.identities, request.accept)
                    .option("--to", [shown(&request.to)])
                    .option("--repo", &request.repos);
                placed(line, &request.place)
            }
        }
        .line()
    }
}

/// A replay as the command does it when no option says otherwise.
pub fn replay_request(
    plan: plan::Request,
    confirm: Option<String>,
    approved: Option<String>,
) -> replay::Request {
    replay::Request { plan, confirm, approved, options: replay::Options::default() }
}

fn left_out(line: CommandLine, options: &replay::Options) -> CommandLine {
    let skip = &options.choices.skip;
    line.option("--skip", skip.iter().map(|skip| &skip.object))
        .option("--reason", skip.iter().map(|skip| &skip.reason))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn placed(line: CommandLine, place: &Place) -> CommandLine {
    line.option("--config", place.config.iter().map(|path| shown(path)))
        .option("--store", place.stores.iter().map(|path| shown(path)))
        .option("--trust-root", &place.trust_root)
}

fn opened(
    line: CommandLine,
    which: Which,
    identities: &[PathBuf],
    accept: Option<Seq>,
) -> CommandLine {
    let line = match which {
        Which::Latest => line,
        Which::Number(seq) => line.word(seq),
    };
    line.option("--identity", identities.iter().map(|path| shown(path)))
        .option("--accept-seq", accept)
}

fn planned(line: CommandLine, request: &plan::Request) -> CommandLine {
    let Wanted { which, identities, accept, sources, choices, .. } = &request.wanted;
    let line = opened(line, *which, identities, *accept)
        .option("--target", [&request.target])
        .option("--path", sources)
        .option("--choose", choices);
    placed(line, &request.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::plan::Selector;

    #[test]
    fn a_job_says_the_command_that_does_the_same() {
        let place = Place { stores: vec!["/media/my stick".into()], ..Place::default() };
        let job = Job::Show(show::Request {
            place: place.clone(),
            which: Which::Number(Seq::new(7).unwrap()),
            identities: vec!["ada.key".into()],
            accept: None,
        });
        assert_eq!(job.line(), "blackstart show 7 --identity ada.key --store '/media/my stick'");
        let wanted = Wanted { identities: vec!["ada.key".into()], ..Wanted::default() };
        let target = Selector::Named("prd-eu1".into());
        let plan = plan::Request { place, wanted, target, out: None };
        let job = Job::Replay(replay_request(plan, Some("prd-eu1".to_owned()), None));
        assert_eq!(
            job.line(),
            "blackstart replay --identity ada.key --target prd-eu1 --store '/media/my stick' \
             --confirm-target prd-eu1"
        );
    }
}
