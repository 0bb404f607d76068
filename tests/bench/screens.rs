//! The screens: from start to the first frame with many snapshots in the store, and the time of a
//! frame while long lists scroll.
//!
//! ```sh
//! cargo bench --bench screens            # 1 000 snapshots, which takes minutes to make
//! cargo bench --bench screens -- 50      # fewer
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    dead_code,
    unreachable_pub,
    reason = "a benchmark"
)]

#[path = "../screens/fixture/mod.rs"]
mod fixture;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use blackstart::tui::job::Report;
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::{draw, screen, theme::Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use fixture::Person;
use support::git;
use support::kit::Kit;

const SIZE: (u16, u16) = (200, 60);

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1000);
    frames();
    start(count);
}

/// Scrolls through 2 000 repositories and 5 000 objects.
fn frames() {
    let repos = (0..2000).map(|number| fixture::repo(&format!("team/app-{number}"), "fresh", None));
    let mut person = Person::home(SIZE);
    person.act(Action::Number(2));
    person.act(Action::Number(3));
    person.ends(Report::Show(fixture::opened_with(repos.collect())));
    person.press(Key::Esc);
    scroll("2 000 repositories", &mut person);
    let (mut person, _) = Person::plan(SIZE, fixture::plan_of(5000));
    person.act(Action::Objects);
    scroll("5 000 objects", &mut person);
    person.press(Key::Char('/'));
    person.type_in("api");
    person.press(Key::Enter);
    scroll("5 000 objects, filtered", &mut person);
}

fn scroll(what: &str, person: &mut Person) {
    let mut times = Vec::new();
    for key in [Key::Down, Key::PageDown, Key::Up].into_iter().cycle().take(600) {
        let begun = Instant::now();
        person.press(key);
        let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width: SIZE.0, height: SIZE.1 });
        draw::draw(&screen::page(&person.state), None, Theme::COLOR, &mut buffer);
        times.push(begun.elapsed());
    }
    times.sort();
    let worst = times[times.len() - 1];
    println!(
        "frame at {}x{}, {what}: median {:?}, worst {worst:?}  (limit 16ms) {}",
        SIZE.0,
        SIZE.1,
        times[times.len() / 2],
        verdict(worst, Duration::from_millis(16)),
    );
}

fn verdict(time: Duration, limit: Duration) -> &'static str {
    if time <= limit { "met" } else { "MISSED" }
}

/// Starts the program on a terminal, with so many snapshots in its store.
fn start(count: usize) {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&work, &[("a.yaml", "a: 1\n")], "all");
    kit.source("apps", work.to_str().unwrap(), "");
    for _ in 0..count {
        kit.snapshot();
    }
    let mut first = Vec::new();
    let mut facts = Vec::new();
    for _ in 0..10 {
        let (frame, known) = once(&kit);
        first.push(frame);
        facts.push(known);
    }
    first.sort();
    facts.sort();
    let worst = first[first.len() - 1];
    println!(
        "start to first frame, {count} snapshots: median {:?}, worst {worst:?}  (limit 100ms) {}",
        first[first.len() / 2],
        verdict(worst, Duration::from_millis(100)),
    );
    println!("start to what we hold: median {:?}", facts[facts.len() / 2]);
}

fn once(kit: &Kit) -> (Duration, Duration) {
    let begun = Instant::now();
    let mut child = kit
        .sandbox
        .program("script")
        // A terminal of a program that has none itself begins without a size.
        .args(["-qec", concat!("stty cols 80 rows 24; exec ", env!("CARGO_BIN_EXE_blackstart"))])
        .arg("/dev/null")
        .current_dir(kit.path(""))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut seen, mut frame, mut buffer) = (Vec::new(), None, [0; 4096]);
    let known = loop {
        let read = out.read(&mut buffer).unwrap();
        assert!(read > 0, "the program ended");
        seen.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&seen);
        if frame.is_none() && text.contains("READ-ONLY") {
            frame = Some(begun.elapsed());
        }
        if text.contains("COMPLETE") {
            break begun.elapsed();
        }
    };
    child.stdin.take().unwrap().write_all(b"q").unwrap();
    child.wait().unwrap();
    (frame.unwrap(), known)
}
