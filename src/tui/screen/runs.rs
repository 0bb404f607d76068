//! What was replayed, and what is unfinished; and one run, to go on with.

use crate::app::replay::Skip;
use crate::app::resume;
use crate::app::runs::{Detail, Summary};
use crate::app::text;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching, outcome};
use crate::tui::state::{Known, State};

/// Returns whether a run can go on.
pub(in crate::tui) fn is_open(run: &Summary) -> bool {
    run.next.is_some() && run.damage.is_none()
}

/// Returns the newest run that can go on.
pub(in crate::tui) fn unfinished(state: &State) -> Option<&Summary> {
    state.facts.runs.get()?.runs.iter().find(|run| is_open(run))
}

/// Says that a run is unfinished, where somebody could begin another over it.
pub(super) fn unfinished_words(run: &Summary) -> String {
    let target = run.target.split_once(" (").map_or(run.target.as_str(), |(name, _)| name);
    format!(
        "Run {} onto {target} is unfinished: {}. 0 on the first screen goes on with it.",
        run.run,
        run.there()
    )
}

/// Returns a run that another process carries out.
pub(in crate::tui) fn elsewhere(state: &State) -> Option<&Summary> {
    let ours = state.work.as_ref().and_then(|work| work.run.as_ref());
    let mut runs = state.facts.runs.get()?.runs.iter();
    runs.find(|run| run.state == "running" && ours != Some(&run.run))
}

fn rows(state: &State) -> Vec<usize> {
    let Some(list) = state.facts.runs.get() else { return Vec::new() };
    matching(list.runs.len(), screen::filter(state), |index| words(&list.runs[index]))
}

/// Returns the name of the run in a row.
pub(in crate::tui) fn name(state: &State, row: usize) -> Option<String> {
    let index = *rows(state).get(row)?;
    state.facts.runs.get()?.runs.get(index).map(|run| run.run.clone())
}

/// Returns the run of a name.
pub(in crate::tui) fn find<'a>(state: &'a State, name: &str) -> Option<&'a Summary> {
    let listed = || state.facts.runs.get()?.runs.iter().find(|run| run.run == name);
    detail(state, name).map(|detail| &detail.summary).or_else(listed)
}

/// Returns everything about the run of a name, once it was looked up.
pub(in crate::tui) fn detail<'a>(state: &'a State, name: &str) -> Option<&'a Detail> {
    state.facts.run.get().map(Box::as_ref).filter(|detail| detail.summary.run == name)
}

fn words(run: &Summary) -> String {
    let done = match &run.damage {
        Some(damage) => damage.clone(),
        None => run.there(),
    };
    format!("{}  {:<10}  {done}  {}", run.run, run.state, run.target)
}

/// Returns the request that goes on with a run.
pub(in crate::tui) fn request(state: &State, name: &str) -> resume::Request {
    resume::Request {
        place: state.place.clone(),
        run: Some(name.to_owned()),
        target: None,
        identities: state.identities.clone(),
        options: crate::app::replay::Options::default(),
    }
}

/// Returns what goes on with the run in view without an object, or all of its
/// kind where nobody defines that; none where the object has no name
/// that a command line could give it.
pub(in crate::tui) fn without(state: &State, object: &str, reason: &str) -> Option<Job> {
    let work = state.work.as_ref()?;
    let run = work.run.as_ref()?;
    let object = work.skip_name(object).parse().ok()?;
    let mut request = request(state, run);
    request.options.choices.skip.push(Skip { object, reason: reason.to_owned() });
    Some(Job::Resume(request))
}

/// The page of all.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Runs, newest first");
    page.same_as = Some(Job::Runs(state.place.clone()).line());
    match &state.facts.runs {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(list) => {
            let rows = rows(state);
            filtered(&mut page, rows.len(), list.runs.len(), screen::filter(state));
            if list.runs.is_empty() {
                page.next(Role::Plain, "Nothing was replayed from here yet.");
            }
            page.list(rows.len(), state.cursor(), move |row| {
                rows.get(row)
                    .and_then(|index| list.runs.get(*index))
                    .map_or_else(Line::empty, |run| {
                        Line::of(if is_open(run) { Role::Warn } else { Role::Plain }, words(run))
                    })
            });
        }
    }
    page
}

/// The page of one: how it ended, as it was shown then; else what its journal knows.
pub(super) fn one<'a>(state: &'a State, name: &str) -> Page<'a> {
    let mut page = Page::new(format!("Run {name}"));
    page.same_as = Some(Job::Run(state.place.clone(), name.to_owned()).line());
    if let Known::Failed(told) = &state.facts.run {
        screen::trouble(&mut page, told);
    }
    let Some(run) = find(state, name) else { return page };
    let detail = detail(state, name);
    let report = detail.and_then(|detail| detail.report.as_deref());
    if let Some(report) = report {
        outcome::summary(&mut page, report);
    } else {
        let role = if is_open(run) { Role::Warn } else { Role::Good };
        page.fact(Line::fact("state", role, run.state.to_uppercase()));
        page.fact(Line::fact("objects", Role::Plain, run.there()));
    }
    if let Some(known) = detail.and_then(|detail| detail.known.as_ref()) {
        outcome::troubles(&mut page, known);
    }
    if let Some(detail) = detail.filter(|detail| detail.report.is_none()) {
        page.fact(Line::fact("tell", Role::Strong, &detail.tell));
    }
    if let Some(damage) = &run.damage {
        page.fact(Line::fact("DAMAGED", Role::Bad, damage));
    }
    about(&mut page, run, state);
    match report {
        Some(report) => outcome::left_to_do(&mut page, report, false),
        None if is_open(run) => page.next(
            Role::Strong,
            "Enter resumes it: the same plan, the same target, as it was approved. What is done \
             is not done again.",
        ),
        None => {}
    }
    if is_open(run) {
        page.same_as = Some(Job::Resume(request(state, name)).line());
    }
    page
}

/// What does not change any more: onto what, from what, when, and where it is kept.
fn about(page: &mut Page<'_>, run: &Summary, state: &State) {
    page.fact(Line::fact("target", Role::Plain, &run.target));
    page.fact(Line::fact("from", Role::Plain, format!("snapshot {}", run.seq)));
    let time = |at: Option<crate::model::clock::Timestamp>| {
        at.map_or_else(
            || "not known".to_owned(),
            |at| format!("{at}, {} ago", text::age(at, state.now)),
        )
    };
    page.fact(Line::fact("begun", Role::Plain, time(run.begun)));
    if run.resumed > 0 {
        page.fact(Line::fact("resumed", Role::Plain, text::count(run.resumed, "time")));
    }
    page.fact(Line::fact("last", Role::Plain, time(run.last)));
    page.fact(Line::fact("journal", Role::Dim, run.folder.display().to_string()));
}
