//! Snapshots: the first, one in which nothing changed, one in which little did, and of many.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::estate::{self, Shape};
use crate::lib::table::Limit;
use crate::lib::{cost, rounds};
use crate::ls_refs;
use crate::support::git;
use crate::support::kit::Kit;
use crate::{AT_ONCE, Bench, TIMES, names};

/// The same repositories on both sides.
pub struct Estate {
    /// Their names.
    pub repos: Vec<String>,
    /// Ours.
    pub kit: Kit,
    rival: Rival,
}

/// The script and where it works.
struct Rival {
    list: PathBuf,
    folder: PathBuf,
    recipient: String,
    key: PathBuf,
}

impl Rival {
    fn new(bench: &Bench, repos: &[String]) -> Self {
        let lines: String =
            repos.iter().map(|name| format!("{name} {}\n", bench.url(name))).collect();
        let list = bench.sandbox.write("rival.list", lines);
        let (_, recipient) = bench.sandbox.identity("rival.age");
        let key = bench.sandbox.path("rival.key");
        let mut keygen = bench.program("ssh-keygen");
        cost(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        Self { list, folder: bench.sandbox.path("rival"), recipient, key }
    }

    fn run(&self, bench: &Bench) -> Duration {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/rival.sh");
        let mut command: Command = bench.program("bash");
        command.arg(script).arg(&self.list).arg(&self.folder).arg(&self.recipient);
        cost(command.arg(&self.key).arg(AT_ONCE.to_string())).time
    }
}

/// From nothing to a sealed snapshot, several times; what the last one left is used on.
pub fn cold(bench: &mut Bench, repos: Vec<String>, count: usize) -> Estate {
    let rival = Rival::new(bench, &repos);
    let mut kit = None;
    let [ours, script] = rounds(
        count,
        [
            &mut |_| {
                kit = None;
                let new = kit.insert(bench.kit(&repos));
                bench.ours(new, &["snapshot"]).time
            },
            &mut |_| {
                let _ = std::fs::remove_dir_all(&rival.folder);
                rival.run(bench)
            },
        ],
    );
    let what = format!("snapshot of {} x 2 MB, cold; a script", repos.len());
    bench.table.compare(&what, &ours, &script, Limit::Faster(1.3));
    Estate { repos, kit: kit.unwrap(), rival }
}

/// Nothing changed: against the script, and against asking alone.
pub fn unchanged(bench: &mut Bench, estate: &Estate) {
    let urls: Vec<String> = estate.repos.iter().map(|name| bench.url(name)).collect();
    let mut written = 0;
    let [ours, asking, script] = rounds(
        7,
        [
            &mut |_| {
                let before = Files::of(&estate.kit.store());
                let spent = bench.ours(&estate.kit, &["snapshot"]);
                written = written.max(before.written_since(&estate.kit.store()));
                spent.time
            },
            &mut |_| ls_refs::ask_all(&urls, AT_ONCE),
            &mut |_| estate.rival.run(bench),
        ],
    );
    let count = estate.repos.len();
    let what = format!("{count} unchanged; bare ls-refs");
    bench.table.compare(&what, &ours, &asking, Limit::AtMost(1.3));
    bench.table.compare(
        &format!("{count} unchanged; a script"),
        &ours,
        &script,
        Limit::Faster(2.0),
    );
    kilobytes(bench, "  written to the store", written, 160_000);
}

/// Three repositories have a new commit each.
pub fn changed(bench: &mut Bench, estate: &Estate) {
    let moved = &estate.repos[..3];
    let (mut written, mut allowed) = (0, 0);
    let (mut times, mut others) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let packed: u64 = moved.iter().map(|name| move_on(&bench.served(name), round)).sum();
        let before = Files::of(&estate.kit.store());
        let [ours, script] = rounds(
            1,
            [&mut |_| bench.ours(&estate.kit, &["snapshot"]).time, &mut |_| {
                estate.rival.run(bench)
            }],
        );
        written = written.max(before.written_since(&estate.kit.store()));
        allowed = allowed.max(256 * 1024 + packed * 13 / 10);
        times.extend(ours);
        others.extend(script);
    }
    let what = format!("{} of {} changed; a script", moved.len(), estate.repos.len());
    bench.table.compare(&what, &times, &others, Limit::Faster(2.0));
    kilobytes(bench, "  written to the store", written, allowed);
}

/// Commits to a repository. Returns the size of a pack that holds what is new, and is not thin.
fn move_on(at: &Path, round: usize) -> u64 {
    let old = git::git(at, &["rev-parse", "refs/heads/main"]);
    estate::change(at, 7, Shape::USUAL, round);
    let command = ["pack-objects", "--quiet", "--revs", "--stdout"];
    let wanted = format!("refs/heads/main\n^{old}\n");
    let pack = at.join("packed-size");
    let mut child = git::command(at);
    child.args(command).stdout(std::fs::File::create(&pack).unwrap());
    child.stdin(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), wanted.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let size = std::fs::metadata(&pack).unwrap().len();
    std::fs::remove_file(pack).unwrap();
    size
}

/// Ten times as many small repositories cost ten times as much, not more.
pub fn many(bench: &mut Bench) {
    let few = names("small", bench.count);
    bench.generate(&few, Shape::SMALL);
    let many = names("many", TIMES * bench.count);
    for (number, name) in many.iter().enumerate() {
        let target = bench.served(&few[number % few.len()]);
        std::os::unix::fs::symlink(target, bench.served(name)).unwrap();
    }
    let (one, ten) = (bench.kit(&few), bench.kit(&many));
    for kit in [&one, &ten] {
        bench.ours(kit, &["snapshot"]);
    }
    let times = u32::try_from(TIMES).unwrap();
    let urls: Vec<String> = many.iter().map(|name| bench.url(name)).collect();
    let [ours, few, asking] = rounds(
        3,
        [
            &mut |_| bench.ours(&ten, &["snapshot"]).time,
            &mut |_| bench.ours(&one, &["snapshot"]).time * times,
            &mut |_| ls_refs::ask_all(&urls, AT_ONCE),
        ],
    );
    let what = format!("{} unchanged; {TIMES}x the time of {}", many.len(), bench.count);
    bench.table.compare(&what, &ours, &few, Limit::AtMost(1.1));
    bench.table.compare(
        &format!("{} unchanged; bare ls-refs", many.len()),
        &ours,
        &asking,
        Limit::None,
    );
}

fn kilobytes(bench: &mut Bench, what: &str, bytes: u64, most: u64) {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let [bytes, most] = [bytes, most].map(|bytes| bytes as f64 / 1e3);
    bench.table.number(what, bytes, "kB", Limit::Below(most));
}

/// The files of a store: what is there afterwards and was not, or is another, was written.
struct Files(BTreeMap<PathBuf, (u64, SystemTime)>);

impl Files {
    fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let facts = entry.metadata().unwrap();
                if facts.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.insert(entry.path(), (facts.len(), facts.created().unwrap()));
                }
            }
        }
        Self(files)
    }

    fn written_since(&self, root: &Path) -> u64 {
        let now = Self::of(root).0;
        let new = now.iter().filter(|(path, facts)| self.0.get(*path) != Some(*facts));
        new.map(|(_, (size, _))| size).sum()
    }
}
