//! The card: how a bundle opens with bash, tar, zstd, ssh-keygen, age and git alone.
//!
//! One text in two forms. The one that travels in every bundle lacks names and keys, which a thief
//! of the bundle need not learn and which a reader must not take from beside the data. The one for
//! paper has them. A test extracts the commands and executes them, word for word.

use crate::keys::namespace;
use crate::keys::seal::OpenPolicy;
use crate::keys::trust::{SignerLine, Trusted};

const TEXT: &str = include_str!("card.txt");

/// What paper says beside the commands.
pub struct Paper<'a> {
    /// The trust in force.
    pub trusted: &'a Trusted,
    /// The epoch whose seals are named.
    pub epoch: u32,
    /// Who can open.
    pub policy: OpenPolicy,
    /// Lines such as `c1 = Ada, key in the safe`: who holds which seal.
    pub holders: &'a [String],
}

/// Returns the form that travels in every bundle.
pub fn travelling(trusted: &Trusted, epoch: u32) -> String {
    let accept = &trusted.file().accept;
    let keys = accept.iter().map(|role| {
        let line = format!(
            "{role}@{} namespaces=\"{}\" KEY-FROM-PAPER",
            trusted.file().stream,
            namespace::SNAPSHOT
        );
        format!("'{line}'")
    });
    let one = format!("age -d -i /ABSOLUTE/MY.key keys/epoch-{epoch:04}.any.age > epoch.key");
    let two = pipe(epoch, 2);
    let unseal = format!(
        "# 6  one person:\n{one}\n#    or TWO PEOPLE (your paper has one of the two; see which seals step 5 lists):\n#  {two}"
    );
    fill(trusted, &keys.collect::<Vec<_>>().join(" "), &unseal)
}

/// Returns the form for paper, keys and holders filled in.
pub fn paper(facts: &Paper<'_>) -> String {
    let file = facts.trusted.file();
    let roles = file.accept.iter().flat_map(|role| file.signers_of(role));
    let keys: Vec<String> =
        roles.map(|line| format!("'{}'", allowed_line(line, facts.trusted))).collect();
    let unseal = match facts.policy {
        OpenPolicy::Any => format!(
            "# 6  one person:\nage -d -i /ABSOLUTE/MY.key keys/epoch-{:04}.any.age > epoch.key",
            facts.epoch
        ),
        OpenPolicy::NOf { need } => format!(
            "# 6  {need} PEOPLE, in the order of the numbers in the seal's name (choose the seal that fits who is here):\n{}",
            pipe(facts.epoch, need)
        ),
    };
    let mut text = heading(facts);
    text.push_str(&fill(facts.trusted, &keys.join(" "), &unseal));
    text
}

fn heading(facts: &Paper<'_>) -> String {
    let file = facts.trusted.file();
    let mut lines = vec![
        format!("# stream {}   trust file version {}", file.stream, file.version),
        format!("# trust root (for --trust-root): {}", facts.trusted.digest()),
    ];
    for root in &file.roots {
        lines.push(format!("# root key {}: {}", root.name, root.key.fingerprint()));
    }
    for role in &file.solo_openers {
        lines.push(format!("# the machine of role {role} opens alone and unattended"));
    }
    lines.extend(facts.holders.iter().map(|holder| format!("# seal {holder}")));
    lines.push(
        "# last witness line and date: ______________________________________________".to_owned(),
    );
    lines.push(
        "# sha256 of age and git on the stick: ______________________________________".to_owned(),
    );
    lines.join("\n") + "\n"
}

fn allowed_line(line: &SignerLine, trusted: &Trusted) -> String {
    let stream = &trusted.file().stream;
    format!("{}@{stream} namespaces=\"{}\" {}", line.role, namespace::SNAPSHOT, line.key)
}

/// `age -d … keys/epoch-0001.c1+c2.age | age -d …`
fn pipe(epoch: u32, need: u8) -> String {
    const WHO: [&str; 9] =
        ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH", "SEVENTH", "EIGHTH", "NINTH"];
    let numbers: Vec<String> = (1..=need).map(|number| format!("c{number}")).collect();
    let seal = format!("keys/epoch-{epoch:04}.{}.age", numbers.join("+"));
    let steps: Vec<String> = WHO
        .iter()
        .take(need.into())
        .enumerate()
        .map(|(at, who)| {
            let from = if at == 0 { format!(" {seal}") } else { String::new() };
            format!("age -d -i /ABSOLUTE/{who}.key{from}")
        })
        .collect();
    format!("{} > epoch.key", steps.join(" | "))
}

fn fill(trusted: &Trusted, allowed: &str, unseal: &str) -> String {
    let file = trusted.file();
    let roles: Vec<&str> = file.accept.iter().map(super::super::model::id::Role::as_str).collect();
    let last = roles.last().copied().unwrap_or("job");
    TEXT.replace("{stream}", file.stream.as_str())
        .replace("{roles}", &roles.join(" "))
        .replace("{last-role}", last)
        .replace("{good}", &roles.len().to_string())
        .replace("{allowed}", allowed)
        .replace("{unseal}", unseal)
}
