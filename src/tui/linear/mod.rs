//! The same journey in lines, for screen readers, dumb terminals and pipes: pages are told instead of
//! drawn, and lines are answers instead of keys. The reducer is the same, and so are the workers.
//!
//! | file | holds |
//! |---|---|
//! | `tell` | a page as lines |
//! | `answer` | a line as messages |
//! | `progress` | what is said while something runs |
//! | `place` | where one is, so that nothing is told twice |
//! | `console` | lines in and out |
//! | `wrap` | text in ASCII, broken at 80 columns |

mod answer;
mod console;
mod place;
mod progress;
mod tell;
mod wrap;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use self::answer::Answer;
use self::console::{Console, Input};
use self::place::Place;
use self::progress::Progress;
use self::wrap::wrap;
use super::keys::Action;
use super::message::{Effect, Ending, Message, Wants};
use super::page::{Line, Span};
use super::screen;
use super::state::{Confirming, Popup, Purpose, Screen, State};
use super::update::{self, update};
use super::work::Work;
use super::worker::{Outside, Workers};
use crate::app::clock::SystemClock;
use crate::app::signals::{self, Signal};
use crate::app::target::Class;
use crate::model::clock::Clock as _;
use crate::model::safe::safe;

/// Time is looked at this often.
const TICK: Duration = Duration::from_secs(1);

/// So large a terminal is described; lines go on for ever.
pub(super) const SIZE: (u16, u16) = (80, 24);

/// Said where a name was typed that cannot bind.
const UNSEEN: &str = "Only somebody at a terminal, or a plan that was read, binds a standby or \
                      production cluster. Nothing was done. Enter alone leaves; then: blackstart \
                      plan --out FILE, and replay --plan FILE --confirm-target NAME.";

/// Tells and asks until somebody leaves, or nobody answers any more.
pub(super) fn run(state: State, outside: Outside) -> Ending {
    let clock = outside.clock;
    let (to, from) = channel();
    let mut workers = Workers::new(outside, to.clone());
    let signal = to.clone();
    signals::watch(move |came| drop(signal.send(Message::Signal(came))));
    let console = Console::open(move || {
        let _ = to.send(tick(clock));
    });
    let mut desk = Desk::new(state, console);
    desk.console.say(&["blackstart, told in lines. ? explains how to answer, q quits.".to_owned()]);
    let mut effects = update::first(&mut desk.state);
    loop {
        for effect in effects {
            if let Some(Effect::Quit(ending)) = workers.take(effect) {
                return desk.end(&ending);
            }
        }
        effects = desk.turn();
        if effects.is_empty() {
            effects = desk.wait(&from, clock);
        }
    }
}

fn tick(clock: SystemClock) -> Message {
    Message::Tick { now: clock.now(), elapsed: clock.elapsed() }
}

/// A person, and what they were told.
struct Desk {
    state: State,
    console: Console,
    /// Lines that were typed and not looked at yet.
    typed: VecDeque<Input>,
    /// Whether nobody types any more.
    ended: bool,
    /// Whether the work that runs was asked to stop because of that.
    abandoned: bool,
    /// Where the person was when something was told last.
    told: Option<Place>,
    banner: Vec<Span>,
    /// The first row that was told.
    from: usize,
    /// Whether an answer was taken since something was told.
    answered: bool,
    progress: Progress,
}

impl Desk {
    fn new(state: State, console: Console) -> Self {
        Self {
            state,
            console,
            typed: VecDeque::new(),
            ended: false,
            abandoned: false,
            told: None,
            banner: Vec::new(),
            from: 0,
            answered: false,
            progress: Progress::default(),
        }
    }

    /// Waits for something to happen, and takes everything that has happened meanwhile.
    fn wait(&mut self, from: &Receiver<Message>, clock: SystemClock) -> Vec<Effect> {
        let first = from.recv_timeout(TICK).ok();
        let mut effects = update(&mut self.state, tick(clock));
        for message in first.into_iter().chain(from.try_iter().take(10_000)) {
            effects.extend(update(&mut self.state, message));
        }
        effects
    }

    /// Tells what is new, and takes an answer where one is wanted.
    fn turn(&mut self) -> Vec<Effect> {
        while let Some(input) = self.console.take() {
            match input {
                Input::End => self.ended = true,
                other => self.typed.push_back(other),
            }
        }
        self.ended |= self.console.is_gone();
        self.tell_ends();
        if self.is_settled() {
            self.tell();
            return match self.typed.pop_front() {
                Some(input) => self.take(input),
                None if self.ended => self.abandon(),
                None => Vec::new(),
            };
        }
        if let Some(line) = self.progress.line(&self.state) {
            self.console.say(&wrap(&safe(line), 9));
        }
        match self.typed.front() {
            Some(Input::Line(line)) if answer::acts_meanwhile(line) => {
                let input = self.typed.pop_front();
                input.map(|input| self.take(input)).unwrap_or_default()
            }
            // What only reads may come to its end; what writes has nobody to ask any more.
            None if self.ended && self.writes() => self.abandon(),
            _ => Vec::new(),
        }
    }

    /// Whether an answer is wanted.
    fn is_settled(&self) -> bool {
        let state = &self.state;
        let comes = state.works()
            && (state.on(Screen::is_work)
                || (state.on(Screen::is_plan) && state.binding == Confirming::Not));
        let looks = !state.looks.is_empty() || state.looked_at.is_some();
        state.looked_at.is_none() && state.popup().is_some() || (!looks && !comes)
    }

    fn writes(&self) -> bool {
        self.state.work.as_ref().is_some_and(|work| work.runs() && work.job.writes())
    }

    /// Nobody answers any more: stops what runs at a safe point, or leaves.
    fn abandon(&mut self) -> Vec<Effect> {
        if !self.state.works() {
            return update(&mut self.state, Message::Act(Action::Quit));
        }
        if std::mem::replace(&mut self.abandoned, true) {
            return Vec::new();
        }
        let how = if self.state.work.as_ref().is_some_and(Work::writes) {
            "the wave under way is finished, then the run holds"
        } else {
            "stopping at the next safe point"
        };
        self.console.say(&[format!("The input has ended: {how}.")]);
        update(&mut self.state, Message::Signal(Signal::HangUp))
    }

    /// Says that work has ended, where one is not looking at it.
    fn tell_ends(&mut self) {
        let Some(work) = &self.state.work else { return };
        let Some(end) = work.end.as_ref() else { return };
        if !self.progress.ended(work.id)
            || matches!(self.state.screen(), Screen::Work | Screen::Plan)
        {
            return;
        }
        let how =
            end.as_ref().map_or_else(|told| format!("FAILED: {}", told.what), |_| "done".into());
        let line = format!("{} has ended: {how}", work.verb());
        self.console.say(&wrap(&safe(line), 1));
    }

    /// Tells the page, or what has changed on it, and asks for an answer.
    fn tell(&mut self) {
        let place = Place::of(&self.state);
        let page = screen::page(&self.state);
        let same = self.told.as_ref().is_some_and(|told| told.is(&place));
        if same && !self.answered && self.console.is_asking() {
            return;
        }
        let field = matches!(self.state.popup(), Some(Popup::Field { .. }));
        let lines = if same && !field {
            let moved = self.told.as_ref().is_some_and(|told| told.row != place.row);
            if self.answered { tell::rest(&page, moved) } else { Vec::new() }
        } else if field {
            tell::field(&page)
        } else {
            self.from = 0;
            // The time of day alone is no news.
            let banner = all_but_last(&page.banner);
            let news = banner != self.banner;
            self.banner = banner;
            tell::whole(&page, 0, news)
        };
        self.console.say(&lines);
        let label = page.entry.as_ref().map(|entry| wrap::ascii(&entry.label));
        drop(page);
        self.forget_what_was_typed_ahead(&place);
        let prompt = label.map_or_else(|| "> ".to_owned(), |label| format!("{label}: "));
        self.console.ask(&prompt, self.is_secret());
        (self.told, self.answered) = (Some(place), false);
        self.progress.said(self.state.elapsed);
    }

    /// A target's name counts when it was typed after the plan was told, not before.
    fn forget_what_was_typed_ahead(&mut self, place: &Place) {
        let confirms =
            matches!(self.state.popup(), Some(Popup::Field { purpose: Purpose::Confirm, .. }));
        let new = self.told.as_ref().is_none_or(|told| !told.is(place));
        if confirms && new && !self.typed.is_empty() {
            self.typed.clear();
            let words = " What was typed before this question is not taken as its answer.";
            self.console.say(&[words.to_owned()]);
        }
    }

    /// Whether a name would bind a cluster that people depend on, with nobody at a terminal who has
    /// seen the plan.
    fn binds_unseen(&self) -> bool {
        let confirms =
            matches!(self.state.popup(), Some(Popup::Field { purpose: Purpose::Confirm, .. }));
        let plan = self.state.work.as_ref().and_then(|work| work.plan.as_ref());
        let careless = plan
            .is_some_and(|plan| matches!(plan.target.class, Class::Disposable | Class::Directory));
        confirms && !careless && !self.console.is_terminal()
    }

    fn is_secret(&self) -> bool {
        matches!(self.state.popup(), Some(Popup::Field { purpose: Purpose::Answer(question), .. })
            if question.wants == Wants::Passphrase)
    }

    /// Takes a line that was typed.
    fn take(&mut self, input: Input) -> Vec<Effect> {
        let asked = self.is_settled();
        self.console.answered();
        self.answered = asked;
        let line = match input {
            Input::Line(line) => line,
            Input::Wrong(why) => return self.reply(&[why.to_owned()]),
            Input::End => return Vec::new(),
        };
        if !line.trim().is_empty() && self.binds_unseen() {
            return self.reply(&wrap(UNSEEN, 1));
        }
        match answer::read(&line, &self.state) {
            Answer::Tell(messages) => {
                let effects: Vec<Effect> =
                    messages.into_iter().flat_map(|one| update(&mut self.state, one)).collect();
                // What is looked up again is told again.
                if effects.iter().any(|effect| matches!(effect, Effect::Start(..))) {
                    self.told = None;
                }
                effects
            }
            Answer::More => {
                let page = screen::page(&self.state);
                let next = self.from + tell::ROWS;
                let rows = page.rows.as_ref().map_or(0, |rows| rows.count);
                let lines = if next < rows {
                    tell::rows(&page, next)
                } else {
                    vec![" There are no more rows.".to_owned()]
                };
                drop(page);
                self.from = if next < rows { next } else { self.from };
                self.reply(&lines)
            }
            Answer::Usage => {
                let lines = self.usage();
                self.reply(&lines)
            }
            Answer::Words(words) => self.reply(&wrap(&safe(words), 1)),
            Answer::Command => {
                let page = screen::page(&self.state);
                let lines = page.same_as.as_deref().map(wrap::command);
                drop(page);
                self.reply(&lines.unwrap_or_else(|| vec![" There is no command here.".to_owned()]))
            }
        }
    }

    /// Answers a question about these lines; the page stays as it was told.
    fn reply(&mut self, lines: &[String]) -> Vec<Effect> {
        self.answered = false;
        self.console.say(lines);
        Vec::new()
    }

    fn usage(&self) -> Vec<String> {
        let page = screen::page(&self.state);
        let here = format!(" {}.", tell::answers(&page));
        let words = [
            " A number and Enter takes that row. Enter alone takes the row marked (Enter), or goes \
             on. /words tells only rows with these words, / alone tells all.",
            " b goes back, q quits, s stops at a safe point what runs. skip leaves out what keeps a run, \
             or what nobody defines of a plan. m tells more rows, c the command that does the same.",
            " ? and a code explains the code, as ? B0801. h tells words and codes.",
            " Where something is to be typed the whole line is taken.",
            &here,
        ];
        words.iter().flat_map(|words| wrap(words, 1)).collect()
    }

    /// Says the last words.
    fn end(mut self, ending: &Ending) -> Ending {
        let lines: Vec<String> =
            ending.shown(SIZE.0.into()).iter().flat_map(|line| wrap(line, 8)).collect();
        self.console.say(&lines);
        if self.console.is_asking() {
            self.console.say(&[String::new()]);
        }
        Ending { code: ending.code, lines: Vec::new() }
    }
}

fn all_but_last(line: &Line) -> Vec<Span> {
    line.spans().split_last().map_or_else(Vec::new, |(_, spans)| spans.to_vec())
}
