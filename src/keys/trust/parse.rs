//! Reading a trust file: each line by its form, in the one order, and then the whole by rendering
//! it again. A line that no rule knows is refused, comments included: they carry policy.

use crate::keys::error::KeysError;
use crate::keys::public_key::{PublicKey, is_fingerprint};
use crate::model::digest::Digest;
use crate::model::id::{Role, Seq, StreamId};

use super::file::{Epoch, PinnedTool, Revocation, RootKey, SignerLine, TrustFile};
use super::{MAX_FILE, is_name};

type Fault = &'static str;

pub(super) fn parse(bytes: &[u8]) -> Result<TrustFile, KeysError> {
    let bad = |line, why: Fault| KeysError::BadFile { file: "trust file", line, why: why.into() };
    if bytes.len() as u64 > MAX_FILE {
        return Err(bad(0, "it is larger than such a file can be"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| bad(0, "it is not text"))?;
    let mut lines = Lines { lines: text.lines().collect(), at: 0 };
    let file = read(&mut lines).map_err(|why| bad(lines.at + 1, why))?;
    check(&file).map_err(|why| bad(0, why))?;
    if file.render() == text { Ok(file) } else { Err(bad(0, "it is not in its one form")) }
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    /// Takes the next line if it begins with `word`; returns what follows.
    fn optional(&mut self, word: &str) -> Option<&'a str> {
        let rest = self.lines.get(self.at)?.strip_prefix(word)?;
        self.at += 1;
        Some(rest)
    }

    fn required(&mut self, word: &str, missing: Fault) -> Result<&'a str, Fault> {
        self.optional(word).ok_or(missing)
    }

    /// Takes all next lines that begin with `word`.
    fn repeated<T>(
        &mut self,
        word: &str,
        read: impl Fn(&'a str) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut items = Vec::new();
        while let Some(rest) = self.lines.get(self.at).and_then(|line| line.strip_prefix(word)) {
            items.push(read(rest)?);
            self.at += 1;
        }
        Ok(items)
    }
}

fn read(lines: &mut Lines<'_>) -> Result<TrustFile, Fault> {
    if !lines.required("# blackstart.trust ", "expected # blackstart.trust v1")?.eq("v1") {
        return Err("a version of the format that this program does not know");
    }
    let version = number(lines.required("# version ", "expected # version")?)?;
    let stream: StreamId = lines
        .required("# stream ", "expected # stream")?
        .parse()
        .map_err(|_| "not a stream's name")?;
    let expires = lines.optional("# expires ").map(str::parse).transpose();
    let expires = expires.map_err(|_| "expected a day like 2027-06-30")?;
    let accept = lines.required("# accept snapshot: ", "expected # accept snapshot:")?;
    let accept = accept.split(" + ").map(role).collect::<Result<_, _>>()?;
    let rule = lines.required("# root: ", "expected # root:")?;
    let (threshold, names) = rule.split_once(" of ").ok_or("expected # root: N of NAMES")?;
    let roots = lines.repeated("# root-key ", root_key)?;
    if !names.split(',').eq(roots.iter().map(|root| root.name.as_str())) {
        return Err("the root keys are not those that # root: names, in that order");
    }
    let file = TrustFile {
        version,
        expires,
        accept,
        root_threshold: number(threshold)?,
        roots,
        epochs: lines.repeated("# epoch ", epoch)?,
        solo_openers: lines.repeated("# solo-opener ", role)?,
        revoked: lines.repeated("# revoked ", revocation)?,
        tools: lines.repeated("# tool ", tool)?,
        signers: lines.repeated("", |line| signer(line, &stream))?,
        stream,
    };
    Ok(file)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| "expected a number")
}

fn role(text: &str) -> Result<Role, Fault> {
    text.parse().map_err(|_| "not a role's name")
}

fn key(text: &str) -> Result<PublicKey, Fault> {
    match PublicKey::parse(text) {
        Ok(key) if key.to_string() == text => Ok(key),
        Ok(_) => Err("a key is followed by something"),
        Err(KeysError::BadPublicKey { why }) => Err(why),
        Err(_) => Err("not a public key"),
    }
}

fn root_key(text: &str) -> Result<RootKey, Fault> {
    let (name, text) = text.split_once(' ').ok_or("expected # root-key NAME KEY")?;
    if !is_name(name) {
        return Err("not a root key's name");
    }
    Ok(RootKey { name: name.to_owned(), key: key(text)? })
}

fn epoch(text: &str) -> Result<Epoch, Fault> {
    let (digits, recipient) = text.split_once(' ').ok_or("expected # epoch N RECIPIENT")?;
    if recipient.parse::<age::x25519::Recipient>().is_err() {
        return Err("not an age recipient");
    }
    Ok(Epoch { number: number(digits)?, recipient: recipient.to_owned() })
}

fn revocation(text: &str) -> Result<Revocation, Fault> {
    let (fingerprint, from) =
        text.split_once(" from ").ok_or("expected # revoked FINGERPRINT from SEQ")?;
    if !is_fingerprint(fingerprint) {
        return Err("not a key's fingerprint");
    }
    let from = Seq::new(number(from)?).ok_or("not a sequence number")?;
    Ok(Revocation { fingerprint: fingerprint.to_owned(), from })
}

fn tool(text: &str) -> Result<PinnedTool, Fault> {
    let words: Vec<_> = text.split(' ').collect();
    let [name, version, digest] = words[..] else {
        return Err("expected # tool NAME VERSION DIGEST");
    };
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    if !plain(name) || !plain(version) {
        return Err("not a tool's name or version");
    }
    let digest = Digest::from_oci(digest).map_err(|_| "not a digest")?;
    Ok(PinnedTool { name: name.to_owned(), version: version.to_owned(), digest })
}

/// Reads a signer's line, in the one order of options that we write.
fn signer(line: &str, stream: &StreamId) -> Result<SignerLine, Fault> {
    if line.starts_with('#') {
        return Err("a comment that no rule knows, or out of order");
    }
    let (principal, rest) = line.split_once(' ').ok_or("not a signer's line")?;
    let (name, of) = principal.split_once('@').ok_or("expected ROLE@STREAM")?;
    if of != stream.as_str() {
        return Err("a signer of another stream");
    }
    let (options, text) = rest.split_once(' ').ok_or("not a signer's line")?;
    let (mut namespaces, mut after, mut before) = (Vec::new(), None, None);
    for option in options.split("\",") {
        let (name, value) = option.split_once("=\"").ok_or("not an option")?;
        let value = value.strip_suffix('"').unwrap_or(value);
        let moment = || value.parse().map(Some).map_err(|_| "expected a time like 20261101Z");
        match name {
            "namespaces" => namespaces = value.split(',').map(str::to_owned).collect(),
            "valid-after" => after = moment()?,
            "valid-before" => before = moment()?,
            _ => return Err("an option that no rule knows"),
        }
    }
    let role = role(name)?;
    Ok(SignerLine { role, namespaces, after, before, key: key(text)? })
}

/// The rules that hold across lines.
fn check(file: &TrustFile) -> Result<(), Fault> {
    let rules: [(bool, Fault); 10] = [
        (file.version >= 1, "versions count from 1"),
        (!file.roots.is_empty(), "it names no root key"),
        (
            (1..=file.roots.len()).contains(&file.root_threshold),
            "the root threshold is not between 1 and the number of root keys",
        ),
        (distinct(file.roots.iter().map(|root| &root.name)), "two root keys have the same name"),
        (distinct(file.roots.iter().map(|root| &root.key)), "one root key stands there twice"),
        (distinct(file.accept.iter()), "one role is asked for twice"),
        (distinct(file.revoked.iter().map(|one| &one.fingerprint)), "one key is revoked twice"),
        (
            file.epochs.windows(2).all(|pair| pair[0].number < pair[1].number)
                && file.epochs.iter().all(|epoch| (1..=9999).contains(&epoch.number)),
            "epochs are not ascending from 1 to 9999",
        ),
        (
            distinct(file.signers.iter().map(|line| (line.role.clone(), &line.key))),
            "one key stands there twice for one role",
        ),
        (file.signers.iter().all(well_bounded), "a signer's namespaces or window make no sense"),
    ];
    rules.into_iter().try_for_each(|(holds, why)| if holds { Ok(()) } else { Err(why) })
}

fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items.windows(2).all(|pair| pair[0] != pair[1])
}

fn well_bounded(line: &SignerLine) -> bool {
    let plain = |name: &String| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    };
    let ordered = match (line.after, line.before) {
        (Some(after), Some(before)) => after.at() < before.at(),
        _ => true,
    };
    ordered && !line.namespaces.is_empty() && line.namespaces.iter().all(plain)
}
