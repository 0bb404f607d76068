//! Terminals of every kind and temper.

use std::time::Instant;

use crate::kit;
use crate::support::sandbox::finish;
use crate::tmux::{Look, Terminal};

#[test]
fn any_terminal_shows_the_first_screen_and_is_as_it_was_afterwards() {
    let kit = kit::estate();
    for variables in [
        &["TERM=vt100", "LC_ALL=C"][..],
        &["TERM=xterm-256color", "NO_COLOR=1"],
        &["TERM=linux", "LC_ALL=C.UTF-8"],
    ] {
        let terminal = Terminal::open(&kit, &Look { variables, ..Look::default() });
        terminal.until("What do we hold?");
        let seen = terminal.until("Suggested: ");
        assert!(seen.contains("?=help"), "{seen}");
        assert_eq!(terminal.fact("alternate_on"), "1");
        if variables[0] == "TERM=vt100" {
            let recorded = terminal.recorded();
            assert!(recorded.is_ascii(), "{seen}");
            assert!(seen.is_ascii(), "{seen}");
        }
        terminal.press(&["q"]);
        let left = terminal.until("left with 0");
        restored(&terminal, &left);
    }
}

/// The normal screen, a cursor, and keys that show.
#[track_caller]
pub fn restored(terminal: &Terminal<'_>, seen: &str) {
    assert_eq!(terminal.fact("alternate_on"), "0", "{seen}");
    assert_eq!(terminal.fact("cursor_flag"), "1", "{seen}");
    let modes = terminal.until("icanon");
    assert!(modes.contains(" echo ") && !modes.contains("-icanon"), "{modes}");
}

#[test]
fn signals_give_the_terminal_back() {
    let kit = kit::estate();
    for (signal, left) in [("-TERM", "left with 143"), ("-INT", "left with 130")] {
        let terminal = Terminal::open(&kit, &Look::default());
        terminal.until("Suggested: ");
        let process = terminal.process().to_string();
        let mut command = kit.sandbox.program("/bin/sh");
        let line = format!("kill {signal} {process}");
        finish(command.args(["-c", &line])).ok();
        let seen = terminal.until(left);
        restored(&terminal, &seen);
    }
}

#[test]
fn colours_are_drawn_where_they_are_wanted_and_nowhere_else() {
    let kit = kit::estate();
    let xterm = "TERM=xterm-256color";
    for (variables, arguments, colours) in [
        (&[xterm][..], &[][..], true),
        (&[xterm, "NO_COLOR=1"], &[], false),
        (&[xterm], &["--color", "never"], false),
        (&[xterm, "NO_COLOR=1"], &["--color", "always"], true),
    ] {
        let terminal = Terminal::open(&kit, &Look { variables, arguments, ..Look::default() });
        terminal.until("Suggested: ");
        let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
        assert_eq!(recorded.contains("\u{1b}[38;5;"), colours, "{variables:?} {arguments:?}");
    }
}

#[test]
fn what_is_copied_goes_to_the_clipboard_and_is_printed_at_the_end() {
    let kit = kit::estate();
    let terminal = Terminal::open(&kit, &Look::default());
    terminal.until("Suggested: ");
    terminal.press(&["c"]);
    terminal.until("Copied the command");
    let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
    // `blackstart assess`
    assert!(recorded.contains("\u{1b}]52;c;YmxhY2tzdGFydCBhc3Nlc3M=\u{7}"), "{recorded:?}");
    terminal.press(&["q"]);
    let left = terminal.until("left with 0");
    assert!(left.contains("copied: blackstart assess"), "{left}");
}

#[test]
fn what_is_pasted_goes_into_the_field_and_its_line_end_is_no_enter() {
    let kit = kit::estate();
    let terminal = Terminal::open(&kit, &Look::default());
    terminal.until("Suggested: ");
    // Where nothing is typed it does nothing at all.
    terminal.paste("qqq3\n");
    terminal.press(&["3"]);
    terminal.until("Open the newest snapshot");
    terminal.press(&["2"]);
    terminal.until("key file:");
    terminal.paste("/media/stick/bob's key\n3\n");
    let seen = terminal.until("key file: /media/stick/bob's key3");
    assert!(seen.contains("Enter=done"), "{seen}");
}

#[test]
fn however_much_happens_there_are_at_most_four_drawings_a_second() {
    let kit = kit::estate();
    let terminal = Terminal::open(&kit, &Look::default());
    terminal.until("Suggested: ");
    terminal.press(&["?"]);
    terminal.until("Help: keys");
    let drawings = || {
        let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
        recorded.matches("\u{1b}[?25l").count()
    };
    let (before, began) = (drawings(), Instant::now());
    for _ in 0..20 {
        terminal.press(&["Down"; 10]);
    }
    terminal.press(&["G"]);
    terminal.until_seen("the last row", |seen| !seen.contains(" > ?"));
    let (drawn, quarters) = (drawings() - before, began.elapsed().as_millis() / 250);
    // Each is a quarter of a second after the one before, however slow this machine is.
    assert!(drawn > 0 && drawn as u128 <= quarters + 2, "{drawn} in {quarters} quarters");
}

#[test]
fn a_storm_of_sizes_ends_in_the_right_one() {
    let kit = kit::estate();
    let terminal = Terminal::open(&kit, &Look::default());
    terminal.until("Suggested: ");
    for size in 0..60 {
        terminal.resize(20 + size * 3, 5 + size);
    }
    terminal.resize(39, 12);
    terminal.until("too small: needs 40x12");
    // What cannot be seen is not done.
    terminal.press(&["3", "q"]);
    terminal.resize(200, 60);
    terminal.until("Suggested: ");
    terminal.resize(40, 12);
    terminal.until_seen("the bar", |seen| seen.contains("5  Only look") && seen.contains("?=help"));
    terminal.resize(80, 24);
    let seen = terminal.until_seen("the whole screen", |seen| {
        seen.contains("Suggested: ") && seen.contains("no target") && seen.contains("q=quit")
    });
    assert!(seen.lines().all(|line| line.chars().count() <= 80), "{seen}");
    terminal.press(&["q"]);
    terminal.until("left with 0");
}
