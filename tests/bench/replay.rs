//! Onto a real API server: replay, plan and the empty plan, against the raw calls and kubectl.
//!
//! Steps, each chosen by its name or all by none: `apply`, `plan`, `again`, `large`. Every round has
//! a control plane of its own, because what is empty is so only once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a benchmark"
)]

#[path = "lib/mod.rs"]
mod lib;
#[path = "lib/raw.rs"]
mod raw;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use lib::table::{Limit, Table};
use lib::{Cost, cost};
use raw::Raw;
use support::cluster::Lab;
use support::estate::{self, Size};
use support::git;
use support::kit::Kit;

const ROUNDS: usize = 3;
/// The mix of the usual one, 8.3 times as large.
const MANY: Size = Size { namespaces: 333, definitions: 20, objects: 5000, dangling: false };

fn kit_with(size: Size) -> Kit {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/platform"));
    estate::write(size, &work.join("platform"));
    git::commit(&work, &[], "all");
    kit.source("platform", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"platform\"\npath = \"platform\"");
    kit.snapshot();
    kit
}

/// A control plane that has a name in the kit; the one before is forgotten.
fn lab(kit: &Kit) -> Lab {
    let lab = Lab::without_controllers();
    kit.run(&["target", "remove", "lab"]);
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", "disposable"]).ok();
    lab
}

fn ours(kit: &Kit, args: &[&str]) -> Cost {
    let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    command.current_dir(kit.path("")).args(args).arg("--identity").arg(&kit.identity);
    cost(&mut command)
}

fn replay(kit: &Kit) -> Cost {
    ours(kit, &["replay", "--target", "lab", "--confirm-target", "lab", "--no-wait", "--quiet"])
}

fn plan(kit: &Kit) -> Cost {
    ours(kit, &["plan", "--target", "lab", "--quiet"])
}

fn kubectl(lab: &Lab, args: &[&str]) -> Command {
    let mut kubectl = Command::new(support::component::find("kubectl"));
    kubectl.env_clear().env("HOME", lab.folder.path()).env("PATH", "/usr/bin:/bin");
    kubectl.arg("--kubeconfig").arg(lab.plane.kubeconfig()).args(args);
    kubectl
}

/// Writes the objects as kubectl needs them: what others need first.
fn files(lab: &Lab, size: Size) -> [String; 2] {
    let (first, rest) = raw::split(estate::objects(size));
    [("first", first), ("rest", rest)].map(|(name, objects)| {
        let path = lab.folder.path().join(format!("{name}.yaml"));
        let texts: Vec<_> = objects.iter().map(estate::yaml).collect();
        std::fs::write(&path, texts.join("---\n")).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// Onto an empty server, the opening of the bundle and the plan included.
fn apply(table: &mut Table) {
    let kit = kit_with(Size::USUAL);
    let (mut mine, mut bare) = (Vec::new(), Vec::new());
    let mut memory = 0;
    for round in 0..ROUNDS {
        let mut do_ours = || {
            let _lab = lab(&kit);
            let cost = replay(&kit);
            memory = memory.max(cost.memory);
            mine.push(cost.time);
        };
        let mut do_raw = || {
            let lab = Lab::without_controllers();
            let raw = Raw::of(lab.plane.kubeconfig());
            let objects = estate::objects(Size::USUAL);
            let begun = Instant::now();
            raw.apply(objects, "fieldManager=raw");
            bare.push(begun.elapsed());
        };
        if round % 2 == 0 {
            do_ours();
            do_raw();
        } else {
            do_raw();
            do_ours();
        }
    }
    table.compare(
        "600 onto an empty server, against raw patches",
        &mine,
        &bare,
        Limit::AtMost(1.5),
    );
    let tenfold = Limit::Faster(10.0);
    let theirs = vec![kubectl_in_one_call(); mine.len()];
    table.compare("the same, against one kubectl apply of all", &mine, &theirs, tenfold);
    let theirs = vec![kubectl_object_by_object(); mine.len()];
    table.compare("the same, against a kubectl apply per object", &mine, &theirs, tenfold);
    let megabytes = Limit::Below(200.0);
    table.number("600, memory", in_megabytes(memory), "MB", megabytes);
}

const ESTABLISHED: [&str; 4] = ["wait", "--for=condition=Established", "crd", "--all"];

/// Two files, each given to kubectl once: the best that kubectl does.
fn kubectl_in_one_call() -> Duration {
    let lab = Lab::without_controllers();
    let [first, rest] = files(&lab, Size::USUAL);
    let begun = Instant::now();
    for args in [
        &["apply", "--server-side", "-f", &first][..],
        &ESTABLISHED,
        &["apply", "--server-side", "-f", &rest],
    ] {
        cost(&mut kubectl(&lab, args));
    }
    begun.elapsed()
}

/// A call for each object, as a script does it that must know which one failed.
fn kubectl_object_by_object() -> Duration {
    let lab = Lab::without_controllers();
    let (first, rest) = raw::split(estate::objects(Size::USUAL));
    let write = |(number, object): (usize, &serde_json::Value)| {
        let path = lab.folder.path().join(format!("object-{number:04}.yaml"));
        std::fs::write(&path, estate::yaml(object)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files: Vec<_> = first.iter().chain(&rest).enumerate().map(write).collect();
    let begun = Instant::now();
    for (number, file) in files.iter().enumerate() {
        if number == first.len() {
            cost(&mut kubectl(&lab, &ESTABLISHED));
        }
        cost(&mut kubectl(&lab, &["apply", "--server-side", "-f", file]));
    }
    begun.elapsed()
}

/// A plan where everything is there under another manager, so that each object must be asked about.
fn planning(table: &mut Table) {
    let kit = kit_with(Size::USUAL);
    let lab = lab(&kit);
    let raw = Raw::of(lab.plane.kubeconfig());
    raw.apply(estate::objects(Size::USUAL), "fieldManager=other");
    let sign = ["target", "accept", "lab", "other-namespaces", "--reason", "benchmark"];
    kit.run(&sign).ok();
    let (mut mine, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        mine.push(plan(&kit).time);
        let objects = estate::objects(Size::USUAL);
        let begun = Instant::now();
        raw.list_all(&objects);
        raw.patch_all(&objects, "fieldManager=blackstart&dryRun=All");
        bare.push(begun.elapsed());
    }
    table.compare("its plan, against raw lists and dry runs", &mine, &bare, Limit::AtMost(1.5));
}

/// A second plan, which finds nothing to do.
fn again(table: &mut Table) {
    let kit = kit_with(Size::USUAL);
    let lab = lab(&kit);
    replay(&kit);
    let [first, rest] = files(&lab, Size::USUAL);
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        mine.push(plan(&kit).time);
        let begun = Instant::now();
        let args =
            ["diff", "--server-side", "--field-manager=blackstart", "-f", &first, "-f", &rest];
        // It says with 1 that something differs, which is not what is measured.
        let _ = kubectl(&lab, &args).output().unwrap();
        theirs.push(begun.elapsed());
    }
    table.compare("an empty plan, against kubectl diff", &mine, &theirs, Limit::Faster(3.0));
}

/// 5 000 objects: as many times the time, and memory that stays.
fn large(table: &mut Table) {
    let mut times = Vec::new();
    for size in [Size::USUAL, MANY] {
        let kit = kit_with(size);
        let _lab = lab(&kit);
        let [onto, second] = [replay(&kit), plan(&kit)];
        times.push((onto.time, second.time));
        if size.objects == MANY.objects {
            let limit = Limit::Below(200.0);
            table.number("5000, memory of the replay", in_megabytes(onto.memory), "MB", limit);
            table.number(
                "5000, memory of the second plan",
                in_megabytes(second.memory),
                "MB",
                limit,
            );
        }
    }
    // Linear: no more than a third above the same share.
    let share = |time: Duration| {
        time * u32::try_from(MANY.objects).unwrap() / u32::try_from(Size::USUAL.objects).unwrap()
    };
    let linear = Limit::AtMost(1.33);
    let (small, many) = (times[0], times[1]);
    table.compare("5000, against 8.3 times 600: replay", &[many.0], &[share(small.0)], linear);
    table.compare("5000, against 8.3 times 600: empty plan", &[many.1], &[share(small.1)], linear);
}

#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
fn in_megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A step of the benchmark, and what it is called.
type Step = (&'static str, fn(&mut Table));

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|step| step == name);
    let mut table = Table::new();
    let steps: [Step; 4] =
        [("apply", apply), ("plan", planning), ("again", again), ("large", large)];
    for (name, step) in steps {
        if wanted(name) {
            step(&mut table);
        }
    }
    table.end();
}
