//! The plan's items as a graph for the schedule.

use std::collections::HashMap;

use super::schedule::Schedule;
use crate::object::ObjectRef;
use crate::plan::{Approved, Item, Until};

/// Who needs what, by place in the plan. What is not in the plan cannot be waited for.
pub(super) fn schedule(approved: &Approved, items: &[&Item]) -> Schedule {
    let mut places = Vec::new();
    for wave in &approved.plan().waves {
        places.extend(wave.objects.iter().map(|_| (wave.stage, wave.wave)));
    }
    let index: HashMap<&ObjectRef, usize> =
        items.iter().enumerate().map(|(place, item)| (&item.object, place)).collect();
    let needs: Vec<Vec<(usize, Until)>> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let named = item.needs.iter();
            let named = named.filter_map(|need| Some((*index.get(&need.object)?, need.until)));
            let mut needs: Vec<_> = named.collect();
            needs.retain(|(needed, _)| *needed != place);
            // The strictest of several needs of one object says it all.
            needs.sort_unstable();
            needs.reverse();
            needs.dedup_by_key(|(needed, _)| *needed);
            needs
        })
        .collect();
    Schedule::new(&places, &needs)
}
