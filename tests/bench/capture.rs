//! Mirror, seal, verify, extract: against a script that does the same with git, tar, zstd and age,
//! and against what the same bytes cost anybody.
//!
//! Steps, in their order, each chosen by its name or all by none: `cold`, `unchanged`, `changed`,
//! `extract`, `verify`, `many`. A later one needs the first, which therefore always runs. A number
//! among them says how many repositories there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a benchmark"
)]

#[path = "lib/estate.rs"]
mod estate;
#[path = "lib/mod.rs"]
mod lib;
#[path = "lib/ls_refs.rs"]
mod ls_refs;
#[path = "lib/opening.rs"]
mod opening;
#[path = "../support/mod.rs"]
mod support;
#[path = "lib/taking.rs"]
mod taking;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use blackstart::standin::http::GitServer;

use estate::Shape;
use lib::table::{Limit, Table};
use lib::{Cost, cost};
use support::kit::Kit;
use support::sandbox::Sandbox;

/// How many repositories are generated, unless the command line says so, and how many times as many
/// small ones there are in the step `many`.
const REPOS: usize = 200;
const TIMES: usize = 10;
/// How many at once from one host: what a kit asks for when nobody says otherwise.
const AT_ONCE: usize = 4;

/// The place, the server and the results.
struct Bench {
    table: Table,
    /// How many repositories.
    count: usize,
    sandbox: Sandbox,
    server: GitServer,
    /// The most anonymous memory of any run of ours, and in which it was.
    memory: Mutex<(u64, String)>,
}

impl Bench {
    fn new(count: usize) -> Self {
        let sandbox = Sandbox::new();
        let root = sandbox.path("srv");
        std::fs::create_dir_all(&root).unwrap();
        let server = support::server::http(&root);
        Self { table: Table::new(), count, sandbox, server, memory: Mutex::default() }
    }

    fn served(&self, name: &str) -> PathBuf {
        self.sandbox.path("srv").join(format!("{name}.git"))
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}.git", self.server.url())
    }

    /// Generates repositories, two at a time.
    fn generate(&self, names: &[String], shape: Shape) {
        let half = names.len().div_ceil(2).max(1);
        std::thread::scope(|scope| {
            for (part, names) in names.chunks(half).enumerate() {
                scope.spawn(move || {
                    for (number, name) in names.iter().enumerate() {
                        let seed = 1 + (part * half + number) as u64;
                        estate::repository(&self.served(name), seed, shape);
                    }
                });
            }
        });
    }

    /// A new kit that mirrors these repositories.
    fn kit(&self, names: &[String]) -> Kit {
        let kit = Kit::new();
        self.add(&kit, names);
        kit
    }

    fn add(&self, kit: &Kit, names: &[String]) {
        for name in names {
            kit.source(name, &self.url(name), "");
        }
    }

    /// Runs the binary in a kit and notes its memory.
    fn ours(&self, kit: &Kit, args: &[&str]) -> Cost {
        let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
        let spent = cost(command.args(args).current_dir(kit.path("")));
        let mut memory = self.memory.lock().unwrap();
        if spent.memory > memory.0 {
            *memory = (spent.memory, args[0].to_owned());
        }
        spent
    }

    /// Starts to count memory anew and tells what it was so far.
    fn tell_memory(&mut self, step: &str) {
        let (bytes, when) = std::mem::take(&mut *self.memory.lock().unwrap());
        let what = format!("peak anonymous memory, {step} ({when})");
        self.table.number(&what, megabytes(bytes), "MB", Limit::Below(150.0));
    }

    /// A program outside of the product.
    fn program(&self, name: &str) -> Command {
        self.sandbox.program(support::component::find(name))
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}-{number:04}")).collect()
}

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let (counts, steps): (Vec<_>, Vec<_>) =
        chosen.iter().partition(|word| word.parse::<usize>().is_ok());
    let wanted = |step: &str| steps.is_empty() || steps.iter().any(|chosen| *chosen == step);
    let count = counts.first().map_or(REPOS, |count| count.parse().unwrap());
    let mut bench = Bench::new(count);
    let repos = names("team", count);
    bench.generate(&repos, Shape::USUAL);
    let estate = taking::cold(&mut bench, repos, if wanted("cold") { 3 } else { 1 });
    if wanted("unchanged") {
        taking::unchanged(&mut bench, &estate);
    }
    if wanted("changed") {
        taking::changed(&mut bench, &estate);
    }
    bench.tell_memory(&format!("{count} repositories"));
    if wanted("extract") {
        opening::extract(&mut bench, &estate);
    }
    if wanted("verify") {
        opening::verify(&mut bench, &estate);
        bench.tell_memory("one repository of 300 MB");
    }
    drop(estate);
    if wanted("many") {
        taking::many(&mut bench);
        bench.tell_memory(&format!("{} repositories", TIMES * count));
    }
    bench.table.end();
}
