//! An estate of two thousand repositories, as it scrolls and is filtered.

use crate::kit;
use crate::tmux::{Look, Terminal};

const COUNT: usize = 2000;

#[test]
fn thousands_of_repositories_scroll_and_are_filtered_by_what_changes() {
    let kit = kit::repositories(COUNT);
    let terminal = Terminal::open(&kit, &Look::default());
    terminal.until("Suggested: ");
    terminal.press(&["5"]);
    terminal.until("Only look");
    terminal.press(&["1"]);
    terminal.until("Bundles, newest first");
    terminal.press(&["Enter"]);
    terminal.until("Enter opens it");
    terminal.press(&["Enter"]);
    terminal.until("Open snapshot 1");
    terminal.press(&["3"]);
    terminal.until("2000 repositories");
    terminal.press(&["G"]);
    terminal.until_seen("the last row", |seen| {
        seen.lines().any(|line| line.starts_with(" > ") && line.contains("app-1999"))
    });
    terminal.press(&["g"]);
    terminal.until_seen("the first row", |seen| {
        seen.lines().any(|line| line.starts_with(" > ") && line.contains("app-0000"))
    });
    let before = terminal.written();
    let downs = vec!["Down"; 10];
    terminal.press(&downs);
    terminal.until_seen("the eleventh row", |seen| {
        seen.lines().any(|line| line.starts_with(" > ") && line.contains("app-0010"))
    });
    let moved = terminal.written() - before;
    // A full repaint is up to 4 KiB; a cursor that moves draws two rows.
    assert!(moved < 10 * 700, "{moved} bytes for ten rows");
    terminal.press(&["/"]);
    terminal.write("app-17");
    // The hits are counted while one types.
    terminal.until("in any case: 100 of 2000.");
    terminal.write("42");
    terminal.until("in any case: 1 of 2000.");
    terminal.press(&["Enter"]);
    terminal.until("filter \"app-1742\": 1 of 2000");
    terminal.press(&["Enter"]);
    terminal.until("Repository app-1742");
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
}
