//! A plan for people: a table of stages, what differs, warnings, blockers, within 80 columns.

use std::fmt::Write as _;

use crate::app::plan::{Action, Item, Note, Plan, Stage};

/// A line of a terminal.
pub(super) const WIDTH: usize = 80;
/// So many new objects of a kind are named, of so many kinds of a stage.
const NAMED: usize = 6;
const KINDS: usize = 12;
/// So many objects of a stage that differ are named.
const DIFFERING: usize = 40;
/// So many notes of one code are shown.
const NOTES: usize = 12;

/// A column of the table: its head, and what it counts.
const COLUMNS: [(&str, Action); 5] = [
    ("new", Action::New),
    ("changed", Action::Changed),
    ("unchanged", Action::Unchanged),
    ("conflicting", Action::Conflicting),
    ("immutable", Action::Immutable),
];

/// Returns a plan for people.
pub(crate) fn plan_text(plan: &Plan) -> String {
    let who = plan.target.uid.as_ref().map_or_else(String::new, |uid| format!(", uid {uid}"));
    let mut text = String::new();
    let (digest, name) = (plan.digest().short(), &plan.target.name);
    let _ = writeln!(text, "plan {digest} for {name}; nothing has been changed yet");
    let _ = writeln!(text, "  {}{who}", plan.target.class);
    let stages: Vec<_> = Stage::ALL.into_iter().map(|stage| Row::of(stage, plan)).collect();
    table(&mut text, &stages);
    text.push_str("  nothing is deleted\n");
    if let Some(words) = plan.besides() {
        line(&mut text, "  ", words);
    }
    for stage in &stages {
        stage.details(&mut text);
    }
    notes(&mut text, "warnings", &plan.warnings);
    notes(&mut text, "BLOCKERS", &plan.blockers);
    text
}

/// What a plan holds of a stage.
struct Row<'p> {
    stage: Stage,
    /// The numbers of its waves, as the screens and a run tell them.
    waves: Vec<usize>,
    items: Vec<&'p Item>,
}

impl<'p> Row<'p> {
    fn of(stage: Stage, plan: &'p Plan) -> Self {
        let waves: Vec<_> = plan.waves.iter().filter(|wave| wave.stage == stage).collect();
        let items = waves.iter().flat_map(|wave| &wave.objects).collect();
        Self { stage, waves: waves.into_iter().map(|wave| wave.wave).collect(), items }
    }

    /// Its waves: `3`, or `3-5`.
    fn numbers(&self) -> String {
        match self.waves.as_slice() {
            [] => String::new(),
            [one] => one.to_string(),
            [first, .., last] => format!("{first}-{last}"),
        }
    }

    fn with(&self, action: Action) -> impl Iterator<Item = &'p Item> + '_ {
        self.items.iter().copied().filter(move |item| item.action == action)
    }

    fn details(&self, text: &mut String) {
        if self.items.iter().all(|item| item.action == Action::Unchanged) {
            return;
        }
        let waves = if self.waves.len() > 1 { "waves" } else { "wave" };
        let _ = writeln!(text, "{} ({waves} {})", self.stage.name(), self.numbers());
        let kinds = by_kind(self.with(Action::New));
        for (kind, names) in kinds.iter().take(KINDS) {
            let more = names.len().saturating_sub(NAMED);
            let mut words = format!("{} {kind}: ", names.len());
            words.push_str(&names[..names.len() - more].join(", "));
            if more > 0 {
                let _ = write!(words, " and {more} more");
            }
            line(text, "  + ", &words);
        }
        let rest: usize = kinds.iter().skip(KINDS).map(|(_, names)| names.len()).sum();
        if rest > 0 {
            let more = kinds.len() - KINDS;
            line(text, "  + ", &format!("{rest} of {more} more kinds; --json lists all"));
        }
        let differing = |action: Action| self.with(action).collect::<Vec<_>>();
        let of =
            |sign: &str, items: Vec<&Item>, what: &dyn Fn(&Item) -> String, text: &mut String| {
                for item in items.iter().take(DIFFERING) {
                    line(text, sign, &format!("{}: {}", item.object, what(item)));
                }
                let more = items.len().saturating_sub(DIFFERING);
                if more > 0 {
                    line(text, sign, &format!("and {more} more; --json lists all"));
                }
            };
        of("  ~ ", differing(Action::Changed), &|item| fields(item), text);
        of("  ! ", differing(Action::Conflicting), &held, text);
        let fixed = |item: &Item| format!("cannot be changed: {}", fields(item));
        of("  x ", differing(Action::Immutable), &fixed, text);
    }
}

fn table(text: &mut String, stages: &[Row<'_>]) {
    let count = |row: &Row<'_>, action| row.with(action).count();
    let total = |action| stages.iter().map(|row| count(row, action)).sum::<usize>();
    // The first three are always shown.
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .enumerate()
        .filter(|(place, (_, action))| *place < 3 || total(*action) > 0)
        .map(|(_, column)| column)
        .collect();
    let mut row = |name: &str, waves: &str, numbers: &dyn Fn(Action) -> String| {
        let _ = write!(text, "  {name:<14}{waves:>6}");
        for (head, action) in &columns {
            let _ = write!(text, "{:>width$}", numbers(*action), width = head.len().max(5) + 2);
        }
        text.push('\n');
    };
    let head = |wanted: Action| {
        let column = COLUMNS.iter().find(|(_, action)| *action == wanted);
        column.map_or_else(String::new, |(head, _)| (*head).to_owned())
    };
    row("stage", "wave", &head);
    for stage in stages.iter().filter(|stage| !stage.items.is_empty()) {
        let numbers = |action| count(stage, action).to_string();
        row(stage.stage.name(), &stage.numbers(), &numbers);
    }
    row("total", "", &|action| total(action).to_string());
}

fn fields(item: &Item) -> String {
    item.fields.join(", ")
}

fn held(item: &Item) -> String {
    let held = item.conflicts.iter().map(|held| format!("{} holds {}", held.manager, held.field));
    held.collect::<Vec<_>>().join(", ")
}

/// Kinds with the names of their objects, in order of appearance.
fn by_kind<'p>(items: impl Iterator<Item = &'p Item>) -> Vec<(&'p str, Vec<String>)> {
    let mut kinds: Vec<(&str, Vec<String>)> = Vec::new();
    for item in items {
        let whole = item.object.to_string();
        let name = whole.split_once(' ').map_or(whole.as_str(), |(_, name)| name).to_owned();
        match kinds.iter_mut().find(|(kind, _)| *kind == item.object.kind) {
            Some((_, names)) => names.push(name),
            None => kinds.push((&item.object.kind, vec![name])),
        }
    }
    kinds
}

fn notes(text: &mut String, head: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(text, "{head}");
    for same in notes.chunk_by(|one, other| one.code == other.code) {
        let code = &same[0].code;
        for note in same.iter().take(NOTES) {
            line(text, &format!("  {code}  "), &note.text);
        }
        let more = same.len().saturating_sub(NOTES);
        if more > 0 {
            line(text, &format!("  {code}  "), &format!("and {more} more; --json lists all"));
        }
    }
}

/// Adds words behind a margin, broken at blanks; what is longer than a line stays whole.
pub(crate) fn line(text: &mut String, margin: &str, words: &str) {
    let indent = " ".repeat(margin.len());
    let mut column = margin.len();
    text.push_str(margin);
    for (index, word) in words.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            text.push_str(&indent);
            column = indent.len();
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_of_many_kinds_is_told_in_a_few_lines() {
        let item = |number: usize| {
            let object = serde_json::json!({"group": "example.com", "kind": format!("K{number}"),
                "name": "one", "version": "v1", "action": "new",
                "hash": crate::model::digest::Digest::of(b"x"), "repo": "r", "revision": "c",
                "path": "p"});
            serde_json::from_value::<Item>(object).unwrap()
        };
        let items: Vec<Item> = (0..300).map(item).collect();
        let row = Row { stage: Stage::Custom, waves: vec![1], items: items.iter().collect() };
        let mut text = String::new();
        row.details(&mut text);
        assert_eq!(text.lines().count(), 1 + KINDS + 1, "{text}");
        assert!(text.ends_with("  + 288 of 288 more kinds; --json lists all\n"), "{text}");
    }

    #[test]
    fn lines_are_broken_at_blanks_within_eighty_columns() {
        let mut text = String::new();
        line(&mut text, "  B1421  ", &"words and more ".repeat(12));
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("         ")), "{text}");
    }
}
