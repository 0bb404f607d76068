//! Thousands of repositories and objects, as they scroll and are filtered.

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
    until_on(&terminal, "app-1999");
    terminal.press(&["g"]);
    ten_rows_down(&terminal, "app-0000", "app-0010");
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

#[test]
fn thousands_of_objects_scroll_by_what_changes() {
    let kit = kit::estate_of(5000);
    let folder = kit.sandbox.path("carried");
    let terminal = Terminal::open(&kit, &Look::default());
    kit::to_targets(&terminal);
    kit::to_plan_of_folder(&terminal, &folder);
    terminal.press(&["d"]);
    terminal.until("object by object");
    terminal.press(&["G"]);
    terminal.until("object-04999");
    terminal.press(&["g"]);
    terminal.until("object-00001");
    ten_rows_down(&terminal, "Namespace shop", "object-00010");
    terminal.press(&["/"]);
    terminal.write("object-03210");
    terminal.press(&["Enter"]);
    terminal.until("filter \"object-03210\": 1 of 5000");
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
    assert!(!folder.exists());
}

/// Waits until the cursor stands on a row.
#[track_caller]
fn until_on(terminal: &Terminal<'_>, row: &str) {
    terminal.until_seen(row, |seen| {
        seen.lines().any(|line| line.starts_with(" > ") && line.contains(row))
    });
}

/// Goes ten rows down, which draws what changes and nothing else.
#[track_caller]
fn ten_rows_down(terminal: &Terminal<'_>, from: &str, to: &str) {
    until_on(terminal, from);
    let before = terminal.written();
    terminal.press(&["Down"; 10]);
    until_on(terminal, to);
    let moved = terminal.written() - before;
    // A full repaint is up to 4 KiB; a cursor that moves draws two rows.
    assert!(moved < 10 * 700, "{moved} bytes for ten rows");
}
