//! With whose keys to open.

use crate::app::assess::Life;
use crate::app::{Which, show};
use crate::model::explain::Kind;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen;
use crate::tui::state::{Goal, Known, State};

/// A row of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Row {
    /// The key file of the person of this number.
    Key(usize),
    /// A number that is typed to accept the snapshot as it is.
    Accept,
    /// Open it.
    Open,
}

/// Returns the rows.
pub(in crate::tui) fn rows(state: &State) -> Vec<Row> {
    let known = state.identities.len();
    let mut rows: Vec<Row> = (0..=known).map(Row::Key).collect();
    let refused = matches!(&state.facts.opened,
        Known::Failed(told) if matches!(told.kind, Kind::Refused | Kind::Integrity));
    if state.accept.is_some() || refused {
        rows.push(Row::Accept);
    }
    rows.push(Row::Open);
    rows
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let snapshot = match state.which {
        Which::Latest => "the newest snapshot".to_owned(),
        Which::Number(seq) => format!("snapshot {seq}"),
    };
    let mut page = Page::new(format!("Open {snapshot}"));
    let wanted = match state.goal {
        Goal::Look => "To look at what is in it",
        Goal::Extract => "To take repositories out",
        Goal::Rebuild => "To rebuild a cluster. It is verified next, then the target is chosen",
    };
    page.fact(Line::words(
        Role::Plain,
        format!(" {wanted}. Nothing is written but a work folder."),
    ));
    if state.goal == Goal::Rebuild {
        healthy(&mut page, state);
    }
    page.fact(Line::empty());
    match &state.facts.opened {
        Known::Asked => page.next(Role::Strong, "Opening …"),
        Known::Failed(told) => screen::trouble(&mut page, told),
        _ => {}
    }
    if !matches!(state.facts.opened, Known::Asked) {
        page.next(Role::Plain, hint(state));
    }
    let request = show::Request {
        place: state.place.clone(),
        which: state.which,
        identities: state.identities.clone(),
        accept: state.accept,
    };
    page.same_as = Some(Job::Show(request).line());
    let rows = rows(state);
    let identities = &state.identities;
    let (accept, in_lines) = (state.accept, state.in_lines);
    page.choices(rows.len(), state.cursor(), move |index| {
        Line::plain(match rows.get(index) {
            Some(Row::Key(at)) => match identities.get(*at) {
                Some(path) => format!("key file of person {}:  {}", at + 1, path.display()),
                None if *at == 0 && in_lines => "your key file: none yet".to_owned(),
                None if *at == 0 => "your key file:  (Enter, then type its path)".to_owned(),
                None => "one more person's key file, where two are needed".to_owned(),
            },
            Some(Row::Accept) => match accept {
                Some(seq) => format!("accepted as it is: snapshot {seq}"),
                None => "accept it as it is: type its number".to_owned(),
            },
            Some(Row::Open) => format!("Open {snapshot}"),
            None => String::new(),
        })
        .hanging(4)
    });
    page
}

/// Whoever rebuilds while a cluster lives should know that it does.
fn healthy(page: &mut Page<'_>, state: &State) {
    let clusters = state.facts.assess.get().into_iter().flat_map(|report| &report.clusters);
    for cluster in clusters.filter(|cluster| cluster.life == Life::Healthy) {
        let words = format!(
            " {} answers and is healthy. Rebuilding is for a lost cluster: Esc goes back.",
            cluster.name
        );
        page.fact(Line::words(Role::Warn, words));
    }
}

fn hint(state: &State) -> String {
    if state.identities.is_empty() {
        "A key file is what you got when you became an opener: from age-keygen, your SSH key \
         (~/.ssh/id_ed25519), or a file that asks for a passphrase. Enter, type its path, Enter."
            .to_owned()
    } else if state.in_lines {
        "A passphrase is asked for once, where the file has one. It does not show and is written \
         nowhere."
            .to_owned()
    } else {
        "A passphrase is asked for once, where the file has one. It does not show and is written \
         nowhere. An empty path takes a key file away."
            .to_owned()
    }
}
