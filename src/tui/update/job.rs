//! Work begun, told of, ended.

use super::act::enter;
use super::look::{look, look_done};
use super::{field, quit, run};
use crate::app::Told;
use crate::app::plan::Plan;
use crate::app::target::Class;
use crate::model::event::Event;
use crate::model::explain::Kind;
use crate::tui::job::{Job, Report};
use crate::tui::message::{Effect, JobId, Question, Reply, Wants};
use crate::tui::screen::runs;
use crate::tui::state::{Confirming, Known, Popup, Purpose, Screen, State};
use crate::tui::work::Work;

/// Begins a job. One that is watched gets its screen; there is one of those at a time.
pub(in crate::tui) fn begin(state: &mut State, job: Job) -> Vec<Effect> {
    if job.is_watched() && state.works() {
        state.said = Some("Something runs already; ^C stops it safely.".to_owned());
        return Vec::new();
    }
    state.last_job += 1;
    let id = state.last_job;
    let start = Effect::Start(id, job.clone());
    if !job.is_watched() {
        state.looks.push((id, job));
        return vec![start];
    }
    let onto = match &job {
        Job::Resume(request) => onto(state, request.run.as_deref()),
        _ => None,
    };
    let mut work = Work::new(id, job, state.elapsed);
    work.onto = onto;
    work.from = from(state, &work.job);
    state.work = Some(work);
    state.binding = Confirming::Not;
    // Screens of what was done before would show this.
    state.views.retain(|view| !view.screen.is_of_work());
    let mut effects = vec![start];
    effects.extend(enter(state, Screen::Work));
    effects
}

/// Returns the snapshot that a job writes to a target: what is younger is lost there.
fn from(state: &State, job: &Job) -> Option<String> {
    match job {
        Job::Replay(_) => {
            let entry = &state.facts.opened.get()?.entry;
            let taken = entry.created.map_or_else(String::new, |at| format!(" of {at}"));
            Some(format!("snapshot {}{taken}", entry.seq))
        }
        Job::Resume(request) => {
            let run = request.run.as_deref()?;
            let stopped = state.work.as_ref().filter(|work| work.run.as_deref() == Some(run));
            let listed = || Some(format!("snapshot {}", runs::find(state, run)?.seq));
            stopped.and_then(|work| work.from.clone()).or_else(listed)
        }
        _ => None,
    }
}

/// Returns the target of a run: of the one that has just stopped, or as the list of runs has it.
fn onto(state: &State, run: Option<&str>) -> Option<String> {
    let stopped = state.work.as_ref().filter(|work| work.run.as_deref() == run);
    let listed = || Some(runs::find(state, run?)?.target.clone());
    stopped.and_then(Work::target).or_else(listed)
}

/// The core tells something.
pub(super) fn event(state: &mut State, id: JobId, event: &Event) -> Vec<Effect> {
    let (now, elapsed) = (state.now, state.elapsed);
    if let Some(work) = state.work.as_mut().filter(|work| work.id == id) {
        work.event(event, now, elapsed);
    }
    Vec::new()
}

/// The core shows a plan that waits for a person.
pub(super) fn plan(state: &mut State, id: JobId, plan: Box<Plan>) -> Vec<Effect> {
    let Some(work) = state.work.as_mut().filter(|work| work.id == id) else { return Vec::new() };
    work.take_plan(plan);
    show_plan(state)
}

/// A run goes on: progress is told by the waves of its plan, from what is done already.
pub(super) fn resumed(
    state: &mut State,
    id: JobId,
    plan: Box<Plan>,
    done: &[usize],
) -> Vec<Effect> {
    let elapsed = state.elapsed;
    if let Some(work) = state.work.as_mut().filter(|work| work.id == id) {
        work.take_rest(plan, done, elapsed);
    }
    Vec::new()
}

fn show_plan(state: &mut State) -> Vec<Effect> {
    let known = state.views.iter().any(|view| view.screen.is_plan());
    if known { Vec::new() } else { enter(state, Screen::Plan) }
}

/// The core asks a person.
pub(super) fn question(state: &mut State, question: Question) -> Vec<Effect> {
    if state.leaving.is_some() {
        return nobody(&question);
    }
    let work = state.work.as_ref().filter(|work| work.id == question.job);
    if work.is_some_and(|work| work.stopping) {
        return nobody(&question);
    }
    match question.wants {
        Wants::Words if work.is_some_and(|work| work.plan.is_some()) => {
            if !state.views.iter().any(|view| view.screen.is_plan()) {
                return nobody(&question);
            }
            state.binding = Confirming::Asked(question.id);
            Vec::new()
        }
        Wants::Choice { .. } => {
            state.popups.push(Popup::Choice { question, cursor: 1 });
            Vec::new()
        }
        Wants::Words | Wants::Passphrase => field::ask(state, Purpose::Answer(question), ""),
    }
}

/// Tells the core that nobody answers.
pub(super) fn nobody(question: &Question) -> Vec<Effect> {
    vec![Effect::Reply(question.id, None)]
}

/// Answers the core.
pub(super) fn reply(question: &Question, reply: Reply) -> Vec<Effect> {
    vec![Effect::Reply(question.id, Some(reply))]
}

/// The core shows a person something to do.
pub(super) fn word(state: &mut State, id: JobId, text: String) -> Vec<Effect> {
    let now = state.now;
    match state.work.as_mut().filter(|work| work.id == id) {
        Some(work) => {
            work.say(&text, now, true);
            work.word = Some(text);
        }
        None => state.said = Some(text),
    }
    Vec::new()
}

/// A job has ended.
pub(super) fn done(state: &mut State, id: JobId, end: Result<Report, Told>) -> Vec<Effect> {
    if let Some(at) = state.looks.iter().position(|(look, _)| *look == id) {
        let (_, job) = state.looks.remove(at);
        if left(state, id) && end.is_err() {
            state.facts.opened = Known::No;
            state.said = Some("Left. Nothing was opened.".to_owned());
            return Vec::new();
        }
        return look_done(state, &job, end);
    }
    let elapsed = state.elapsed;
    let Some(work) = state.work.as_mut().filter(|work| work.id == id) else { return Vec::new() };
    work.ended = Some(elapsed);
    work.word = None;
    work.waiting = None;
    if let Some(phase) = work.phases.last_mut() {
        phase.ended = Some(elapsed);
    }
    work.end = Some(end.map(Box::new));
    state.popups.retain(|popup| !matches!(popup, Popup::Leave { .. }));
    if let Some(code) = state.leaving {
        return quit(state, code, farewell(state));
    }
    if left(state, id) && was_left(state) {
        return match state.going_on.take() {
            Some(job) => begin(state, job),
            None => Vec::new(),
        };
    }
    tell_end(state);
    let effects = run::left(state);
    if effects.is_empty() { work_done(state) } else { effects }
}

/// Whether a person has left a question of this job without an answer.
fn left(state: &mut State, id: JobId) -> bool {
    state.left.take_if(|left| *left == id).is_some()
}

/// Forgets work that ended because a person left it before it wrote anything: that is no failure.
fn was_left(state: &mut State) -> bool {
    let idle = |work: &Work| matches!(work.end, Some(Err(_))) && !work.replays();
    if !state.work.as_ref().is_some_and(idle) {
        return false;
    }
    state.work = None;
    state.views.retain(|view| !view.screen.is_of_work());
    if state.going_on.is_none() {
        state.said.get_or_insert_with(|| "Left. Nothing was changed.".to_owned());
    }
    true
}

/// Says that work has ended to whoever looks at something else.
fn tell_end(state: &mut State) {
    let Some(work) = &state.work else { return };
    if !state.views.iter().any(|view| view.screen.is_work() || view.screen.is_plan()) {
        state.said = Some(format!(
            "{} has ended: {}. The last choice on the first screen shows it.",
            work.verb(),
            work.ending()
        ));
    }
}

/// What stays on the normal screen of work that was stopped.
fn farewell(state: &State) -> Vec<String> {
    let Some(work) = &state.work else { return Vec::new() };
    let verb = work.verb();
    let mut lines = match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) if report.next.is_some() => {
                let next = report.next.iter().map(|next| format!("  next  {next}"));
                std::iter::once(format!("{verb} has ended: {}", work.ending()))
                    .chain(next)
                    .collect()
            }
            _ => vec![format!("{verb} ended before it had to stop")],
        },
        Some(Err(told)) => told.lines(),
        None => Vec::new(),
    };
    lines.extend(work.run.iter().map(|run| format!("  run   {run}")));
    lines
}

fn work_done(state: &mut State) -> Vec<Effect> {
    let Some(work) = &mut state.work else { return Vec::new() };
    if work.job.writes() {
        let facts = &mut state.facts;
        (facts.runs, facts.run) = (Known::No, Known::No);
        // How the cluster is now, and what to do, is another than before.
        (facts.assess, facts.status) = (Known::No, Known::No);
        // What is suggested now is another than before, and so are the rows.
        if let Some(home) = state.views.first_mut() {
            home.moved = false;
        }
    }
    let planned = match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Plan(report) => Some(Box::new(report.plan.clone())),
            Report::Snapshot(_) => {
                state.facts.status = Known::No;
                state.facts.list = Known::No;
                None
            }
            _ => None,
        },
        _ => None,
    };
    if let Some(plan) = planned {
        let confirmed = !plan.is_empty() && plan.blockers.is_empty();
        work.take_plan(plan);
        state.binding = if confirmed { Confirming::ByDigest } else { Confirming::Not };
        return show_plan(state);
    }
    // A plan that was refused, or that nobody confirmed, cannot be confirmed any more.
    state.binding = Confirming::Not;
    if let Some(at) = state.views.iter().position(|view| view.screen.is_plan()) {
        let blocked = work.plan.as_ref().is_some_and(|plan| !plan.blockers.is_empty());
        if !blocked {
            state.views.truncate(at);
        }
    }
    look(state)
}

/// A job has ended by a bug.
pub(super) fn broken(state: &mut State, id: JobId, what: &str) -> Vec<Effect> {
    let watched = state.work.as_ref().filter(|work| work.id == id);
    let verb = watched.map_or("a look", |work| work.verb());
    let lines = vec![
        format!("error: {verb} ended by a bug: {what}"),
        "  done  what was written before it stays".to_owned(),
        "  next  run the same command again, and report this line".to_owned(),
    ];
    quit(state, Kind::Internal.exit_code(), lines)
}

/// Returns whether a target of this class is planned and confirmed in one job.
pub(super) fn in_one_job(class: Option<Class>) -> bool {
    class.is_some_and(|class| class != Class::Directory)
}
