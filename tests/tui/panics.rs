//! A bug while something is drawn: the terminal is given back before it is told.

use std::io::Write as _;

use blackstart::tui::terminal::Guard;

use crate::kit;
use crate::tmux::Terminal;

/// Set for the process that plays the program.
const PLAYS: &str = "BLACKSTART_TEST_PANICS";

/// Takes the terminal as the program does, draws, and panics. It is run by the test below, in a
/// terminal, as a process of its own.
#[test]
fn a_screen_with_a_bug() {
    if std::env::var_os(PLAYS).is_none() {
        return;
    }
    let _guard = Guard::take().unwrap();
    print!("half a screen");
    std::io::stdout().flush().unwrap();
    panic!("a bug in a screen");
}

#[test]
fn a_bug_leaves_a_terminal_that_can_be_used_and_its_words_on_the_normal_screen() {
    let kit = kit::estate();
    let program = std::env::current_exe().unwrap();
    let line = format!(
        "env {PLAYS}=1 TERM=xterm-256color RUST_BACKTRACE=0 {} --exact --nocapture \
         panics::a_screen_with_a_bug",
        program.display()
    );
    let terminal = Terminal::running(&kit, (80, 24), &line);
    let seen = terminal.until("left with 101");
    assert!(seen.contains("a bug in a screen"), "{seen}");
    crate::terminals::restored(&terminal, &seen);
    let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
    let (taken, back) = (recorded.find("\u{1b}[?1049h"), recorded.find("\u{1b}[?1049l"));
    assert!(taken.is_some() && taken < back, "{recorded:?}");
    assert!(back < recorded.find("a bug in a screen"), "{recorded:?}");
}
