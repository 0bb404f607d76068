use std::path::Path;

use super::*;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn render_at(folder: &Path, path: &str) -> Result<Rendered, RenderError> {
    let root = Root {
        repo: "apps".into(),
        revision: "c0ffee".into(),
        folder: folder.to_owned(),
        path: path.into(),
    };
    render(&root, &Tools::default(), &Cancel::new())
}

fn manifest(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

#[test]
fn plain_folders_are_read_in_order_without_hidden_files() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        &[
            ("prod/b.yaml", &manifest("ConfigMap", "b")),
            ("prod/a/z.yml", &manifest("Secret", "z")),
            ("prod/c.json", r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"}}"#),
            ("prod/.hidden.yaml", "not: an object"),
            ("prod/.github/x.yaml", "not: an object"),
            ("prod/README.md", "# hello"),
            ("other/x.yaml", &manifest("ConfigMap", "other")),
        ],
    );
    let rendered = render_at(home.path(), "/prod/").unwrap();
    let found: Vec<_> = rendered
        .items
        .iter()
        .map(|item| (item.object.reference().to_string(), item.provenance.path.clone()))
        .collect();
    let expected = [
        ("Secret z", "prod/a/z.yml"),
        ("ConfigMap b", "prod/b.yaml"),
        ("Service c", "prod/c.json"),
    ];
    assert_eq!(found, expected.map(|(object, path)| (object.to_owned(), path.to_owned())));
}

#[test]
fn what_is_no_object_names_its_file() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("values.yaml", "replicas: 3\n")]);
    let error = render_at(home.path(), "").unwrap_err().to_string();
    assert!(error.starts_with("apps:values.yaml, line 1: not a Kubernetes object"), "{error}");
}

#[test]
fn findings_carry_their_place() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("a.yaml", &(manifest("ConfigMap", "a") + "data: {x: 1, x: 2}\n"))]);
    let rendered = render_at(home.path(), "").unwrap();
    assert_eq!(rendered.findings, ["apps:a.yaml, line 5: key x stands twice; the last one counts"]);
}

#[test]
fn a_kustomization_without_kustomize_is_told_as_that() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("overlay/kustomization.yml", "resources: []\n")]);
    let error = render_at(home.path(), "overlay").unwrap_err();
    assert!(matches!(error, RenderError::NoKustomize { .. }), "{error}");
}

#[test]
fn a_folder_outside_the_repository_is_none_of_it() {
    let home = tempfile::tempdir().unwrap();
    for path in ["..", "a/../..", "nowhere"] {
        assert!(matches!(render_at(home.path(), path), Err(RenderError::NoFolder { .. })));
    }
}
