//! Words that open: typed once, seen by nobody.

use crate::kit;
use crate::tmux::{Look, Terminal};

const WORDS: &str = "correct-horse-7351";

#[test]
fn a_passphrase_is_typed_once_from_opening_to_summary_and_never_shows() {
    let kit = kit::settings_behind(WORDS);
    let folder = kit.sandbox.path("carried");
    let terminal = Terminal::open(&kit, &Look::default());
    kit::to_opening(&terminal);
    terminal.until("passphrase (does not show)");
    terminal.write("not these");
    terminal.press(&["Enter"]);
    terminal.until("That did not work");
    terminal.press(&["Enter", "3"]);
    // Wrong words were not kept.
    terminal.until("passphrase (does not show)");
    terminal.write(WORDS);
    terminal.press(&["Enter"]);
    terminal.until("it holds");
    terminal.press(&["Enter"]);
    terminal.until("Which cluster?");
    kit::to_plan_of_folder(&terminal, &folder);
    kit::confirm(&terminal, &format!("dir:{}", folder.display()));
    terminal.until("COMPLETE");
    assert!(folder.join("apply.sh").is_file());
    let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
    assert!(!recorded.contains(WORDS) && recorded.contains("does not show"));
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
    assert!(!terminal.seen().contains(WORDS));
}

#[test]
fn a_passphrase_that_is_typed_into_lines_does_not_show() {
    let kit = kit::settings_behind(WORDS);
    let look = Look { variables: &["BLACKSTART_LINEAR=1", "TERM=vt100"], ..Look::default() };
    let terminal = Terminal::open(&kit, &look);
    terminal.until("Asking every Git host and cluster that is known here, for at most 11s.");
    terminal.until("\n>");
    terminal.press(&["3", "Enter"]);
    terminal.until("Open the newest snapshot");
    terminal.press(&["3", "Enter"]);
    terminal.until("passphrase (does not show):");
    terminal.write(WORDS);
    terminal.press(&["Enter"]);
    terminal.until("GREEN: it holds");
    terminal.press(&["q", "Enter"]);
    terminal.until("left with 0");
    let modes = terminal.until("icanon");
    assert!(modes.contains(" echo "), "what is typed shows again: {modes}");
    let recorded = String::from_utf8_lossy(&terminal.recorded()).into_owned();
    assert!(!recorded.contains(WORDS), "{recorded}");
    assert!(!recorded.contains("\u{1b}[?1049h"), "the variable alone asks for lines");
}
