//! A name for another cluster.

use std::path::PathBuf;

use crate::app::target::{Accept, Add, Class};
use crate::tui::job::Job;
use crate::tui::message::typed_path;
use crate::tui::page::{Line, Page, Role};
use crate::tui::state::{Draft, State};

/// A row of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Row {
    /// Where its kubeconfig is.
    Kubeconfig,
    /// Its name.
    Name,
    /// How much care it needs.
    Class,
    /// Which context of the file.
    Context,
    /// Signs that do not fit its class and are accepted.
    Signs,
    /// Why they are.
    Reason,
    /// Add it.
    Add,
}

/// All rows.
pub(in crate::tui) const ROWS: &[Row] =
    &[Row::Kubeconfig, Row::Name, Row::Class, Row::Context, Row::Signs, Row::Reason, Row::Add];

/// The classes of clusters, and what each means.
pub(in crate::tui) const CLASSES: &[(Class, &str)] = &[
    (Class::Production, "people depend on it; its name is typed before anything is written"),
    (Class::Standby, "stands by to take over; its name is typed before anything is written"),
    (Class::Disposable, "made for practice; side effects do not matter"),
];

/// Returns whether it can be added.
pub(in crate::tui) fn complete(draft: &Draft) -> bool {
    !draft.kubeconfig.is_empty() && !draft.name.is_empty()
}

/// Returns it with words in place of what is not typed yet.
fn named(draft: &Draft) -> Draft {
    let or = |text: &String, else_: &str| {
        if text.is_empty() { else_.to_owned() } else { text.clone() }
    };
    let (kubeconfig, name) = (or(&draft.kubeconfig, "FILE"), or(&draft.name, "NAME"));
    Draft { kubeconfig, name, ..draft.clone() }
}

/// Returns the request.
pub(in crate::tui) fn request(draft: &Draft, home: Option<&PathBuf>) -> Add {
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Add {
        name: draft.name.clone(),
        kubeconfig: typed_path(&draft.kubeconfig, home),
        class: Some(draft.class),
        context: said(&draft.context),
        accept: Accept { signs: draft.accept.clone(), reason: said(&draft.reason) },
    }
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("A name for another cluster");
    let draft = &state.draft;
    page.fact(Line::words(
        Role::Plain,
        " The cluster is asked who it is, and the file is copied. Nothing is written to it. \
         KUBECONFIG and ~/.kube/config are not looked at: say which file.",
    ));
    page.fact(Line::empty());
    let care = CLASSES.iter().find(|(class, _)| *class == draft.class).map_or("", |(_, care)| care);
    page.next(Role::Plain, format!("{}: {care}.", draft.class));
    page.same_as = Some(Job::AddTarget(request(&named(draft), state.home.as_ref())).line());
    page.choices(ROWS.len(), state.cursor(), move |index| {
        let shown = |text: &str, else_| if text.is_empty() { else_ } else { text }.to_owned();
        let (label, text) = match ROWS.get(index) {
            Some(Row::Kubeconfig) => ("kubeconfig", shown(&draft.kubeconfig, "(type its path)")),
            Some(Row::Name) => ("name", shown(&draft.name, "(lower-case letters, digits, dashes)")),
            Some(Row::Class) => ("class", draft.class.to_string()),
            Some(Row::Context) => ("context", shown(&draft.context, "(the file's own)")),
            Some(Row::Signs) => {
                let words: Vec<&str> = draft.accept.iter().map(|sign| sign.word()).collect();
                (
                    "accept",
                    shown(&words.join(" "), "(only when adding it was refused: what it said)"),
                )
            }
            Some(Row::Reason) => ("because", shown(&draft.reason, "(why that is accepted)")),
            Some(Row::Add) | None => ("Add it", format!("as {}", draft.class)),
        };
        Line::plain(format!("{label:<10}  {text}")).hanging(13)
    });
    page
}
