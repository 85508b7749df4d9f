//! What is told, in which order, and that nobody has to listen.

use serde_json::{Value, json};

use super::harness::Server;
use crate::event::{Event, EventType, Shown, channel};

#[tokio::test]
async fn nobody_there_is_a_success() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let group = ada.start(1).await;
    assert_eq!(server.scan("reader-art", "checkin", "tag-01").await.status, 200);
    let (ty, data) = (EventType::BoardStale, Shown::Nothing {});
    let event = Event { ty, active_group_id: group, data, timestamp: 1 };
    let published = server.hub.publisher().publish(&event.channel(), ty.name(), &event).await;
    assert_eq!(published.expect("it is taken").recipients, 0);
    assert_eq!(server.hub.stats()["events"]["published_total"], 3);
    server.close().await;
}

/// Not even this process could, by whatever mistake.
#[tokio::test]
async fn a_birthday_and_an_address_are_refused_by_the_hub() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let group = ada.start(1).await;
    let mut board = server.listen(&ada.token().await).await;
    let publisher = server.hub.publisher();
    for (name, value) in [("birthday", "2016-04-01"), ("address", "1 School Lane"), ("tag", "tag-01")] {
        let mut event = json!({
            "type": "student_checkin", "active_group_id": group, "timestamp": 1,
            "data": { "student_id": 1, "student_name": "Amir Haddad" },
        });
        publisher
            .publish(&channel(group), "student_checkin", &event)
            .await
            .expect("this is what a board shows");
        event["data"][name] = json!(value);
        let refused =
            publisher.publish(&channel(group), "student_checkin", &event).await.expect_err("too much");
        assert!(!refused.to_string().contains(value), "{refused}");
        let beside =
            json!({ name: value, "type": "board_stale", "active_group_id": 1, "timestamp": 1, "data": {} });
        assert!(
            publisher.publish(&channel(group), "board_stale", &beside).await.is_err(),
            "{name} beside the data"
        );
        assert_eq!(
            board.next().await.data["data"],
            json!({ "student_id": 1, "student_name": "Amir Haddad" })
        );
    }
    server.scan("reader-art", "checkin", "tag-02").await;
    assert_eq!(board.next().await.data["data"]["student_name"], "Bea Lindqvist", "and nothing in between");
    drop(board);
    server.close().await;
}

/// Many at once: the boards hear of things in the order in which they were saved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_heard_is_what_is_saved_in_the_same_order() {
    const TURNS: usize = 12;
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    ada.start(1).await;
    let mut board = server.listen(&ada.token().await).await;
    let turns = |reader: usize| {
        let server = &server;
        async move {
            for turn in 0..TURNS {
                let what = ["checkin", "checkout"][(reader + turn) % 2];
                assert_eq!(server.scan("reader-art", what, "tag-01").await.status, 200);
            }
        }
    };
    // Several at one student.
    tokio::join!(turns(0), turns(1), turns(2), turns(3), turns(4), turns(5));
    server.scan("reader-art", "checkin", "tag-02").await;

    let (mut inside, mut last) = (false, 0);
    loop {
        let heard = board.next().await;
        let timestamp = heard.data["timestamp"].as_u64().expect("a time");
        assert!(timestamp > last, "later than the one before");
        last = timestamp;
        if heard.data["data"]["student_id"] == 2 {
            break;
        }
        assert_eq!(
            heard.ty,
            if inside { "student_checkout" } else { "student_checkin" },
            "one after the other"
        );
        inside = !inside;
    }
    let visits = ada.board().await["groups"][0]["visits"].as_array().map(Vec::len);
    assert_eq!(visits, Some(1 + usize::from(inside)), "and the board shows how it ended");
    drop(board);
    server.close().await;
}

#[tokio::test]
async fn the_right_is_there_before_what_it_lets_one_see_and_nothing_is_heard_after_it() {
    let server = Server::open().await;
    let (ada, ben) = (server.enter("ada").await, server.enter("ben").await);
    let (mut of_ada, mut of_ben) =
        (server.listen(&ada.token().await).await, server.listen(&ben.token().await).await);
    let group = ada.start(1).await;
    let join = format!("/api/groups/{group}/supervisors/3");
    assert_eq!(ada.ask("PUT", &join, &Value::Null).await.status, 204);
    assert_eq!(ada.ask("DELETE", &join, &Value::Null).await.status, 204);
    assert_eq!(ada.ask("DELETE", &format!("/api/groups/{group}"), &Value::Null).await.status, 204);
    // What is not yet written when a right goes, goes with it.
    let all = ["subscribed", "activity_start", "supervisors_changed", "supervisors_changed", "activity_end"];
    for (board, mut expected) in
        [(&mut of_ada, all.iter()), (&mut of_ben, ["subscribed", "supervisors_changed"].iter())]
    {
        assert_eq!(board.next().await.ty, "subscribed");
        loop {
            let ty = board.next().await.ty;
            if ty == "unsubscribed" {
                break;
            }
            assert!(expected.any(|one| *one == ty), "{ty} out of turn");
        }
    }
    // A token of now reads nothing, and so does one of before.
    assert_eq!(ben.board().await["groups"], json!([]));
    drop((of_ada, of_ben));
    server.close().await;
}

#[tokio::test]
async fn a_token_of_before_reads_no_group_that_was_left_since() {
    let server = Server::open().await;
    let (ada, ben) = (server.enter("ada").await, server.enter("ben").await);
    let group = ada.start(1).await;
    let join = format!("/api/groups/{group}/supervisors/3");
    ada.ask("PUT", &join, &Value::Null).await;
    let old = ben.token().await;
    ada.ask("DELETE", &join, &Value::Null).await;
    let bearer = format!("authorization: Bearer {old}\r\n");
    let asked = format!("/api/sse/stream?channels=group:{group}");
    assert_eq!(server.ask("GET", &asked, &bearer, &Value::Null).await.status, 403);
    server.close().await;
}
