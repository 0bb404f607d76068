//! Sources over http, https and ssh.

use blackstart::mirror::{Options, RepoState, Whose};
use blackstart::source::{Credential, Spec};

use crate::running::{run, spec};
use crate::support::git::{bare, git, grow, picture};
use crate::support::server::{Forge, Sshd, escape, http};
use crate::support::zoo::zoo;

#[test]
fn every_odd_repository_comes_over_http_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let animals = zoo(&root);
    bare(&root.join("empty-sha256.git"), "sha256");
    let server = http(&root);
    let specs: Vec<Spec> = animals
        .iter()
        .map(|animal| spec(&animal.name, &format!("{}/{}.git", server.url(), escape(&animal.name))))
        .chain([spec("empty-sha256", &format!("{}/empty-sha256.git", server.url()))])
        .collect();
    let options = Options::new(folder.path().join("mirrors"));
    for state in [RepoState::Fresh, RepoState::Unchanged] {
        let run = run(&specs, &options);
        run.assert_all(state);
        for animal in &animals {
            run.assert_equal(&animal.name, &animal.path);
        }
        run.assert_equal("empty-sha256", &root.join("empty-sha256.git"));
        println!("{state}: {:?}", run.took);
    }
}

#[test]
fn thin_packs_over_http_are_completed_and_many_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let source = bare(&root.join("a.git"), "sha1");
    grow(&source, 300, 10);
    git(&source, &["gc", "-q"]);
    let server = http(&root);
    let specs = [spec("a", &format!("{}/a.git", server.url()))];
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs, &options).assert_all(RepoState::Fresh);
    let work = folder.path().join("work");
    git(folder.path(), &["clone", "-q", source.to_str().unwrap(), "work"]);
    let long: String = "filler: 0123456789\n".repeat(500);
    for number in 0..52 {
        let text = format!("{long}{number}\n");
        crate::support::git::commit(&work, &[("apps/1/file-1.yaml", &text)], "more");
        git(&work, &["push", "-q", "origin", "main"]);
        let run = run(&specs, &options);
        run.assert_all(RepoState::Fresh);
        if number % 10 == 0 {
            run.assert_equal("a", &source);
        }
    }
    let last = run(&specs, &options);
    git(last.path("a"), &["fsck", "--strict"]);
    let files = std::fs::read_dir(last.path("a").join("objects/pack")).unwrap().count();
    assert!(files < 2 * 10, "many packs become one: {files} files");
}

#[test]
fn https_needs_the_authority_and_the_token_and_says_which_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    grow(&bare(&root.join("a.git"), "sha1"), 20, 2);
    let forge = Forge::start(&root, folder.path());
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "oauth2:guessed\n").unwrap();
    let with = |name: &str, ca: bool, token: Option<Credential>| Spec {
        ca_file: ca.then(|| forge.ca_file.clone()),
        credential: token.unwrap_or_default(),
        ..spec(name, &forge.url("a.git"))
    };
    let right = Credential::TokenFile(forge.token_file.clone());
    let command = vec!["cat".to_owned(), forge.token_file.display().to_string()];
    let specs = [
        with("right", true, Some(right.clone())),
        with("command", true, Some(Credential::TokenCommand(command))),
        with("wrong", true, Some(Credential::TokenFile(wrong))),
        with("none", true, None),
        with("missing-file", true, Some(Credential::TokenFile("/nowhere".into()))),
    ];
    let run_all = run(&specs, &Options::new(folder.path().join("mirrors")));
    run_all.assert_equal("right", &root.join("a.git"));
    run_all.assert_equal("command", &root.join("a.git"));
    for (name, said) in [
        ("wrong", "does not accept the credential"),
        ("none", "asks for a credential"),
        ("missing-file", "token file"),
    ] {
        let mirrored = run_all.get(name);
        assert_eq!(mirrored.state, RepoState::Never, "{name}");
        let fault = mirrored.fault.clone().unwrap();
        assert!(fault.whose == Whose::You && fault.what.contains(said), "{name}: {fault}");
    }
    let untrusted =
        run(&[with("untrusted", false, Some(right))], &Options::new(folder.path().join("m2")));
    assert!(
        untrusted.fault("untrusted").contains("certificate"),
        "{}",
        untrusted.fault("untrusted")
    );
    let shown = format!("{:?}{:?}{:?}", run_all.events, run_all.mirrored, untrusted.mirrored);
    assert!(!shown.contains(Forge::TOKEN) && !shown.contains("guessed"));
    let config = std::fs::read_to_string(run_all.path("right").join("config")).unwrap();
    assert!(!config.contains(Forge::TOKEN));
}

#[test]
fn the_users_credential_helper_is_asked_when_the_server_asks() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    grow(&bare(&root.join("a.git"), "sha1"), 20, 2);
    let forge = Forge::start(&root, folder.path());
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let helper = format!(
        "[credential]\n\thelper = \"!f() {{ echo username=oauth2; echo password={}; }}; f\"\n",
        Forge::TOKEN
    );
    std::fs::write(home.join(".gitconfig"), helper).unwrap();
    let specs = [Spec { ca_file: Some(forge.ca_file.clone()), ..spec("a", &forge.url("a.git")) }];
    let mut options = Options::new(folder.path().join("mirrors"));
    options.environment.home = Some(home);
    let run = run(&specs, &options);
    run.assert_all(RepoState::Fresh);
    run.assert_equal("a", &root.join("a.git"));
}

#[test]
fn ssh_reaches_repositories_and_a_changed_host_key_stops_them_loudly() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let animals = zoo(&root);
    let server = Sshd::start(folder.path());
    let mut specs: Vec<Spec> = animals
        .iter()
        .filter(|animal| animal.name.is_ascii())
        .map(|animal| spec(&animal.name, &server.url(&animal.path)))
        .collect();
    specs.push(spec("gone", &server.url(&root.join("nowhere.git"))));
    let mut options = Options::new(folder.path().join("mirrors"));
    options.environment.git_ssh_command = Some(server.command(&server.known_hosts).into());
    let first = run(&specs, &options);
    for animal in animals.iter().filter(|animal| animal.name.is_ascii()) {
        assert_eq!(first.state(&animal.name), RepoState::Fresh, "{}", first.fault(&animal.name));
        first.assert_equal(&animal.name, &animal.path);
    }
    assert_eq!(first.state("gone"), RepoState::Never);
    assert!(first.fault("gone").contains("does not appear to be"), "{}", first.fault("gone"));

    let changed = folder.path().join("changed_hosts");
    let known = std::fs::read_to_string(&server.known_hosts).unwrap();
    let host = known.split(' ').next().unwrap();
    let other = std::fs::read_to_string(folder.path().join("ssh_client_key.pub")).unwrap();
    std::fs::write(&changed, format!("{host} {other}")).unwrap();
    options.environment.git_ssh_command = Some(server.command(&changed).into());
    let second = run(&specs[..2], &options);
    second.assert_all(RepoState::Refused);
    for mirrored in &second.mirrored {
        let fault = mirrored.fault.clone().unwrap();
        assert!(fault.whose == Whose::You && fault.what.contains("CHANGED"), "{fault}");
        assert!(mirrored.path.is_some(), "the copy is kept");
    }
    let unknown = folder.path().join("no_hosts");
    std::fs::write(&unknown, "").unwrap();
    options.environment.git_ssh_command = Some(server.command(&unknown).into());
    let third = run(&specs[..1], &options);
    assert!(third.fault(&specs[0].name).contains("not known"), "{}", third.fault(&specs[0].name));
    assert_eq!(picture(third.path(&specs[0].name)), picture(&animals[0].path));
}
