//! What somebody reads first who does not know this program.

use crate::support::sandbox::Sandbox;

#[test]
fn help_and_manual_begin_with_what_an_emergency_needs() {
    let place = Sandbox::new();
    let help = place.run(&["--help"]).ok().stdout;
    let commands = &help[help.find("Commands:").unwrap()..];
    let at =
        |verb: &str| commands.find(&format!("\n  {verb} ")).unwrap_or_else(|| panic!("{verb}"));
    let emergency = ["assess", "extract", "plan", "replay", "resume"].map(at);
    let others = ["init", "snapshot", "status", "list", "verify", "demo", "explain"].map(at);
    assert!(emergency.is_sorted(), "{commands}");
    assert!(emergency.iter().all(|one| others.iter().all(|other| one < other)), "{commands}");
    assert!(help.contains("Without a command, on a terminal: the screens"), "{help}");

    let manual = place.run(&["man"]).ok().stdout;
    assert!(manual.starts_with(".ie") || manual.contains(".TH blackstart"), "{manual}");
    let at = |verb: &str| manual.find(&format!("blackstart\\-{verb}")).unwrap();
    assert!(at("assess") < at("replay") && at("replay") < at("init"), "{manual}");
    for words in ["Lines and numbered questions instead of screens", "the screens, which need no"] {
        assert!(manual.contains(words), "{words}");
    }
}

#[test]
fn a_switch_in_the_environment_is_on_or_off_in_any_usual_word() {
    for (word, on) in [("1", true), ("yes", true), ("true", true), ("0", false), ("no", false)] {
        let mut place = Sandbox::new();
        place.set("BLACKSTART_JSON", word);
        let told = place.run(&["explain", "B0801"]).ok().stdout;
        assert_eq!(told.starts_with('{'), on, "{word}: {told}");
    }
    let mut place = Sandbox::new();
    place.set("BLACKSTART_JSON", "perhaps");
    place.run(&["explain", "B0801"]).exits(2);
}
