use super::*;

const A: (Stage, usize) = (Stage::Definitions, 1);
const B: (Stage, usize) = (Stage::Edge, 2);

fn schedule(places: &[(Stage, usize)], needs: &[&[(usize, Until)]]) -> Schedule {
    let needs: Vec<_> = needs.iter().map(|needs| needs.to_vec()).collect();
    let mut schedule = Schedule::new(places, &needs);
    schedule.begin();
    schedule
}

/// What can be tried now, opening stages as they come.
fn all(schedule: &mut Schedule) -> Vec<usize> {
    let mut tried = Vec::new();
    loop {
        match schedule.next() {
            Next::Try(node) => tried.push(node),
            Next::Open(stage) => schedule.open(stage),
            Next::Nothing => return tried,
        }
    }
}

#[test]
fn a_later_stage_waits_for_first_attempts_and_not_for_success() {
    let mut graph = schedule(&[A, A, B], &[&[], &[], &[]]);
    assert_eq!(all(&mut graph), [0, 1]);
    graph.applied(0, true, true);
    assert!(all(&mut graph).is_empty(), "one first attempt is in flight");
    graph.again(1, Duration::from_secs(1));
    assert_eq!(all(&mut graph), [2], "it was tried once");
    assert_eq!(graph.due(Duration::ZERO), None);
    assert_eq!(graph.due(Duration::from_secs(1)), Some(1));
}

#[test]
fn an_object_is_tried_once_its_needs_hold() {
    let needs: [&[(usize, Until)]; 3] = [&[], &[(0, Until::Applied)], &[(0, Until::Ready)]];
    let mut graph = schedule(&[B, B, B], &needs);
    assert_eq!(all(&mut graph), [0]);
    graph.applied(0, false, false);
    assert_eq!(all(&mut graph), [1]);
    assert_eq!(graph.watched().iter().copied().collect::<Vec<_>>(), [0], "2 needs it ready");
    graph.ready(0);
    graph.applied(1, true, true);
    assert_eq!(all(&mut graph), [2]);
    graph.applied(2, true, true);
    assert!(graph.is_quiet());
}

#[test]
fn what_is_blocked_shuts_no_later_stage() {
    // 0 needs 1 of a later stage: nothing of its own stage is left to try first.
    let mut graph = schedule(&[A, B], &[&[(1, Until::Ready)], &[]]);
    assert_eq!(all(&mut graph), [1]);
    graph.applied(1, true, true);
    assert_eq!(all(&mut graph), [0]);
}

#[test]
fn what_needs_a_failure_is_held_and_what_needs_that_as_well() {
    let needs: [&[(usize, Until)]; 4] =
        [&[], &[(0, Until::Ready)], &[(1, Until::Applied)], &[(0, Until::Applied)]];
    let mut graph = schedule(&[A, A, A, A], &needs);
    assert_eq!(all(&mut graph), [0]);
    graph.applied(0, false, true);
    assert_eq!(all(&mut graph), [3]);
    assert_eq!(graph.fail(0), [(1, 0), (2, 1)], "3 needed it applied, which it is");
    graph.applied(3, true, true);
    assert!(graph.is_quiet());
}

#[test]
fn what_is_left_out_is_taken_as_given_and_what_is_parked_is_not_tried() {
    let needs = vec![vec![], vec![(0, Until::Ready)], vec![(1, Until::Applied)]];
    let mut graph = Schedule::new(&[A, A, B], &needs);
    graph.leave_out(0);
    graph.park_behind(1);
    graph.begin();
    assert_eq!(all(&mut graph), [1]);
    graph.applied(1, true, true);
    assert!(all(&mut graph).is_empty() && graph.is_quiet());
    assert_eq!(graph.node(2).state, State::Parked);
}

#[test]
fn what_is_parked_on_the_way_is_not_tried_any_more() {
    let mut graph = schedule(&[A, A, B, B], &[&[], &[], &[], &[(1, Until::Applied)]]);
    assert_eq!(all(&mut graph), [0, 1]);
    graph.park_behind(1);
    graph.applied(0, true, true);
    graph.applied(1, true, true);
    assert!(all(&mut graph).is_empty() && graph.is_quiet());
    assert_eq!([2, 3].map(|node| graph.node(node).state), [State::Parked; 2]);
}

#[test]
fn what_was_parked_is_tried_when_the_hold_is_taken_back() {
    let mut graph = schedule(&[A, B, B], &[&[], &[], &[(0, Until::Applied)]]);
    assert_eq!(all(&mut graph), [0]);
    graph.park_behind(1);
    graph.applied(0, true, true);
    assert!(all(&mut graph).is_empty() && graph.is_quiet());
    graph.go_on();
    assert_eq!(all(&mut graph), [1, 2], "what was met meanwhile counts");
}

#[test]
fn what_waits_behind_an_object_is_counted_through() {
    let needs: [&[(usize, Until)]; 4] =
        [&[], &[(0, Until::Ready)], &[(1, Until::Applied)], &[(0, Until::Applied)]];
    let mut graph = schedule(&[A, A, A, A], &needs);
    assert_eq!((graph.behind(0), graph.holds_up(0)), (3, true));
    assert_eq!(all(&mut graph), [0]);
    graph.applied(0, false, true);
    assert_eq!((graph.behind(0), graph.behind(3)), (2, 0), "3 needed it applied, which it is");
    assert_eq!(graph.waiting().collect::<Vec<_>>(), [0]);
}

#[test]
fn an_attempt_that_did_not_take_place_is_a_first_one_again() {
    let mut graph = schedule(&[A, B], &[&[], &[]]);
    assert_eq!(all(&mut graph), [0]);
    graph.give_back(0, Duration::ZERO);
    assert_eq!(all(&mut graph), [0], "and the later stage still waits");
}
