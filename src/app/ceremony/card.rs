//! The card for paper, filled in from the kit.

use super::OpenerList;
use crate::bundle::card::{Paper, paper};
use crate::keys::trust::Trusted;

/// The card's name in a kit.
pub const CARD: &str = "CARD.txt";

/// Returns the text to print.
pub fn card(trusted: &Trusted, epoch: u32, openers: &OpenerList) -> String {
    let holders: Vec<String> = openers
        .people
        .iter()
        .map(|one| format!("c{} = ____________________ ({})", one.number, one.recipient))
        .collect();
    paper(&Paper { trusted, epoch, policy: openers.policy, holders: &holders })
}
