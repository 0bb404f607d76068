//! The same journey in lines: through pipes, and on terminals that cannot move their cursor.

use crate::kit;
use crate::pipe::Pipe;
use crate::support::cluster::Lab;
use crate::tmux::{Look, Terminal};

/// What is told must suit every terminal and every screen reader.
#[track_caller]
fn plain(told: &str) {
    for line in told.lines() {
        assert!(line.len() <= 80, "{} columns: {line}", line.len());
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    }
}

#[test]
fn from_start_to_summary_by_numbers_and_one_typed_name() {
    let kit = kit::estate();
    let lab = Lab::start();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "prod", "--kubeconfig", kubeconfig, "--class", "disposable"]).ok();
    let mut pipe = Pipe::open(&kit, &[]);
    pipe.until("rebuild it");
    pipe.until("\n> ");
    pipe.answer("3");
    pipe.until("Screen: Open the newest snapshot");
    pipe.until("\n> ");
    pipe.answer("3");
    pipe.until("GREEN: it holds");
    pipe.until("Enter go on");
    pipe.answer("");
    pipe.until("Screen: Which cluster?");
    pipe.until("1. prod");
    pipe.until("\n> ");
    pipe.answer("1");
    pipe.until("deletes: none");
    pipe.until("\n> ");
    pipe.answer("d");
    pipe.until("object by object");
    pipe.until("ConfigMap shop/settings");
    pipe.until("\n> ");
    pipe.answer("1");
    pipe.until("from       apps:prod/");
    pipe.until("git -C DIR/apps.git show");
    pipe.until("\n> ");
    pipe.answer("b");
    pipe.until("object by object");
    pipe.until("\n> ");
    pipe.answer("b");
    pipe.until("deletes: none");
    pipe.until("\n> ");
    pipe.answer("");
    pipe.until("target name: ");
    pipe.answer("prd");
    pipe.until("You typed \"prd\", the target is prod. Nothing was done.");
    pipe.until("target name: ");
    assert!(lab.our_audit().iter().all(|(verb, uri)| verb != "patch" || uri.contains("dryRun")));
    pipe.answer("prod");
    pipe.until("COMPLETE");
    pipe.until("tell       The replay onto prod is complete");
    pipe.until("\n> ");
    pipe.answer("q");
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    plain(&told);
}

#[test]
fn a_name_from_a_pipe_binds_no_cluster_that_people_depend_on() {
    let kit = kit::estate();
    let lab = Lab::start();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "prod", "--kubeconfig", kubeconfig, "--class", "production"]).ok();
    let mut pipe = Pipe::open(&kit, &[]);
    kit::lines_to_name(&mut pipe);
    pipe.answer("prod");
    pipe.until("Only somebody at a terminal");
    pipe.until("target name: ");
    pipe.answer("");
    pipe.until("\n> ");
    pipe.answer("q");
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("The plan was left. Nothing was changed."), "{told}");
    plain(&told);
    assert!(lab.our_audit().iter().all(|(verb, uri)| verb != "patch" || uri.contains("dryRun")));
}

#[test]
fn questions_about_the_lines_are_answered_and_nothing_else_happens() {
    let kit = kit::estate();
    let mut pipe = Pipe::open(&kit, &[]);
    for (answer, words) in [
        ("?", "A number and Enter takes that row."),
        ("? B0801", "B0801: "),
        ("? nonsense", "is no code of this program"),
        ("frobnicate", "\"frobnicate\" is no answer here"),
        ("99", "The numbers here are 1 to 6."),
        ("b", "This is the first screen"),
        ("s", "Nothing runs"),
        ("c", "blackstart "),
        ("\u{1b}[31mred", "is no answer here"),
        (&"x".repeat(5000), "longer than any answer"),
        ("h", "Screen: Help"),
    ] {
        pipe.until("\n> ");
        pipe.answer(answer);
        pipe.until(words);
    }
    pipe.until("Rows 1 to 20 of ");
    pipe.until("\n> ");
    pipe.answer("m");
    pipe.until("Rows 21 to 40 of ");
    pipe.until("\n> ");
    pipe.answer("/carried");
    pipe.until("filter \"carried\": ");
    pipe.until("\n> ");
    pipe.answer("q");
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    plain(&told);
}

#[test]
fn when_nobody_answers_any_more_it_ends() {
    let kit = kit::estate();
    let mut pipe = Pipe::open(&kit, &[]);
    pipe.end();
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    assert_eq!(told.matches("\n> ").count(), 1, "{told}");
    // What was asked for before that is still told.
    let mut pipe = Pipe::open(&kit, &[]);
    pipe.answer("5");
    pipe.answer("1");
    pipe.end();
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("Screen: Bundles, newest first"), "{told}");
}

#[test]
fn a_name_typed_before_the_plan_was_told_binds_nothing() {
    let kit = kit::estate();
    let mut pipe = Pipe::open(&kit, &[]);
    let folder = kit.sandbox.path("carried");
    for answer in ["3", "3", "", "2", folder.to_str().unwrap(), ""] {
        pipe.answer(answer);
    }
    pipe.answer(&format!("dir:{}", folder.display()));
    pipe.until("is not taken as its answer");
    pipe.end();
    let (code, told) = pipe.ended();
    assert_eq!(code, 0, "{told}");
    assert!(!folder.exists(), "{told}");
}

#[test]
fn the_end_of_the_answers_holds_a_run_behind_its_wave() {
    let kit = kit::estate_that_waits();
    let lab = kit::cluster_that_starts_nothing(&kit, "disposable");
    let mut pipe = Pipe::open(&kit, &[]);
    kit::lines_to_name(&mut pipe);
    pipe.answer("lab");
    pipe.until("waiting for Deployment shop/api");
    // The way out is named with it.
    pipe.until("skip");
    pipe.end();
    pipe.until("The input has ended: the wave under way is finished, then the run holds.");
    kit::make_ready(&lab);
    let (code, told) = pipe.ended();
    assert_eq!(code, 129, "{told}");
    let end = &told[told.find("The input has ended").unwrap()..];
    assert!(end.contains("blackstart resume"), "{end}");
    plain(&told);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_lines_without_any_sequence() {
    let kit = kit::estate();
    let terminal = Terminal::open(&kit, &Look { variables: &["TERM=dumb"], ..Look::default() });
    terminal.until("\n>");
    terminal.press(&["3", "Enter"]);
    terminal.until("Open the newest snapshot");
    terminal.press(&["q", "Enter"]);
    terminal.until("left with 0");
    let recorded = terminal.recorded();
    let ours = String::from_utf8_lossy(&recorded).into_owned();
    assert!(!ours.contains('\u{1b}'), "{ours:?}");
}
