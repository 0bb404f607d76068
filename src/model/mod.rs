//! The words everything else speaks: ids, digests, Git names, events, errors, ports of the clock
//! and of cancelling. No I/O, no clock, no threads.

pub mod cancel;
pub mod clock;
pub mod digest;
pub mod event;
pub mod explain;
pub mod git;
pub mod id;
pub mod percent;
pub mod safe;
