//! What `init`, `keys` and `trust` share: who opens, an epoch's folder in the kit, the next version
//! of the trust file, the root keys that sign.

mod amend;
mod card;
mod epoch;
mod error;
mod openers;
mod root;

pub use amend::{Draft, sign, write_version};
pub use card::{CARD, card};
pub use epoch::{EpochFolder, SealedEpoch};
pub use error::{CODES, CeremonyError};
pub use openers::{NewIdentity, OpenerList, OpenersRequest};
pub use root::{RootSigner, load_signer};
