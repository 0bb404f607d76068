//! Commands on paper must be commands: every line that a runbook or the README gives is parsed by
//! the program itself.

use crate::support::sandbox::{Sandbox, finish};

/// Returns the lines of a text that call the program, without the comment behind them.
fn commands(text: &str) -> Vec<String> {
    let code = |line: &str| line.trim_start().strip_prefix("blackstart ").map(str::to_owned);
    let fenced = text.split("```").skip(1).step_by(2);
    let lines = fenced.flat_map(str::lines).filter_map(code);
    lines.map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

#[test]
fn every_command_of_every_runbook_is_understood() {
    let sandbox = Sandbox::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let runbooks = std::fs::read_dir(root.join("runbooks")).unwrap();
    let mut pages: Vec<_> = runbooks.map(|entry| entry.unwrap().path()).collect();
    pages.push(root.join("README.md"));
    let mut seen = 0;
    for page in pages.iter().filter(|page| page.exists()) {
        for command in commands(&std::fs::read_to_string(page).unwrap()) {
            // Help stops a command before it does anything, and only when all before it is right.
            let line = format!("\"$0\" {command} --help");
            let binary = env!("CARGO_BIN_EXE_blackstart");
            let ran = finish(sandbox.program("/bin/sh").args(["-c", &line, binary]));
            assert_eq!(ran.status, 0, "{}: blackstart {command}\n{ran}", page.display());
            seen += 1;
        }
    }
    assert!(seen >= 8, "only {seen} commands were found");
}
