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
    for wave in work.waves.iter().filter(|wave| wave.began.is_some()) {
        let settled = wave.settled();
        let open = if wave.open > 0 { format!(", {} open", wave.open) } else { String::new() };
        let words = format!(
            "{} {}: {settled} of {}, {} ready{open}",
            wave.wave, wave.stage, wave.objects, wave.ready
        );
        page.fact(Line::fact("wave", Role::Plain, words));
    }
    open(&mut page, work);
    page.fact(Line::fact("tell", Role::Strong, outcome::sentence(work).unwrap_or_default()));
    page.next(
        Role::Plain,
        "c copies the command that goes on, from any machine with the run's folder, the bundle and \
         a key.",
    );
    page.same_as = Some(Job::Resume(runs::request(state, run)).line());
    page
}

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

/// What is waited for, what failed and what is not there.
fn open(page: &mut Page<'_>, work: &Work) {
    if let Some(waiting) = &work.waiting {
        let words = format!("{}: {}", waiting.object, waiting.why);
        page.fact(Line::fact("waits for", Role::Warn, words));
    }
    match &work.end {
        Some(Ok(report)) => {
            if let Report::Replay(report) = report.as_ref() {
                outcome::troubles(page, report);
            }
        }
        Some(Err(told)) => page.fact(Line::fact("stopped", Role::Warn, &told.what)),
        None => {}
    }
}
