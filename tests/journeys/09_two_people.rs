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
