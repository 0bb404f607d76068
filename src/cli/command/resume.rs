//! `resume`

use super::pace::Pace;
use super::replay::human;
use crate::app::resume::{self, Request};
use crate::cli::args::Opening;
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

/// Go on with a replay that ended early
///
/// The same bundle, the same plan, the same target, or it is refused. What the journal knows as done
/// is not done again. The run's folder is enough on another machine, together with the bundle and a
/// key: name the folder instead of the run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's name or its folder; the newest unfinished one when absent
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Another card of the same target, such as one with new credentials
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    pace: Pace,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        place: shell.global.place(),
        run: args.run.clone(),
        target: args.target.clone(),
        identities: args.opening.identity.clone(),
        options: args.pace.options(),
    };
    let report = resume::run(&request, &|_, _| {}, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(report.outcome.kind().map_or(0, Kind::exit_code))
}
