//! What the benchmarks share: a child that is timed and whose memory is watched, rounds in which
//! the sides take turns, and the table that is printed.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub mod table;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a child's memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a child cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// From its start to its end.
    pub time: Duration,
    /// The most anonymous memory it had, in bytes.
    pub memory: u64,
}

/// Runs a command that must succeed; returns what it cost.
pub fn cost(command: &mut Command) -> Cost {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = read_beside(&mut child);
    let mut memory = 0;
    let status = loop {
        memory = memory.max(anonymous(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    let time = began.elapsed();
    let said = said.join().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{said}");
    Cost { time, memory }
}

fn read_beside(child: &mut Child) -> std::thread::JoinHandle<String> {
    let mut from = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = std::io::Read::read_to_end(&mut from, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The anonymous memory of a process at this moment: files that are mapped, such as packs, do not
/// count, because the system takes them back when it needs to.
fn anonymous(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// One side of a comparison: does its work in a round and says how long that took.
pub type Side<'a> = &'a mut dyn FnMut(usize) -> Duration;

/// Lets the sides take turns, each round begun by another one. Returns the times of each side.
#[expect(clippy::needless_pass_by_value, reason = "closures are written where they are given")]
pub fn rounds<const N: usize>(count: usize, sides: [Side<'_>; N]) -> [Vec<Duration>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..count {
        for turn in 0..N {
            let side = (round + turn) % N;
            times[side].push(sides[side](round));
        }
    }
    times
}

/// Returns the value in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}
