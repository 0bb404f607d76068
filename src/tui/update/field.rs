//! What is typed, and what becomes of it. A field owns the keyboard.

use std::path::PathBuf;

use super::act::back;
use super::choose;
use super::job::{begin, reply};
use super::run;
use crate::app::plan::Selector;
use crate::app::target::Class;
use crate::app::{Wanted, extract, plan};
use crate::model::explain::Kind;
use crate::model::id::Seq;
use crate::tui::job::{Job, replay_request};
use crate::tui::keys::Key;
use crate::tui::message::{Effect, PathAnswer, PathQuestion, Reply, Wants, typed_path};
use crate::tui::screen::new_target;
use crate::tui::state::{Confirming, Known, Popup, Purpose, State};
use crate::tui::typed::Typed;

/// Begins a field.
pub(super) fn ask(state: &mut State, purpose: Purpose, text: &str) -> Vec<Effect> {
    let (text, wrong, names) = (Typed::new(text), None, Vec::new());
    state.popups.push(Popup::Field { purpose, text, wrong, names });
    Vec::new()
}

/// Takes a key.
pub(super) fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let Some(Popup::Field { purpose, text, wrong, names }) = state.popups.last_mut() else {
        return Vec::new();
    };
    match key {
        Key::Enter => return done(state),
        Key::Tab => return complete(state),
        Key::Left | Key::Up if *purpose == Purpose::Class => *text = other_class(text.text(), 2),
        Key::Right | Key::Down if *purpose == Purpose::Class => *text = other_class(text.text(), 1),
        Key::Esc => return escape(state),
        Key::Char(character) => text.insert(character.encode_utf8(&mut [0; 4])),
        Key::Backspace => text.erase(),
        Key::Delete => text.erase_next(),
        Key::Clear => *text = Typed::new(""),
        Key::Left => text.left(),
        Key::Right => text.right(),
        Key::Home => text.home(),
        Key::End => text.end(),
        _ => return Vec::new(),
    }
    *wrong = None;
    names.clear();
    filter_now(state);
    Vec::new()
}

/// Asks what a path goes on with.
pub(super) fn complete(state: &mut State) -> Vec<Effect> {
    match state.popups.last() {
        Some(Popup::Field { purpose, text, .. }) if purpose.is_path() => {
            let text = text.text().to_owned();
            look_at(state, PathQuestion::Complete(text, state.home.clone()))
        }
        _ => Vec::new(),
    }
}

fn look_at(state: &mut State, question: PathQuestion) -> Vec<Effect> {
    state.looked_at = Some(Vec::new());
    vec![Effect::Path(question)]
}

/// A path was looked at. An answer about what is not typed any more means nothing.
pub(super) fn path(state: &mut State, answer: PathAnswer) -> Vec<Effect> {
    let home = state.home.clone();
    let Some(Popup::Field { purpose, text, names, wrong }) = state.popups.last_mut() else {
        return Vec::new();
    };
    match answer {
        PathAnswer::Completed(asked, completed) if asked == text.text() => {
            let nothing = completed.text == asked && completed.names.is_empty();
            *wrong = (nothing && !asked.ends_with('/'))
                .then(|| "Nothing there begins like that.".to_owned());
            (*text, *names) = (Typed::new(&completed.text), completed.names);
            Vec::new()
        }
        PathAnswer::KeyFile(path, found) => {
            let Purpose::KeyFile(at) = *purpose else { return Vec::new() };
            if typed_path(text.text().trim(), home.as_ref()) != path {
                return Vec::new();
            }
            match found {
                Ok(()) => take_key_file(state, at, path),
                Err(why) => say_wrong(state, &why),
            }
        }
        PathAnswer::Completed(..) => Vec::new(),
    }
}

/// Takes pasted text.
pub(super) fn paste(state: &mut State, pasted: &str) -> Vec<Effect> {
    if let Some(Popup::Field { text, wrong, .. }) = state.popups.last_mut() {
        text.insert(pasted);
        *wrong = None;
        filter_now(state);
    }
    Vec::new()
}

/// Takes a whole answer.
pub(super) fn submit(state: &mut State, answer: Typed) -> Vec<Effect> {
    match state.popups.last_mut() {
        Some(Popup::Field { text, .. }) => *text = answer,
        _ => return Vec::new(),
    }
    filter_now(state);
    done(state)
}

/// Rows are filtered while one types.
fn filter_now(state: &mut State) {
    if let Some(Popup::Field { purpose: Purpose::Filter, text, .. }) = state.popups.last()
        && let Some(view) = state.views.last_mut()
    {
        text.text().clone_into(&mut view.filter);
        (view.cursor, view.scroll) = (0, None);
    }
}

fn escape(state: &mut State) -> Vec<Effect> {
    if let Some(Popup::Field { purpose: Purpose::Filter, .. }) = state.popup()
        && let Some(view) = state.views.last_mut()
    {
        view.filter.clear();
    }
    back(state)
}

/// Says what is wrong with what was typed, and lets it be typed again.
fn say_wrong(state: &mut State, why: &str) -> Vec<Effect> {
    let in_lines = state.in_lines;
    if let Some(Popup::Field { wrong, text, .. }) = state.popups.last_mut() {
        *wrong = Some(why.to_owned());
        // A line is given whole, and not mended letter by letter.
        if in_lines {
            *text = Typed::new("");
        }
    }
    Vec::new()
}

/// Enter was pressed.
fn done(state: &mut State) -> Vec<Effect> {
    let Some(Popup::Field { purpose, text, .. }) = state.popups.last() else { return Vec::new() };
    let typed = text.text().trim().to_owned();
    match purpose.clone() {
        Purpose::Answer(question) if question.wants == Wants::Passphrase => {
            let Some(Popup::Field { text, .. }) = state.popups.pop() else { return Vec::new() };
            reply(&question, Reply::Passphrase(text.into_passphrase()))
        }
        Purpose::Answer(question) => {
            state.popups.pop();
            reply(&question, Reply::Words(typed))
        }
        Purpose::Confirm => confirm(state, &typed),
        Purpose::Filter => {
            state.popups.pop();
            Vec::new()
        }
        Purpose::KeyFile(at) => key_file(state, at, &typed),
        Purpose::Accept => accept(state, &typed),
        _ if typed.is_empty() => say_wrong(state, "Nothing was typed. Esc leaves."),
        Purpose::Kubeconfig => keep(state, |state| state.draft.kubeconfig = typed),
        // What follows the name is only for who needs it.
        Purpose::TargetName => {
            let effects = keep(state, |state| state.draft.name = typed);
            choose::to_add_row(state);
            effects
        }
        Purpose::Class => class(state, &typed),
        Purpose::Context => keep(state, |state| state.draft.context = typed),
        Purpose::Signs => signs(state, &typed),
        Purpose::Reason => keep(state, |state| state.draft.reason = typed),
        Purpose::Directory => {
            state.popups.pop();
            let path = typed_path(&typed, state.home.as_ref());
            choose::plan_for(state, Selector::Directory(path))
        }
        Purpose::LeaveOut(object) => run::go_on_without(state, &object, &typed),
        Purpose::LeaveOutKinds => run::plan_without(state, &typed),
        Purpose::ExtractTo => extract_to(state, &typed),
    }
}

fn keep(state: &mut State, set: impl FnOnce(&mut State)) -> Vec<Effect> {
    state.popups.pop();
    set(state);
    choose::next_row(state);
    Vec::new()
}

/// The class so many places behind the one that is typed; the first where that is none.
fn other_class(typed: &str, by: usize) -> Typed {
    let classes = new_target::CLASSES;
    let at = classes.iter().position(|(class, _)| class.to_string() == typed.trim());
    let (class, _) = classes[at.map_or(0, |at| (at + by) % classes.len())];
    Typed::new(&class.to_string())
}

fn class(state: &mut State, typed: &str) -> Vec<Effect> {
    // In lines a number takes the one of that place.
    let numbered =
        typed.parse::<usize>().ok().and_then(|at| new_target::CLASSES.get(at.checked_sub(1)?));
    match numbered.map_or_else(|| typed.parse(), |(class, _)| Ok(*class)) {
        Ok(class) if class != Class::Directory => {
            let effects = keep(state, |state| state.draft.class = class);
            choose::to_add_row(state);
            effects
        }
        _ => say_wrong(state, "One of these words: production, standby, disposable."),
    }
}

fn signs(state: &mut State, typed: &str) -> Vec<Effect> {
    let words = typed.split([',', ' ']).filter(|word| !word.is_empty());
    match words.map(str::parse).collect() {
        Ok(signs) => keep(state, |state| state.draft.accept = signs),
        Err(why) => say_wrong(state, &why),
    }
}

/// A key file was named: it is looked at first, so that a wrong path is mended here.
fn key_file(state: &mut State, at: usize, typed: &str) -> Vec<Effect> {
    if typed.is_empty() {
        state.popups.pop();
        if at < state.identities.len() {
            state.identities.remove(at);
            forget_failure(state);
        }
        choose::to_open_row(state);
        return Vec::new();
    }
    let path = typed_path(typed, state.home.as_ref());
    look_at(state, PathQuestion::KeyFile(path))
}

fn take_key_file(state: &mut State, at: usize, path: PathBuf) -> Vec<Effect> {
    state.popups.pop();
    match state.identities.get_mut(at) {
        Some(known) => *known = path,
        None => state.identities.push(path),
    }
    forget_failure(state);
    choose::to_open_row(state);
    // Whoever asked to resume has only been asked for the key meanwhile.
    choose::go_on_here(state)
}

/// What failed with other key files says nothing about these; what was refused with any still does.
fn forget_failure(state: &mut State) {
    let stays = |kind| matches!(kind, Kind::Refused | Kind::Integrity);
    if matches!(&state.facts.opened, Known::Failed(told) if !stays(told.kind)) {
        state.facts.opened = Known::No;
    }
}

fn accept(state: &mut State, typed: &str) -> Vec<Effect> {
    let number = typed.parse().ok().and_then(Seq::new);
    if number.is_none() && !typed.is_empty() {
        return say_wrong(state, "That is not the number of a snapshot.");
    }
    state.accept = number;
    state.popups.pop();
    Vec::new()
}

fn extract_to(state: &mut State, typed: &str) -> Vec<Effect> {
    state.popups.pop();
    let request = extract::Request {
        place: state.place.clone(),
        which: state.which,
        identities: state.identities.clone(),
        accept: state.accept,
        to: typed_path(typed, state.home.as_ref()),
        repos: Vec::new(),
        worktree: None,
        pinned: false,
    };
    begin(state, Job::Extract(request))
}

/// The target's name was typed. The core compares it again; here it only costs no new plan.
fn confirm(state: &mut State, typed: &str) -> Vec<Effect> {
    let Some(plan) = state.work.as_ref().and_then(|work| work.plan.as_ref()) else {
        state.popups.pop();
        return Vec::new();
    };
    let name = plan.target.name.clone();
    if typed != name {
        let why = format!("You typed {typed:?}, the target is {name}. Nothing was done.");
        return say_wrong(state, &why);
    }
    let digest = plan.digest().short();
    state.earlier.clear();
    state.popups.pop();
    state.views.pop();
    match std::mem::take(&mut state.binding) {
        Confirming::Asked(question) => {
            vec![Effect::Reply(question, Some(Reply::Words(typed.to_owned())))]
        }
        Confirming::ByDigest => replay_by_digest(state, digest, name),
        Confirming::Not => Vec::new(),
    }
}

fn replay_by_digest(state: &mut State, digest: String, name: String) -> Vec<Effect> {
    let Some(Job::Plan(request)) = state.work.as_ref().map(|work| work.job.clone()) else {
        return Vec::new();
    };
    state.views.pop();
    let request = replay_request(request, Some(name), Some(digest));
    begin(state, Job::Replay(request))
}

/// Returns the request of a plan for a target.
pub(super) fn plan_request(state: &State, target: Selector) -> plan::Request {
    plan::Request {
        place: state.place.clone(),
        wanted: Wanted {
            which: state.which,
            identities: state.identities.clone(),
            accept: state.accept,
            ..Wanted::default()
        },
        target,
        out: None,
    }
}
