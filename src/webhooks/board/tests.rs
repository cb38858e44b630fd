use super::*;
use crate::webhooks::samples::{NOW, held, hook};

/// A board of so many addresses, each with so many deliveries.
fn board(addresses: i64, waiting: i64) -> Board {
    let mut board = Board::default();
    let now = Instant::now();
    assert!(board.refresh(hooks(1..=addresses), NOW, now).is_empty());
    for id in 1..=addresses {
        let first = id * 1_000;
        board.fill(id, (first..first + waiting).map(held).collect(), now);
    }
    board
}

fn hooks(ids: impl Iterator<Item = i64>) -> Vec<Webhook> {
    ids.map(|id| Webhook { id, ..hook() }).collect()
}

/// Whose deliveries are begun now, in their order.
fn begun(board: &mut Board) -> Vec<i64> {
    let now = Instant::now();
    std::iter::from_fn(|| board.next(NOW, now)).map(|(hook, _)| hook.id).collect()
}

#[test]
fn the_addresses_take_turns() {
    let mut board = board(3, 10);
    assert_eq!(begun(&mut board), [1, 2, 3, 1, 2, 3]);
    board.ended(1, true, Instant::now());
    board.ended(3, true, Instant::now());
    assert_eq!(begun(&mut board), [1, 3, 1, 3]);
}

#[test]
fn there_are_64_requests_at_once() {
    let mut board = board(100, 10);
    assert_eq!(begun(&mut board), (1..=64).collect::<Vec<_>>());
    board.ended(7, true, Instant::now());
    assert!(begun(&mut board).is_empty(), "its outcome is not written yet");
    board.written(7_000..7_001);
    assert_eq!(begun(&mut board), [65], "not the one again that has just had its turn");
}

#[test]
fn while_nothing_can_be_written_nothing_more_is_begun() {
    let mut board = board(1, 1_000);
    let mut count = 0;
    loop {
        let begun = begun(&mut board).len();
        if begun == 0 {
            break;
        }
        count += begun;
        for _ in 0..begun {
            board.ended(1, true, Instant::now());
        }
    }
    assert_eq!((count, board.in_flight()), (IN_FLIGHT, 0));
    board.written(1_000..1_005);
    assert_eq!(begun(&mut board).len(), 5);
}

#[test]
fn a_delivery_is_under_way_until_its_outcome_is_written() {
    let mut board = board(1, 3);
    begun(&mut board);
    board.ended(1, true, Instant::now());
    let under_way = |board: &Board| -> Vec<i64> {
        (1_000..1_003).filter(|id| board.is_under_way(*id)).collect()
    };
    assert_eq!(under_way(&board), [1_000, 1_001]);
    board.written([1_000].into_iter());
    assert_eq!(under_way(&board), [1_001], "the third only waits");
}

#[test]
fn one_that_is_switched_off_gives_back_what_waits() {
    let mut board = board(2, 10);
    begun(&mut board);
    let back = board.refresh(hooks(2..=2), NOW, Instant::now());
    assert_eq!(back.len(), 8, "two are on their way");
    board.ended(1, true, Instant::now());
    assert!(begun(&mut board).is_empty());
    board.ended(1, true, Instant::now());
    assert!(board.refresh(hooks(2..=2), NOW, Instant::now()).is_empty());
    assert_eq!(board.room(&[1, 2], Instant::now()).len(), 1, "and then it is forgotten");
}

#[test]
fn only_so_much_is_held_whoever_it_is_for() {
    let board = board(200, 0);
    let due: Vec<i64> = (1..=200).collect();
    let rooms = board.room(&due, Instant::now());
    assert_eq!(rooms.iter().map(|(_, room)| room).sum::<usize>(), HELD);
    assert_eq!(board.room(&[7], Instant::now()), [(7, 16)]);
    assert!(board.room(&[], Instant::now()).is_empty());
}

#[test]
fn those_that_fail_leave_half_of_the_places_to_the_others() {
    let mut board = board(100, 10);
    for _ in 0..6 {
        for id in begun(&mut board) {
            board.ended(id, id > 90, Instant::now());
        }
        board.written(0..102_000);
    }
    assert!(board.endpoints.values().take(90).all(Endpoint::is_troubled), "and ten work");
    for id in 91..=100 {
        board.fill(id, (0..10).map(|n| held(id * 1_000 + 100 + n)).collect(), Instant::now());
    }
    let begun = begun(&mut board);
    assert_eq!(begun.iter().filter(|id| **id <= 90).count(), TROUBLED);
    assert_eq!(begun.len(), IN_FLIGHT, "the others have the rest");
}
