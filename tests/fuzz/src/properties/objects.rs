//! YAML objects, plan files.

use blackstart::object::{Limits, Object, canonical, read};
use blackstart::plan::Plan;

use super::{assert_shown, refused};

/// Objects are bounded whatever the text unfolds to; their canonical JSON is read back as the same
/// objects and renders to itself.
pub fn yaml(data: &[u8]) -> bool {
    let limits = Limits { bytes: 1 << 20, depth: 60, nodes: 20_000 };
    match read(data, "hostile.yaml", &limits) {
        Ok(read) => {
            let total: usize = read.objects.iter().map(|object| object.canonical().len()).sum();
            // No escape is longer than six bytes, nor is a node without text.
            assert!(total <= limits.nodes * 64 * 6, "{} bytes became {total}", data.len());
            read.objects.iter().for_each(stays_itself);
            read.findings.iter().for_each(|finding| assert_shown(&finding.text));
            !read.objects.is_empty()
        }
        Err(error) => refused(&error),
    }
}

fn stays_itself(object: &Object) {
    let text = object.canonical();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(canonical(&value), text);
    assert_shown(&object.reference().to_string());
    // A list in disguise would be unfolded.
    if !object.reference().kind.ends_with("List") {
        let again = read(text.as_bytes(), "again.json", &Limits::default()).unwrap();
        assert_eq!(again.objects.len(), 1);
        assert_eq!(
            (again.objects[0].reference(), again.objects[0].hash()),
            (object.reference(), object.hash())
        );
    }
}

/// A plan file whose digest holds is written back as the same plan.
pub fn plan(data: &[u8]) -> bool {
    match Plan::read(data, "hostile.plan") {
        Ok(plan) => {
            let again = Plan::read(&plan.to_file(), "again.plan").unwrap();
            assert_eq!(again, plan);
            let counts = plan.counts;
            let counted = counts.new + counts.changed + counts.unchanged + counts.conflicting;
            assert_eq!(plan.items().count(), counted);
            true
        }
        Err(error) => refused(&error),
    }
}
