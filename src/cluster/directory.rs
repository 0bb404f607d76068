//! Manifests in a folder, in order, with a script that applies them: for a jump host.
//!
//! A new folder appears whole or not at all. In one that holds manifests of an earlier run nothing is
//! deleted and no manifest is overwritten, but the script lists exactly what one plan said. It runs
//! with a POSIX shell and kubectl, and never deletes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::ClusterError;
use crate::disk::quarantine::Quarantine;
use crate::disk::{atomic, folder, limit};
use crate::object::{Object, ObjectRef};

const SCRIPT: &str = "apply.sh";
const MAX_FILE: u64 = 32 << 20;

/// One object with the number of the wave it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The wave.
    pub wave: usize,
    /// The object.
    pub object: &'a Object,
}

/// A folder that manifests are written to.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Names the folder; it need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what the folder holds already, nothing when it does not exist.
    pub fn held(&self) -> Result<Held, ClusterError> {
        let entries = match folder::list(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.is_missing() => return Ok(Held::default()),
            Err(error) => return Err(self.cannot(&error)),
        };
        let mut held = Held::default();
        for entry in entries {
            let name = entry.name.to_string_lossy().into_owned();
            if !entry.is_dir && name == SCRIPT {
                held.listed = listed(&self.read(&name)?);
                continue;
            }
            if entry.is_dir || !is_ours(&name) {
                return Err(self.refuse(&format!("it holds something else: {name}")));
            }
            let object = serde_json::from_slice::<Value>(&self.read(&name)?).ok();
            let object = object.and_then(|value| Object::from_value(value).ok());
            let object = object.ok_or_else(|| self.refuse(&format!("{name} is no manifest")))?;
            held.files.insert(name, object);
        }
        Ok(held)
    }

    /// Writes the objects in order, and the script that applies exactly these.
    ///
    /// Manifests of an earlier run stay: one that is needed again is listed where it lies, new
    /// ones get numbers above all that are there, and the rest is no longer listed.
    pub fn write(&self, entries: &[Entry<'_>]) -> Result<(), ClusterError> {
        let held = self.held()?;
        if self.path.exists() {
            // The script comes last: until then the old one applies the old manifests.
            return self.fill(&self.path, &held, entries);
        }
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        folder::create(parent, 0o755).map_err(|error| self.cannot(&error))?;
        let draft = Quarantine::new(parent, "manifests").map_err(|error| self.cannot(&error))?;
        self.fill(draft.path(), &held, entries)?;
        draft.keep_as(&self.path).map_err(|error| self.cannot(&error))
    }

    fn fill(&self, path: &Path, held: &Held, entries: &[Entry<'_>]) -> Result<(), ClusterError> {
        let mut files = Vec::new();
        let mut number = held.highest();
        for entry in entries {
            let name = if let Some(name) = held.file_of(entry.object) {
                name.to_owned()
            } else {
                number += 1;
                let name = file_name(number, entry.object.reference());
                let text = entry.object.canonical() + "\n";
                atomic::write_new(&path.join(&name), text.as_bytes(), 0o644)
                    .map_err(|error| self.cannot(&error))?;
                name
            };
            files.push((entry.wave, name, entry.object.reference()));
        }
        atomic::write(&path.join(SCRIPT), script(&files).as_bytes(), 0o755)
            .map_err(|error| self.cannot(&error))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, ClusterError> {
        limit::read(&self.path.join(name), MAX_FILE).map_err(|error| self.cannot(&error))
    }

    fn cannot(&self, error: &impl std::fmt::Display) -> ClusterError {
        self.refuse(&error.to_string())
    }

    fn refuse(&self, why: &str) -> ClusterError {
        let path = self.path.display().to_string();
        ClusterError::Directory {
            path: crate::model::safe::safe(path),
            why: crate::model::safe::safe(why),
        }
    }
}

/// What a folder holds of earlier runs.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The manifests by the names of their files.
    files: BTreeMap<String, Object>,
    /// The files that the script applies, in order.
    listed: Vec<String>,
}

impl Held {
    /// Returns the objects that the script applies.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.listed.iter().filter_map(|name| self.files.get(name))
    }

    /// Returns the files that these objects do not need, those that the script applies first.
    pub fn leftover<'a>(&'a self, objects: &[&Object]) -> Leftover<'a> {
        let needed: Vec<_> = objects.iter().filter_map(|object| self.file_of(object)).collect();
        let spare = self.files.keys().map(String::as_str).filter(|name| !needed.contains(name));
        let (applied, idle) = spare.partition(|name| self.listed.iter().any(|it| it == name));
        Leftover { applied, idle }
    }

    /// Returns the file of an object: the one that the script applies, else any.
    fn file_of(&self, object: &Object) -> Option<&str> {
        let same = |name: &&String| self.files.get(*name).is_some_and(|held| held == object);
        self.listed.iter().chain(self.files.keys()).find(same).map(String::as_str)
    }

    fn highest(&self) -> usize {
        let digits = |name: &String| name.split('-').next().and_then(|number| number.parse().ok());
        self.files.keys().filter_map(digits).max().unwrap_or(0)
    }
}

/// Files of an earlier run that a plan does not need.
#[derive(Clone, Debug, Default)]
pub struct Leftover<'a> {
    /// The script of that run applies them.
    pub applied: Vec<&'a str>,
    /// They only lie there.
    pub idle: Vec<&'a str>,
}

/// Returns the files that a script of ours applies.
fn listed(script: &[u8]) -> Vec<String> {
    let script = String::from_utf8_lossy(script);
    let files = script.lines().filter_map(|line| {
        line.strip_prefix("apply '").and_then(|rest| rest.strip_suffix("' \"$@\""))
    });
    files.map(str::to_owned).collect()
}

/// `NNNN-kind-[namespace-]name.json` with nothing but plain characters.
fn file_name(number: usize, object: &ObjectRef) -> String {
    let mut name = format!("{number:04}-{}-", plain(&object.kind.to_lowercase()));
    if let Some(namespace) = &object.namespace {
        name.push_str(&plain(namespace));
        name.push('-');
    }
    name.push_str(&plain(&object.name));
    // File systems stop at 255 bytes; the number alone makes the name unique.
    name.truncate(200);
    name.push_str(".json");
    name
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' })
        .collect()
}

/// Whether we could have written a file of this name: the script quotes none, and counts on.
fn is_ours(name: &str) -> bool {
    let number = name.bytes().take_while(u8::is_ascii_digit).count();
    (4..=9).contains(&number)
        && plain(name) == name
        && name[number..].starts_with('-')
        && Path::new(name).extension().is_some_and(|end| end == "json")
}

/// The script. Every name in it is made of plain characters only, so nothing needs quoting; single
/// quotes are there for the reader.
fn script(files: &[(usize, String, &ObjectRef)]) -> String {
    let mut text = String::from(
        "#!/bin/sh\n\
         # Applies the manifests beside this script, in order. Written by blackstart.\n\
         # It never deletes and never takes over a field that another manager holds.\n\
         #   sh apply.sh [kubectl options, such as --kubeconfig FILE --context NAME]\n\
         set -eu\n\
         cd -- \"$(dirname -- \"$0\")\"\n\
         apply() {\n\
         \x20   file=$1; shift\n\
         \x20   kubectl \"$@\" apply --server-side --field-manager=blackstart -f \"$file\"\n\
         }\n\
         established() {\n\
         \x20   name=$1; shift\n\
         \x20   kubectl \"$@\" wait --for=condition=Established --timeout=120s \"crd/$name\"\n\
         }\n",
    );
    let mut definitions: Vec<String> = Vec::new();
    let mut wave = None;
    for (number, file, object) in files {
        if wave != Some(*number) {
            wait_for(&mut definitions, &mut text);
            let _ = write!(text, "\n# Wave {number}\n");
            wave = Some(*number);
        }
        let _ = writeln!(text, "apply '{file}' \"$@\"");
        if object.kind == "CustomResourceDefinition" {
            definitions.push(plain(&object.name));
        }
    }
    wait_for(&mut definitions, &mut text);
    text
}

fn wait_for(definitions: &mut Vec<String>, text: &mut String) {
    for name in definitions.drain(..) {
        let _ = writeln!(text, "established '{name}' \"$@\"");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, namespace: Option<&str>, name: &str) -> Object {
        let api = if kind == "CustomResourceDefinition" { "apiextensions.k8s.io/v1" } else { "v1" };
        let value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
        let object = Object::from_value(value).unwrap();
        if namespace.is_some() { object.in_namespace(namespace) } else { object }
    }

    fn names(path: &Path) -> Vec<String> {
        folder::list(path)
            .unwrap()
            .iter()
            .map(|entry| entry.name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn names_that_a_shell_or_a_counter_could_trip_over_are_not_ours() {
        assert!(is_ours("0001-configmap-a.b.json"));
        for name in [
            "0001-a'$(id)'.json",
            "0001-a b.json",
            "0001-\u{e4}.json",
            "18446744073709551615-a.json",
            "001-a.json",
            "0001-a.yaml",
            "0001a.json",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }

    #[test]
    fn files_are_numbered_in_order_and_read_back() {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::new(home.path().join("out/manifests"));
        let objects = [
            object("CustomResourceDefinition", None, "widgets.example.com"),
            object("Namespace", None, "shop"),
            object("ConfigMap", Some("shop"), "settings"),
        ];
        let entries: Vec<_> =
            objects.iter().zip([1, 1, 2]).map(|(object, wave)| Entry { wave, object }).collect();
        directory.write(&entries).unwrap();
        assert_eq!(
            names(directory.path()),
            [
                "0001-customresourcedefinition-widgets.example.com.json",
                "0002-namespace-shop.json",
                "0003-configmap-shop-settings.json",
                "apply.sh"
            ]
        );
        assert!(directory.held().unwrap().objects().eq(&objects));
        let script = std::fs::read_to_string(directory.path().join("apply.sh")).unwrap();
        let at = |text: &str| script.find(text).unwrap();
        assert!(
            at("apply '0002-") < at("established 'widgets")
                && at("established 'w") < at("apply '0003")
        );
        assert!(!script.contains("kubectl delete") && !script.contains("force"));
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("letter.txt"), "dear").unwrap();
        let directory = Directory::new(home.path());
        assert!(directory.held().is_err());
        let settings = object("ConfigMap", Some("a"), "b");
        assert!(directory.write(&[Entry { wave: 1, object: &settings }]).is_err());
        assert_eq!(names(home.path()), ["letter.txt"]);
    }

    #[test]
    fn the_script_applies_one_plan_and_what_an_earlier_one_left_stays() {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::new(home.path().join("out"));
        let [a, b, c] = ["a", "b", "c"].map(|name| object("ConfigMap", Some("shop"), name));
        let write = |objects: &[&Object]| {
            let entries: Vec<_> = objects.iter().map(|object| Entry { wave: 1, object }).collect();
            directory.write(&entries).unwrap();
            let script = std::fs::read(directory.path().join(SCRIPT)).unwrap();
            listed(&script).iter().map(|name| name[..4].to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(write(&[&a, &b]), "0001 0002");
        let held = directory.held().unwrap();
        assert_eq!(held.leftover(&[&b]).applied, ["0001-configmap-shop-a.json"]);
        assert_eq!(write(&[&b]), "0002");
        let held = directory.held().unwrap();
        assert_eq!(held.leftover(&[&b]).idle, ["0001-configmap-shop-a.json"]);
        assert!(held.leftover(&[&b]).applied.is_empty());
        assert!(held.objects().eq([&b]));
        assert_eq!(write(&[&c, &b]), "0003 0002", "no number is given twice");
        assert_eq!(write(&[&a, &b, &c]), "0001 0002 0003", "what lies there is used again");
        assert_eq!(names(directory.path()).len(), 4);
    }

    #[test]
    fn an_empty_folder_is_filled() {
        let home = tempfile::tempdir().unwrap();
        let settings = object("ConfigMap", Some("a"), "b");
        Directory::new(home.path()).write(&[Entry { wave: 1, object: &settings }]).unwrap();
        assert_eq!(names(home.path()), ["0001-configmap-a-b.json", "apply.sh"]);
    }

    #[test]
    fn a_hostile_name_stays_in_the_folder_and_out_of_the_shell() {
        let name = file_name(7, object("ConfigMap", Some("../x"), "a';rm -rf $HOME/é").reference());
        assert_eq!(name, "0007-configmap-.._x-a__rm_-rf__HOME__.json");
        let long = file_name(12345, object("Secret", None, &"n".repeat(300)).reference());
        assert!(long.len() < 255 && is_ours(&long));
    }
}
