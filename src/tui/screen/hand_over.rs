//! One page for whoever takes over: target, plan, run, what is open, what to do next.

use crate::app::text;
use crate::tui::job::{Job, Report};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{outcome, runs};
use crate::tui::state::State;
use crate::tui::work::Work;

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("For whoever takes over");
    let Some((work, run)) = state.work.as_ref().and_then(|work| Some((work, work.run.as_ref()?)))
    else {
        return page;
    };
    page.fact(Line::fact("run", Role::Strong, format!("{run}, {}", standing(work))));
    if let Some(folder) = &work.folder {
        page.fact(Line::fact("folder", Role::Plain, folder));
    }
    if let (None, Some(target)) = (&work.plan, work.target()) {
        page.fact(Line::fact("target", Role::Plain, target));
    }
    if let Some(plan) = &work.plan {
        let uid = plan.target.uid.as_deref().map_or(String::new(), |uid| format!(", uid {uid}"));
        let target = format!("{} ({}){uid}", plan.target.name, plan.target.class);
        page.fact(Line::fact("target", Role::Plain, target));
        let bundle = format!("{}, of bundle {}", plan.digest().short(), plan.bundle.short());
        page.fact(Line::fact("plan", Role::Plain, bundle));
    }
    let took = text::span(work.took(state.elapsed));
    page.fact(Line::fact("since", Role::Plain, format!("{took} of tool time on this machine")));
    if let Some(Ok(report)) = &work.end
        && let Report::Replay(report) = report.as_ref()
    {
        // How it ended is what its own page says, and not what was heard meanwhile.
        outcome::summary(&mut page, report);
        if report.next.is_none() {
            page.next(Role::Good, "The run is complete: there is nothing to go on with.");
            page.same_as = Some(Job::Run(state.place.clone(), run.clone()).line());
            return page;
        }
    } else {
        waves(&mut page, work);
        open(&mut page, work);
        page.fact(Line::fact("tell", Role::Strong, outcome::sentence(work).unwrap_or_default()));
    }
    page.next(Role::Plain, GOES_ON);
    page.same_as = Some(Job::Resume(runs::request(state, run)).line());
    page
}

/// What of each wave is there so far, as far as it was counted.
fn waves(page: &mut Page<'_>, work: &Work) {
    for wave in work.waves.iter().filter(|wave| wave.began.is_some() || wave.settled() > 0) {
        let counted = [(wave.ready, "ready"), (wave.open, "open"), (wave.left_out, "left out")];
        let counted = counted.into_iter().filter(|(number, _)| *number > 0);
        let counted: String = counted.map(|(number, what)| format!(", {number} {what}")).collect();
        let (number, stage) = (wave.wave, wave.stage);
        let words =
            format!("{number} {stage}: {} of {} there{counted}", wave.applied, wave.objects);
        page.fact(Line::fact("wave", Role::Plain, words));
    }
}

/// The page of a run that was looked up.
pub(super) fn of_run<'a>(state: &'a State, name: &str) -> Page<'a> {
    let mut page = Page::new("For whoever takes over");
    page.same_as = Some(Job::Run(state.place.clone(), name.to_owned()).line());
    let Some(detail) = runs::detail(state, name) else {
        page.fact(Line::words(Role::Dim, " looking …"));
        return page;
    };
    let run = &detail.summary;
    page.fact(Line::fact("run", Role::Strong, format!("{name}, {}", run.state)));
    page.fact(Line::fact("folder", Role::Plain, run.folder.display().to_string()));
    let uid = detail.uid.as_deref().map_or(String::new(), |uid| format!(", uid {uid}"));
    page.fact(Line::fact("target", Role::Plain, format!("{}{uid}", run.target)));
    let short = |digest: &str| {
        let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
        digits.get(..16).unwrap_or(digits).to_owned()
    };
    let bundle = format!("{}, snapshot {}", short(&detail.bundle), run.seq);
    let plan = format!("{}, of bundle {bundle}", short(&detail.plan));
    page.fact(Line::fact("plan", Role::Plain, plan));
    page.fact(Line::fact("objects", Role::Plain, run.there()));
    let report = detail.report.as_deref().map(|report| &report.outcome);
    if let Some(outcome) = report.or(detail.known.as_ref()) {
        outcome::troubles(&mut page, outcome);
    }
    page.fact(Line::fact("tell", Role::Strong, &detail.tell));
    if runs::is_open(run) {
        page.next(Role::Plain, GOES_ON);
        page.same_as = Some(Job::Resume(runs::request(state, name)).line());
    }
    page
}

/// What the command on the page is for.
const GOES_ON: &str = "c copies the command that goes on, from any machine with the run's folder, the \
                       bundle and a key.";

fn standing(work: &Work) -> &'static str {
    match &work.end {
        None if work.stopping => "stopping at its next safe point",
        None if work.holding => "holding once its wave is done",
        None => "under way",
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) if report.next.is_none() => "complete",
            _ => "ended, not complete",
        },
        Some(Err(_)) => "stopped; it can go on",
    }
}

/// What is waited for, or why it stopped.
fn open(page: &mut Page<'_>, work: &Work) {
    if let Some(waiting) = &work.waiting {
        let words = format!("{}: {}", waiting.object, waiting.why);
        page.fact(Line::fact("waits for", Role::Warn, words));
    }
    if let Some(Err(told)) = &work.end {
        page.fact(Line::fact("stopped", Role::Warn, &told.what));
    }
}
