//! Generated repositories of configuration: the same bytes in every run, and of the kind that such
//! repositories hold. Manifests differ in a few lines from commit to commit and shrink well;
//! sealed secrets are random and do not shrink.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use crate::support::git;

/// How much is in a repository.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Manifests.
    pub manifests: usize,
    /// Sealed secrets.
    pub secrets: usize,
    /// Commits after the first.
    pub commits: usize,
}

impl Shape {
    /// About 2 MB as a host stores it, in about 5 000 objects.
    pub const USUAL: Self = Self { manifests: 240, secrets: 90, commits: 620 };
    /// A few kilobytes.
    pub const SMALL: Self = Self { manifests: 6, secrets: 1, commits: 4 };
    /// About 300 MB, most of it random.
    pub const LARGE: Self = Self { manifests: 8_000, secrets: 68_000, commits: 40 };
}

/// Makes a bare repository. `seed` decides all of its content.
pub fn repository(at: &Path, seed: u64, shape: Shape) {
    git::bare(at, "sha1");
    import(at, |to| history(to, seed, shape));
    // As a host keeps it, so that the server's own work is small.
    if shape.secrets < 1_000 {
        let config = ["-c", "pack.threads=1", "repack", "-adfq", "--write-bitmap-index"];
        git::git(at, &config);
    }
}

/// Adds one commit to `main`: two manifests and a secret change.
pub fn change(at: &Path, seed: u64, shape: Shape, round: usize) {
    import(at, |to| {
        let version = 1_000_000 + round;
        begin(to, "main", version, Some("refs/heads/main^0"))?;
        for number in [round, round + 1] {
            file(to, seed, number % shape.manifests, version)?;
        }
        secret(to, seed, round % shape.secrets, version)
    });
}

fn import(at: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
    let mut command = git::command(at);
    command.args(["-c", "core.compression=1", "fast-import", "--quiet", "--force"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut to = BufWriter::new(child.stdin.take().unwrap());
    write(&mut to).unwrap();
    to.into_inner().unwrap();
    assert!(child.wait().unwrap().success());
}

fn history(to: &mut dyn Write, seed: u64, shape: Shape) -> std::io::Result<()> {
    begin(to, "main", 0, None)?;
    for number in 0..shape.manifests {
        file(to, seed, number, 0)?;
    }
    for number in 0..shape.secrets {
        secret(to, seed, number, 0)?;
    }
    let mut draw = Draw(seed);
    for commit in 1..=shape.commits {
        begin(to, "main", commit, None)?;
        file(to, seed, draw.below(shape.manifests), commit)?;
        if commit % 3 == 0 {
            secret(to, seed, draw.below(shape.secrets), commit)?;
        }
        if commit % 100 == 0 {
            write!(to, "reset refs/heads/release-{commit}\nfrom refs/heads/main\n\n")?;
        }
    }
    Ok(())
}

fn begin(
    to: &mut dyn Write,
    branch: &str,
    version: usize,
    from: Option<&str>,
) -> std::io::Result<()> {
    let when = git::EPOCH + version as u64 * 60;
    let message = format!("Roll out {version}\n");
    write!(
        to,
        "commit refs/heads/{branch}\ncommitter T <t@example.com> {when} +0000\ndata {}\n{message}\n",
        message.len(),
    )?;
    from.map_or(Ok(()), |from| writeln!(to, "from {from}"))
}

/// A manifest: most of it depends on its number alone, a few lines on the version.
fn file(to: &mut dyn Write, seed: u64, number: usize, version: usize) -> std::io::Result<()> {
    let mut draw = Draw(seed.wrapping_mul(1_000_003) + number as u64);
    let name = format!("{}-{number}", draw.word());
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: team-{}\n\
         spec:\n  replicas: {}\n  template:\n    spec:\n      containers:\n        - name: {name}\n          \
         image: registry.example.com/{}/{name}:1.{}.{version}\n          env:\n",
        draw.below(12),
        1 + version % 5,
        draw.word(),
        draw.below(40),
    );
    for _ in 0..10 + draw.below(30) {
        let (key, host, port) = (draw.word().to_uppercase(), draw.word(), draw.below(65_000));
        let _ = write!(
            text,
            "            - name: {key}_{}\n              value: \"http://{host}-{}.{}.svc:{port}/{}\"\n",
            draw.word().to_uppercase(),
            draw.below(900),
            draw.word(),
            draw.word(),
        );
    }
    put(to, &format!("clusters/prod/{}/{name}.yaml", number % 23), text.as_bytes())
}

/// A sealed secret: another one in every version.
fn secret(to: &mut dyn Write, seed: u64, number: usize, version: usize) -> std::io::Result<()> {
    let mut draw = Draw(seed ^ ((number as u64) << 32) ^ ((version as u64) << 8) ^ 0x5ec4_e700);
    let mut text = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: secret-{number}\nspec:\n  \
         encryptedData:\n",
    );
    for key in 0..4 {
        let _ = write!(text, "    key-{key}: ");
        (0..175).for_each(|_| draw.base64(&mut text));
        text.push('\n');
    }
    put(
        to,
        &format!("secrets/{}/{}/sealed-{number}.yaml", number % 97, number % 7),
        text.as_bytes(),
    )
}

fn put(to: &mut dyn Write, path: &str, bytes: &[u8]) -> std::io::Result<()> {
    write!(to, "M 100644 inline {path}\ndata {}\n", bytes.len())?;
    to.write_all(bytes)?;
    writeln!(to)
}

/// Numbers that look random and are the same every time (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 24] = [
            "api", "audit", "auth", "billing", "cache", "catalog", "checkout", "config", "edge",
            "events", "gateway", "ingest", "invoice", "mail", "metrics", "orders", "payment",
            "queue", "report", "search", "session", "shipping", "stock", "worker",
        ];
        WORDS[self.below(WORDS.len())]
    }

    /// Appends eight letters.
    fn base64(&mut self, to: &mut String) {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let letter = |byte: u8| char::from(LETTERS[usize::from(byte % 64)]);
        to.extend(self.next().to_le_bytes().map(letter));
    }
}
