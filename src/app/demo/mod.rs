//! `demo`: the whole story on one machine, with nothing but git needed and loopback touched.
//!
//! Three repositories of a made-up company are served over HTTP, taken into bundles, changed, taken
//! again; their server is shut down for good; and what they described comes up on another target.
//! Every step is the use case that the command line runs, so a demo that ends well has shown
//! something. It keeps its folder, which is the thing to look at, and leaves nothing running.
//!
//! | file | holds |
//! |---|---|
//! | `run` | the story, step by step |
//! | `stage` | what the story needs around it: folders, server, target |
//! | `estate` | the repositories, and what happens to them |
//! | `history` | Git histories from text |
//! | `report` | what is told at the end |

mod estate;
mod history;
mod report;
mod run;
mod stage;

pub use report::{Phase, Report};
pub use run::{CODES, Request, run};
