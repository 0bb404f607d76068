//! `prune`

use std::fmt::Write as _;

use crate::app::prune::{self, Keep, Report, Request, StoreReport};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};

/// Show which parts no kept snapshot needs, and with --apply delete them
///
/// Rules add up; without any, every snapshot keeps its parts. Manifests and signatures stay for
/// ever, the newest snapshot stays whole, and nothing goes that was used within seven days.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep the newest N snapshots
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_last: usize,
    /// Keep the newest of each of N hours that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_hourly: usize,
    /// Keep the newest of each of N days
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_daily: usize,
    /// Keep the newest of each of N weeks
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_weekly: usize,
    /// Keep the newest of each of N months
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_monthly: usize,
    /// Delete, rather than show what would be deleted
    #[arg(long)]
    apply: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let keep = Keep {
        last: args.keep_last,
        hourly: args.keep_hourly,
        daily: args.keep_daily,
        weekly: args.keep_weekly,
        monthly: args.keep_monthly,
    };
    let request = Request { place: shell.global.place(), keep, apply: args.apply };
    let report = prune::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(0)
}

fn human(report: &Report) -> String {
    let mut text = String::new();
    for store in &report.stores {
        let _ = write!(text, "{}\n{}", store.place, table(store));
        let done = if report.applied { "deleted" } else { "would delete" };
        let size = text::size(store.bytes);
        let _ = writeln!(text, "{done} {}, {size}", text::count(store.delete, "blob"));
        if store.waiting > 0 {
            let _ = writeln!(
                text,
                "{} that no kept snapshot needs: used within seven days, not deleted before that",
                text::count(store.waiting, "more blob")
            );
        }
    }
    let all = || report.stores.iter().flat_map(|store| &store.snapshots);
    if all().any(|one| one.kept_by.is_empty()) {
        text.push_str("snapshots whose parts go stay in the list, with manifest and signatures\n");
    } else if all().any(|one| one.kept_by == ["all"]) {
        text.push_str(
            "no rule was given, such as --keep-last 48: every snapshot keeps its parts\n",
        );
    }
    if !report.applied {
        text.push_str("nothing was deleted; add --apply to do it\n");
    }
    text
}

fn table(store: &StoreReport) -> String {
    let mut rows = vec![["SEQ", "CREATED", "ITS PARTS"].map(str::to_owned).to_vec()];
    rows.extend(store.snapshots.iter().map(|one| {
        let created = one.created.map_or_else(|| "?".into(), |at| at.to_string());
        let fate = if one.kept_by.is_empty() {
            "may be deleted".to_owned()
        } else {
            format!("kept: {}", one.kept_by.join(", "))
        };
        vec![one.seq.to_string(), created, fate]
    }));
    text::table(&rows)
}
