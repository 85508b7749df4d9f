//! The readers at the doors.

use serde_json::json;

use super::harness::Server;

#[tokio::test]
async fn a_reader_that_asks_twice_is_told_so_and_the_boards_hear_it_once() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let group = ada.start(1).await;
    let mut board = server.listen(&ada.token().await).await;
    let scanned = server.scan("reader-art", "checkin", "tag-01").await.json();
    assert_eq!(scanned, json!({ "student_name": "Amir Haddad", "room_name": "Art room", "changed": true }));
    assert_eq!(server.scan("reader-art", "checkin", "tag-01").await.json()["changed"], false);
    assert_eq!(server.scan("reader-art", "checkout", "tag-01").await.json()["changed"], true);
    assert_eq!(server.scan("reader-art", "checkout", "tag-01").await.json()["changed"], false);
    for ty in ["student_checkin", "student_checkout"] {
        let heard = board.next().await;
        assert_eq!((heard.ty.as_str(), &heard.data["active_group_id"]), (ty, &json!(group)));
    }
    assert_eq!(server.hub.stats()["events"]["published_total"], 3, "with the start of the session");
    drop(board);
    server.close().await;
}

#[tokio::test]
async fn what_can_t_be_is_refused_and_told_to_nobody() {
    let server = Server::open().await;
    assert_eq!(server.scan("reader-of-nowhere", "checkin", "tag-01").await.status, 401);
    assert_eq!(server.scan("reader-art", "checkin", "tag-01").await.status, 409, "nothing goes on there");
    server.enter("ada").await.start(1).await;
    assert_eq!(server.scan("reader-art", "checkin", "tag-99").await.status, 404);
    let without = server.ask("POST", "/api/reader/checkin", "", &json!({ "tag": "tag-01" })).await;
    assert_eq!(without.status, 401);
    assert_eq!(server.hub.stats()["events"]["published_total"], 1, "the start of the session alone");
    server.close().await;
}

#[tokio::test]
async fn who_comes_to_one_room_has_left_the_other() {
    let server = Server::open().await;
    let (ada, ben) = (server.enter("ada").await, server.enter("ben").await);
    let (art, gym) = (ada.start(1).await, ben.start(2).await);
    let (mut of_ada, mut of_ben) =
        (server.listen(&ada.token().await).await, server.listen(&ben.token().await).await);
    server.scan("reader-art", "checkin", "tag-01").await;
    server.scan("reader-gym", "checkin", "tag-01").await;
    assert_eq!(of_ada.expect("student_checkin").await["active_group_id"], art);
    let left = of_ada.next().await;
    assert_eq!((left.ty.as_str(), &left.data["active_group_id"]), ("student_checkout", &json!(art)));
    let came = of_ben.next().await;
    assert_eq!((came.ty.as_str(), &came.data["active_group_id"]), ("student_checkin", &json!(gym)));
    assert_eq!(ada.board().await["groups"][0]["visits"], json!([]));
    assert_eq!(ben.board().await["groups"][0]["visits"][0]["student_name"], "Amir Haddad");
    drop((of_ada, of_ben));
    server.close().await;
}
