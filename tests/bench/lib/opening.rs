//! Opening: everything extracted, and a gigabyte verified.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::estate::Shape;
use crate::lib::table::Limit;
use crate::lib::{cost, median, rounds};
use crate::support::git;
use crate::taking::Estate;
use crate::{AT_ONCE, Bench};

/// Against as many git bundles cloned, and against the printed card.
pub fn extract(bench: &mut Bench, estate: &Estate) {
    let bundles = bench.sandbox.path("git-bundles");
    std::fs::create_dir(&bundles).unwrap();
    for name in &estate.repos {
        let to = bundles.join(format!("{name}.bundle"));
        git::git(&bench.served(name), &["bundle", "create", "-q", to.to_str().unwrap(), "--all"]);
    }
    let identity = estate.kit.identity.to_str().unwrap();
    let (card, count) = (Card::of(estate), estate.repos.len());
    let [ours, clones, paper] = rounds(
        3,
        [
            &mut |_| {
                let to = estate.kit.sandbox.path("extracted");
                let to_text = to.to_str().unwrap();
                let args = ["extract", "latest", "--to", to_text, "--identity", identity];
                let spent = bench.ours(&estate.kit, &args);
                assert_eq!(repositories(&to.join("repos.tsv")), count);
                std::fs::remove_dir_all(to).unwrap();
                spent.time
            },
            &mut |_| {
                let to = bench.sandbox.path("cloned");
                std::fs::create_dir(&to).unwrap();
                let line = format!(
                    "ls {0} | sed 's/\\.bundle$//' | xargs -P {AT_ONCE} -I '{{}}' \
                 git clone --quiet --mirror {0}/'{{}}'.bundle '{{}}'.git",
                    bundles.display()
                );
                let spent = cost(bench.program("bash").args(["-c", &line]).current_dir(&to));
                std::fs::remove_dir_all(to).unwrap();
                spent.time
            },
            &mut |_| card.execute(bench),
        ],
    );
    let what = format!("extract of {count}; as many git bundles cloned");
    bench.table.compare(&what, &ours, &clones, Limit::Faster(5.0));
    bench.table.compare("extract; the card by hand", &ours, &paper, Limit::Faster(2.0));
    std::fs::remove_dir_all(bundles).unwrap();
}

fn repositories(table: &Path) -> usize {
    std::fs::read_to_string(table).unwrap().lines().count()
}

/// The commands of the printed card, as fast as a shell types them.
struct Card {
    script: String,
    store: PathBuf,
}

impl Card {
    fn of(estate: &Estate) -> Self {
        let text = std::fs::read_to_string(estate.kit.path("CARD.txt")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let script: String = lines.flat_map(|line| [line, "\n"]).collect();
        let identity = estate.kit.identity.to_str().unwrap();
        let script = script.replace("/ABSOLUTE/MY.key", identity);
        Self { script, store: estate.kit.store() }
    }

    fn execute(&self, bench: &Bench) -> Duration {
        let script = format!(
            "{}\n[ \"$(wc -l < out/repos.tsv)\" = {} ] || exit 1\necho \"$W\" > \"$HOME/card\"",
            self.script, bench.count
        );
        let spent = cost(bench.program("bash").args(["-c", &script]).current_dir(&self.store));
        let at = std::fs::read_to_string(bench.sandbox.path("home/card")).unwrap();
        std::fs::remove_dir_all(at.trim_end()).unwrap();
        spent.time
    }
}

/// A gigabyte: the repositories and two large ones. Without a key against sha256sum, with one
/// against the sum of sha256sum, age and zstd over the same bytes.
pub fn verify(bench: &mut Bench, estate: &Estate) {
    let large = ["large-a".to_owned(), "large-b".to_owned()];
    bench.generate(&large[..1], Shape::LARGE);
    std::os::unix::fs::symlink(bench.served(&large[0]), bench.served(&large[1])).unwrap();
    bench.add(&estate.kit, &large);
    let spent = bench.ours(&estate.kit, &["snapshot"]);
    let served = large.iter().map(|name| packs(&bench.served(name))).sum::<u64>();
    bench.table.number("two large repositories", crate::megabytes(served), "MB", Limit::None);
    bench.table.number("  their first snapshot", spent.time.as_secs_f64(), "s", Limit::None);

    let work = Pieces::of(bench, estate);
    bench.table.number("parts to verify", crate::megabytes(work.bytes), "MB", Limit::None);
    let (mut age, mut zstd) = (Vec::new(), Vec::new());
    let [locked, sums, opened, apart] = rounds(
        5,
        [
            &mut |_| bench.ours(&estate.kit, &["verify"]).time,
            &mut |_| work.sha256(bench),
            &mut |_| {
                let identity = estate.kit.identity.to_str().unwrap();
                bench.ours(&estate.kit, &["verify", "--identity", identity]).time
            },
            &mut |_| {
                let (one, two) = (work.age(bench), work.zstd(bench));
                age.push(one);
                zstd.push(two);
                work.sha256(bench) + one + two
            },
        ],
    );
    bench.table.compare("verify without a key; sha256sum", &locked, &sums, Limit::AtMost(1.3));
    bench.table.compare(
        "verify with a key; sha256sum + age + zstd",
        &opened,
        &apart,
        Limit::AtMost(1.5),
    );
    for (what, times, bytes) in [
        ("  sha256sum here", &sums, work.bytes),
        ("  age -d here", &age, work.bytes),
        ("  zstd -d here", &zstd, work.plain),
    ] {
        let seconds = median(times.iter().map(Duration::as_secs_f64));
        bench.table.number(what, crate::megabytes(bytes) / seconds, "MB/s", Limit::None);
    }
    // What the developers' machine gave: sha256 1770, age 1267, zstd at least 1350 MB/s.
    let noted = crate::megabytes(work.bytes) * (1.0 / 1770.0 + 1.0 / 1267.0)
        + crate::megabytes(work.plain) / 1350.0;
    let noted = vec![Duration::from_secs_f64(noted); opened.len()];
    let what = "verify with a key; at the format's noted speeds";
    bench.table.compare(what, &opened, &noted, Limit::AtMost(1.5));
}

fn packs(repository: &Path) -> u64 {
    let files = std::fs::read_dir(repository.join("objects/pack")).unwrap().flatten();
    files.map(|file| file.metadata().unwrap().len()).sum()
}

/// The encrypted parts of the newest snapshot, and the same without encryption.
struct Pieces {
    parts: Vec<PathBuf>,
    unlocked: PathBuf,
    key: PathBuf,
    bytes: u64,
    plain: u64,
}

impl Pieces {
    fn of(bench: &Bench, estate: &Estate) -> Self {
        let store = estate.kit.store();
        let newest = std::fs::read_dir(store.join("snapshots")).unwrap().flatten();
        let newest = newest.map(|entry| entry.path()).max().unwrap();
        let manifest = std::fs::read_to_string(newest.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let listed = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]);
        let sealed = listed.filter(|part| part["mediaType"].as_str().unwrap().ends_with(".age"));
        let digest = |part: &serde_json::Value| part["digest"].as_str().unwrap()[7..].to_owned();
        let parts: Vec<_> =
            sealed.map(|part| store.join("blobs/sha256").join(digest(part))).collect();
        let bytes = parts.iter().map(|part| part.metadata().unwrap().len()).sum();
        let key = bench.sandbox.path("epoch.key");
        let unlocked = bench.sandbox.path("unlocked");
        std::fs::create_dir(&unlocked).unwrap();
        unseal(bench, estate, &key);
        let mut pieces = Self { parts, unlocked, key, bytes, plain: 0 };
        for (number, part) in pieces.parts.iter().enumerate() {
            let to = pieces.unlocked.join(format!("{number:04}.tar.zst"));
            cost(pieces.age_on(bench).arg("-o").arg(to).arg(part));
        }
        let line = format!("zstd -dcq {}/* | wc -c", pieces.unlocked.display());
        let counted = bench.program("bash").args(["-c", &line]).output().unwrap();
        pieces.plain = String::from_utf8(counted.stdout).unwrap().trim().parse().unwrap();
        pieces
    }

    fn age_on(&self, bench: &Bench) -> Command {
        let mut command = bench.program("age");
        command.arg("-d").arg("-i").arg(&self.key);
        command
    }

    fn sha256(&self, bench: &Bench) -> Duration {
        cost(bench.program("sha256sum").args(&self.parts)).time
    }

    fn age(&self, bench: &Bench) -> Duration {
        self.parts.iter().map(|part| cost(self.age_on(bench).arg(part)).time).sum()
    }

    fn zstd(&self, bench: &Bench) -> Duration {
        let line = format!("zstd -dcq {}/* >/dev/null", self.unlocked.display());
        cost(bench.program("bash").args(["-c", &line])).time
    }
}

/// Takes the epoch key out of its seal, as the card does.
fn unseal(bench: &Bench, estate: &Estate, to: &Path) {
    let folder = estate.kit.path("keys/epoch-0001");
    let seal = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let seal = seal.into_iter().find(|path| path.extension().is_some_and(|end| end == "age"));
    let mut command = bench.program("age");
    command.arg("-d").arg("-i").arg(&estate.kit.identity).arg("-o").arg(to);
    cost(command.arg(seal.unwrap()));
}
