//! A store is an OCI image layout: stock skopeo carries bundles through any registry and back.

use crate::support::kit::Kit;
use crate::support::sandbox::finish;
use crate::support::server::Registry;
use crate::support::{component, git};

#[test]
fn skopeo_carries_a_bundle_to_a_registry_and_back() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 50, 5);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    let registry = Registry::start(&kit.sandbox.path("run"));
    let skopeo = |from: &str, to: &str| {
        let mut command = kit.sandbox.program(component::find("skopeo"));
        command.args(["copy", "--preserve-digests", "--insecure-policy"]);
        command.args(["--src-tls-verify=false", "--dest-tls-verify=false", from, to]);
        finish(&mut command).ok();
    };
    let store = kit.store();
    let index = std::fs::read_to_string(store.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let tags: Vec<String> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            entry["annotations"]["org.opencontainers.image.ref.name"].as_str().unwrap().into()
        })
        .collect();
    assert!(tags.contains(&"snap-0000000001".to_owned()), "{tags:?}");
    assert!(tags.iter().any(|tag| tag.starts_with("snap-0000000001.sig.job.")), "{tags:?}");
    let back = kit.sandbox.path("back");
    for tag in &tags {
        let remote = registry.reference(&format!("kit:{tag}"));
        skopeo(&format!("oci:{}:{tag}", store.display()), &remote);
        skopeo(&remote, &format!("oci:{}:{tag}", back.display()));
    }
    let parts = |store: &std::path::Path| {
        let blobs = std::fs::read_dir(store.join("blobs/sha256")).unwrap();
        blobs.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let missing: Vec<_> = parts(&store).difference(&parts(&back)).cloned().collect();
    assert!(missing.is_empty(), "lost on the way: {missing:?}");
}
