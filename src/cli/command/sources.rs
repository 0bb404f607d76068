//! `sources`

use crate::app::sources::{self, Report};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::model::safe::safe;

/// Say what is mirrored; retire what vanished from a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List every repository that a snapshot asks for
    List,
    /// Forget a repository that is no longer below its folder
    Retire {
        /// Its name
        name: String,
    },
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let config = shell.global.config.as_deref();
    let (report, retired) = match &args.what {
        What::List => (sources::list(config, &shell.ports)?, String::new()),
        What::Retire { name } => {
            let report = sources::retire(config, name, &shell.ports)?;
            let name = safe(name);
            let kept = "from the next snapshot on it is not named; those that hold it still do";
            (report, format!("retired {name}: {kept}\n"))
        }
    };
    shell.print(&report, || retired + &human(&report));
    Ok(0)
}

fn human(report: &Report) -> String {
    let mut rows = vec![["NAME", "CLASS", "STATE", "FROM"].map(str::to_owned).to_vec()];
    rows.extend(report.sources.iter().map(|source| {
        let class = if source.required { "required" } else { "normal" };
        let state = if source.gone { "GONE" } else { "" };
        vec![safe(&source.name), class.to_owned(), state.to_owned(), source.url.clone()]
    }));
    text::table(&rows)
}
