//! The corpus of every fuzz target, through the property that the target checks. What fuzzing once
//! found stays found, on stable Rust and in every run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "fuzz/src/properties/mod.rs"]
#[allow(unreachable_pub, missing_docs, clippy::unwrap_used, reason = "a library elsewhere")]
mod properties;

use std::collections::BTreeSet;
use std::path::Path;

use properties::TARGETS;

/// The names in a folder.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_file_of_every_corpus_keeps_its_property() {
    for (target, property) in TARGETS {
        let mut accepted = 0;
        let files = names(&format!("corpus/{target}"));
        for file in &files {
            // Shown when the property does not hold.
            println!("{target}/{file}");
            let path = format!("{}/tests/fuzz/corpus/{target}/{file}", env!("CARGO_MANIFEST_DIR"));
            accepted += usize::from(property(&std::fs::read(path).unwrap()));
        }
        // A property that sees only one kind of input proves little. A plan file, though, is good for
        // the version that wrote it, and its reader has tests of its own.
        let both = files.len() - accepted >= 5 && (accepted > 0 || *target == "plan");
        assert!(both, "{target}: {accepted} of {} are accepted", files.len());
    }
}

#[test]
fn every_target_has_a_property_a_program_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("targets"), targets.iter().map(|name| format!("{name}.rs")).collect());
}
