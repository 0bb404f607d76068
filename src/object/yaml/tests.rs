use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What `v: TEXT` gives.
fn v(text: &str) -> Result<Value, ObjectError> {
    let mut findings = Vec::new();
    let text = format!("v: {text}");
    let documents = load::documents(&text, "t.yaml", &Limits::default(), &mut findings)?;
    Ok(documents.into_iter().next().unwrap().value["v"].clone())
}

fn findings(text: &str) -> Vec<FindingKind> {
    let mut findings = Vec::new();
    load::documents(text, "t.yaml", &Limits::default(), &mut findings).unwrap();
    findings.into_iter().map(|finding| finding.kind).collect()
}

#[test]
fn values_are_what_kubectl_reads() {
    let cases = [
        ("yes", json!(true)),
        ("0644", json!(420)),
        ("1_0.5", json!(10.5)),
        ("1e3", json!(1000)),
        ("-0.0", json!(0)),
        ("{false: a, off: b}", json!({"false": "b"})),
        ("{2: a, 2.5: b}", json!({"2": "a", "2.5": "b"})),
        ("{a, b}", json!({"a": null, "b": null})),
        ("!!binary aGVsbG8=", json!("hello")),
        ("!vault secret", json!("secret")),
        ("2024-01-02", json!("2024-01-02")),
        ("\"no\"", json!("no")),
    ];
    for (text, expected) in cases {
        assert_eq!(v(text).unwrap(), expected, "{text}");
    }
    for refused in [".inf", ".nan", "{~: a}", "{[a]: b}", "!!int x", "*nobody"] {
        assert!(v(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_merge_overrides_what_stands_before_it() {
    assert_eq!(v("{a: 1, <<: {a: 2, b: 3}}").unwrap(), json!({"a": 2, "b": 3}));
    assert_eq!(v("{<<: {a: 2, b: 3}, a: 1}").unwrap(), json!({"a": 1, "b": 3}));
    assert_eq!(v("{<<: [{a: 1}, {a: 2, b: 2}]}").unwrap(), json!({"a": 1, "b": 2}));
    assert_eq!(findings("{a: 1, <<: {a: 2}}"), [FindingKind::MergeOrder]);
    assert_eq!(findings("{<<: {a: 2}, a: 1}"), []);
}

#[test]
fn what_a_person_would_misread_is_found() {
    assert_eq!(findings("a: 1\nb: 2\na: 3\n"), [FindingKind::DuplicateKey]);
    assert_eq!(findings("tag: 7654321e1\n"), [FindingKind::LooksLikeId]);
    let read = read(
        b"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"kind\":\"B\",\"metadata\":{\"name\":\"x\"}}",
        "t",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(read.objects[0].reference().kind, "B");
    assert_eq!(read.findings[0].kind, FindingKind::DuplicateKey);
}

#[test]
fn lists_are_unfolded_and_empty_documents_skipped() {
    let text = "---\n# nothing\n---\napiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n\
                - {apiVersion: v1, kind: Secret, metadata: {name: b}}\n---\n";
    let read = read(text.as_bytes(), "t.yaml", &Limits::default()).unwrap();
    let names: Vec<_> = read.objects.iter().map(|o| o.reference().to_string()).collect();
    assert_eq!(names, ["ConfigMap a", "Secret b"]);
}

#[test]
fn what_is_no_object_names_the_file_and_the_field() {
    let error = read(b"replicas: 3\n", "values.yaml", &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "values.yaml, line 1: not a Kubernetes object: apiVersion is missing"
    );
}

#[test]
fn texts_made_to_exhaust_memory_are_refused() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        let row = [alias.as_str(); 9].join(", ");
        laughs.extend(["a", &level.to_string(), ": &a", &level.to_string(), " [", &row, "]\n"]);
    }
    let deep = format!("v: {}{}", "[".repeat(4000), "]".repeat(4000));
    for text in [laughs.as_bytes(), deep.as_bytes()] {
        assert!(read(text, "t.yaml", &Limits::default()).is_err());
    }
    // Ten nodes each, but what they unfold to is long, or is copied, or is copied at every level.
    let long = "x".repeat(100_000);
    let object = "apiVersion: v1\nkind: A\nmetadata: {name: a}\n";
    let list = |inner: String| format!("{{apiVersion: v1, kind: List, items: [{inner}]}}");
    let small = Limits { nodes: 20_000, ..Limits::default() };
    for text in [
        format!("{object}x: &a {long}\ny: [{}]\n", "*a,".repeat(100)),
        format!("{object}x: &a {long}\ny: [{}]\n", "{*a : 1},".repeat(100)),
        format!("{object}? &a {long}\n: 1\ny: [{}]\n", "*a,".repeat(100)),
        format!("{object}x: {}{}{}\n", "&a [".repeat(50), "x,".repeat(1000), "]".repeat(50)),
        format!("apiVersion: v1\nkind: {long}List\nitems: [{}]\n", "{},".repeat(100)),
        format!("apiVersion: {long}\nkind: List\nitems: [{}]\n", "{},".repeat(100)),
        format!("{{\"a\": [{}0]}}", "0,".repeat(30_000)),
        format!("{{\"a\": [{}\"\"]}}", format!("\"{long}\",").repeat(20)),
        format!("{{{}\"a\": 1}}", format!("\"{long}\": 1,").repeat(20)),
    ] {
        let error = read(text.as_bytes(), "t.yaml", &small).unwrap_err();
        let refused = matches!(error, ObjectError::TooLarge { .. })
            || error.to_string().contains("a short kind");
        assert!(refused, "{}: {error}", &text[..60]);
    }
    let nested =
        (0..30).fold(format!("{{{}}}", object.trim().replace('\n', ", ")), |inner, _| list(inner));
    assert_eq!(read(nested.as_bytes(), "t.yaml", &small).unwrap().objects.len(), 1);
    let limits = Limits { bytes: 3, ..Limits::default() };
    assert!(matches!(read(b"a: 1", "t", &limits), Err(ObjectError::TooLarge { .. })));
}

#[test]
fn findings_are_short_and_of_a_bounded_number() {
    let twice = format!("{{{}}}", "\"a\": 1, ".repeat(5000));
    let long = format!("{{{0}: 1, {0}: 2}}", "k".repeat(900));
    let found = |text: &str| {
        let mut findings = Vec::new();
        load::documents(text, "t.yaml", &Limits::default(), &mut findings).unwrap();
        findings
    };
    assert_eq!(found(&twice).len(), MOST_FINDINGS);
    assert!(found(&long).len() == 1 && found(&long)[0].text.len() < 300);
}

#[test]
fn an_anchor_may_be_used_again_under_the_same_name() {
    assert_eq!(v("[&x 1, *x, &x 2, *x]").unwrap(), json!([1, 1, 2, 2]));
}

proptest! {
    #[test]
    fn reading_never_panics(bytes: Vec<u8>) {
        let _ = read(&bytes, "t", &Limits::default());
    }

    #[test]
    fn json_means_the_same_as_yaml(text in "[a-z0-9 ._+e-]{0,12}", number: i64) {
        let value = json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "n"},
                           "text": text, "number": number});
        let json = read(value.to_string().as_bytes(), "t", &Limits::default()).unwrap();
        let yaml = load::documents(&value.to_string(), "t", &Limits::default(), &mut Vec::new());
        prop_assert_eq!(json.objects[0].value(), &yaml.unwrap()[0].value);
    }
}
