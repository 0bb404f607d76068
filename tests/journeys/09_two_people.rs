//! Two of three: no single person opens, any two do, also on two machines.

use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::Sandbox;

#[test]
fn any_two_of_three_open_and_one_alone_does_not() {
    let sandbox = Sandbox::new();
    let people: Vec<_> = ["ada", "bea", "cem"].map(|name| sandbox.identity(name)).into();
    let mut init = vec!["init", "kit", "--open-policy", "2-of-n"];
    for (_, recipient) in &people {
        init.extend(["--opener", recipient]);
    }
    sandbox.run_in("", &init).ok();
    let kit = Kit { identity: people[0].0.clone(), sandbox };
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 10, 2);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();

    for (round, pair) in [[0, 1], [1, 0], [1, 2], [2, 0]].iter().enumerate() {
        let to = kit.sandbox.path(format!("out-{round}"));
        let mut args = vec!["extract", "--to", to.to_str().unwrap()];
        for person in pair {
            args.extend(["--identity", people[*person].0.to_str().unwrap()]);
        }
        kit.run(&args).ok();
        assert_eq!(git::picture(&extracted(&to, "apps")), git::picture(&apps));
    }
    for (identity, _) in &people {
        let to = kit.sandbox.path("alone");
        let alone =
            ["extract", "--to", to.to_str().unwrap(), "--identity", identity.to_str().unwrap()];
        kit.run(&alone).exits(12);
    }
}

/// The first takes off one layer and sends the rest; the second opens with what is left, on another
/// machine, from a stick.
#[test]
fn two_people_on_two_machines_hand_the_rest_on() {
    let sandbox = Sandbox::new();
    let people: Vec<_> = ["ada", "bea"].map(|name| sandbox.identity(name)).into();
    let mut init = vec!["init", "kit", "--open-policy", "2-of-n"];
    people.iter().for_each(|(_, recipient)| init.extend(["--opener", recipient]));
    sandbox.run_in("", &init).ok();
    let kit = Kit { identity: people[0].0.clone(), sandbox };
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 10, 2);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    let path = |name: &str| kit.sandbox.path(name).to_str().unwrap().to_owned();
    kit.run(&["export", "latest", "--to", &format!("{}/", path("stick"))]).ok();

    let seal = kit.path("keys/epoch-0001/epoch-0001.c1+c2.age");
    let (first, second) = (people[0].0.to_str().unwrap(), people[1].0.to_str().unwrap());
    let unwrap = |from: &str, whose: &str, to: &str| {
        kit.sandbox.run(&["keys", "unwrap", from, "--identity", whose, "--to", to]).ok();
    };
    unwrap(seal.to_str().unwrap(), first, &path("layer.age"));
    unwrap(&path("layer.age"), second, &path("epoch.key"));
    let root = kit.trust_root();
    let (stick, out, key) = (path("stick"), path("out"), path("epoch.key"));
    let place = ["--store", &stick, "--trust-root", &root, "--identity", &key];
    kit.sandbox.run(&[&["extract", "--to", &out], &place[..]].concat()).ok();
    assert_eq!(git::picture(&extracted(&kit.sandbox.path("out"), "apps")), git::picture(&apps));
}
