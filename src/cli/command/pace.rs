//! Options that say how a replay goes on: which objects, how fast, how patient.

use crate::app::replay::{Choices, Options, Pattern, Skip, Wait};
use crate::config::Span;

/// What `replay` and `resume` have in common.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Pace {
    /// How long each object may take to become ready
    #[arg(long, value_name = "TIME", default_value = "5m", env = "BLACKSTART_WAIT")]
    wait: Span,
    /// Do not wait until objects are ready, unless others need them ready
    #[arg(long, conflicts_with = "wait", env = "BLACKSTART_NO_WAIT")]
    no_wait: bool,
    /// How long an object may wait for what it needs: its kind, a webhook
    #[arg(long, value_name = "TIME", default_value = "2m", env = "BLACKSTART_PATIENCE")]
    patience: Span,
    /// How long to wait for an API server that does not answer
    #[arg(long, value_name = "TIME", default_value = "10m", env = "BLACKSTART_OUTAGE")]
    outage: Span,
    /// How long one wave may take
    #[arg(long, value_name = "TIME", env = "BLACKSTART_WAVE_LIMIT")]
    wave_limit: Option<Span>,
    /// Stop after this wave; resume goes on
    #[arg(long, value_name = "WAVE", env = "BLACKSTART_HOLD_AFTER")]
    hold_after: Option<usize>,
    /// Calls to the API server at a time
    #[arg(long, value_name = "N", default_value_t = 8, env = "BLACKSTART_CONCURRENCY",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Calls to the API server a second; no limit when absent
    #[arg(long, value_name = "N", env = "BLACKSTART_API_QPS",
          value_parser = clap::value_parser!(u32).range(1..))]
    api_qps: Option<u32>,
    /// Only these objects: KIND, KIND/NAME or KIND/NAMESPACE/NAME; * is any
    #[arg(long, value_name = "OBJECTS", env = "BLACKSTART_ONLY")]
    only: Vec<Pattern>,
    /// Not these objects
    #[arg(long, value_name = "OBJECTS", env = "BLACKSTART_EXCLUDE")]
    exclude: Vec<Pattern>,
    /// Leave out one object, or all of one kind (KIND.GROUP); what needs it goes on. Takes a --reason
    #[arg(long, value_name = "OBJECT", requires = "reason", env = "BLACKSTART_SKIP")]
    skip: Vec<Pattern>,
    /// Why it is left out, once for each --skip
    #[arg(long, value_name = "TEXT", requires = "skip", env = "BLACKSTART_REASON")]
    reason: Vec<String>,
    /// Take over the fields of this one object that another manager holds
    #[arg(long, value_name = "OBJECT", env = "BLACKSTART_FORCE_CONFLICTS")]
    force_conflicts: Vec<Pattern>,
    /// Jobs must be complete, not only running
    #[arg(long, env = "BLACKSTART_JOBS_COMPLETE")]
    jobs_complete: bool,
}

impl Pace {
    /// Returns the options.
    pub(crate) fn options(&self) -> Options {
        let wait = if self.no_wait { Wait::Applied } else { Wait::Ready { limit: self.wait.0 } };
        // One reason may stand for several.
        let last = self.reason.last().cloned().unwrap_or_default();
        let reasons = self.reason.iter().cloned().chain(std::iter::repeat(last));
        let skip = self.skip.iter().cloned().zip(reasons);
        Options {
            threads: usize::from(self.concurrency),
            api_qps: self.api_qps,
            wait,
            patience: self.patience.0,
            outage: self.outage.0,
            wave_limit: self.wave_limit.map(|span| span.0),
            hold_after: self.hold_after,
            choices: Choices {
                only: self.only.clone(),
                exclude: self.exclude.clone(),
                skip: skip.map(|(object, reason)| Skip { object, reason }).collect(),
                force_conflicts: self.force_conflicts.clone(),
                jobs_complete: self.jobs_complete,
            },
        }
    }
}
