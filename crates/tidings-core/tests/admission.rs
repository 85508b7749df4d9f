//! Cases of the books that a simulation found or that are worth a name.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tidings_core::close::CloseReason;
use tidings_core::registry::{Admitted, Books, Candidate, Limits, OnFull, Refused};

const LIMITS: Limits =
    Limits { connections_per_user: 0, connections_per_ip: 0, connections: 0, on_full: OnFull::Refuse };

fn candidate(user: &str, client: Option<&str>, ip: &str) -> Candidate {
    Candidate {
        user: Arc::from(user),
        client_id: client.map(Box::from),
        kind: Arc::from("client"),
        ip: ip.parse().expect("an address"),
        connections_max: None,
        drawn: None,
    }
}

fn admit(
    books: &mut Books<(), ()>,
    who: Candidate,
    limits: &Limits,
    now_ms: u64,
) -> Result<Admitted, Refused> {
    let admitted = books.admit(who, limits, now_ms, |_| ())?;
    for key in admitted.superseded.iter().chain(&admitted.displaced) {
        books.settle(*key, CloseReason::Superseded, now_ms, |_| ());
    }
    Ok(admitted)
}

#[test]
fn the_oldest_that_makes_room_no_longer_holds_its_address() {
    let limits =
        Limits { connections_per_user: 2, connections_per_ip: 2, on_full: OnFull::ReplaceOldest, ..LIMITS };
    let mut books = Books::default();
    let oldest = admit(&mut books, candidate("ada", None, "10.0.0.1"), &limits, 0).expect("room");
    admit(&mut books, candidate("ada", None, "10.0.0.1"), &limits, 1).expect("room");
    let third = admit(&mut books, candidate("ada", None, "10.0.0.1"), &limits, 2).expect("the oldest goes");
    assert_eq!(third.displaced, [oldest.seat.key()]);
    assert_eq!(books.live(), 2);
}

#[test]
fn a_refusal_supersedes_nobody_and_is_no_flip_flop() {
    let limits = Limits { connections_per_ip: 1, ..LIMITS };
    let mut books = Books::default();
    admit(&mut books, candidate("eve", None, "10.0.0.2"), &limits, 0).expect("room");
    let ghost = admit(&mut books, candidate("ada", Some("tab"), "10.0.0.1"), &limits, 0).expect("room");
    for _ in 0..3 {
        let refused = admit(&mut books, candidate("ada", Some("tab"), "10.0.0.2"), &limits, 1);
        assert_eq!(refused.map(drop), Err(Refused::Ip { limit: 1 }));
    }
    let back =
        admit(&mut books, candidate("ada", Some("tab"), "10.0.0.1"), &limits, 2).expect("its own place");
    assert_eq!(back.superseded, [ghost.seat.key()]);
}

#[test]
fn two_tabs_with_one_id_both_stand_after_three_times() {
    let mut books = Books::default();
    for n in 0..4 {
        let tab = admit(&mut books, candidate("ada", Some("tab"), "10.0.0.1"), &LIMITS, n).expect("no limit");
        assert_eq!(tab.superseded.len(), usize::from(n > 0));
    }
    let fifth = admit(&mut books, candidate("ada", Some("tab"), "10.0.0.1"), &LIMITS, 5).expect("no limit");
    assert_eq!((fifth.superseded.len(), books.live()), (0, 2));
    let later = admit(&mut books, candidate("ada", Some("tab"), "10.0.0.1"), &LIMITS, 20_000);
    assert_eq!((later.expect("no limit").superseded.len(), books.live()), (2, 1));
}

#[test]
fn a_callers_panic_leaves_the_books_as_they_were() {
    let mut books: Books<(), ()> = Books::default();
    let who = || candidate("ada", Some("tab"), "10.0.0.1");
    let broken = catch_unwind(AssertUnwindSafe(|| books.admit(who(), &LIMITS, 0, |_| panic!("a fault"))));
    assert!(broken.is_err());
    assert!(books.balance());
    assert_eq!((books.opened(), books.live()), (0, 0));

    let key = books.admit(who(), &LIMITS, 0, |_| ()).expect("no limit").seat.key();
    let broken = catch_unwind(AssertUnwindSafe(|| {
        books.settle(key, CloseReason::Kicked, 0, |_| panic!("a fault"));
    }));
    assert!(broken.is_err());
    assert!(books.balance());
    assert!(books.settle(key, CloseReason::Error, 0, |_| ()).is_some(), "whoever comes next closes it");
    assert_eq!((books.opened(), books.live()), (1, 0));
}
