//! What is not taken in, and what is said of it.

use std::fs;

use super::harness::Server;
use super::pictures;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn one_that_is_not_taken_does_not_harm_the_others() {
    let server = Server::open().await;
    let mut big = pictures::jpeg(20, 10);
    big.resize(25 * MIB + 1, 0);
    let photos: [(&str, &[u8]); 5] = [
        ("notes.jpg", b"Not a photo, whatever its name is."),
        ("big.jpg", &big),
        ("dot.gif", b"GIF89a\x01\0\x01\0\0\0\0;..................."),
        ("empty.png", b""),
        ("good.jpg", &pictures::jpeg(20, 10)),
    ];
    let answer = server.upload("album", &photos).await;
    assert_eq!(answer.status, 202);
    let answer = answer.json();
    assert_eq!(answer["jobs"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["jobs"][0]["name"], "good.jpg");
    let refused: Vec<_> = answer["refused"].as_array().expect("a list").iter().collect();
    let statuses: Vec<_> = refused.iter().map(|refusal| refusal["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(415), Some(413), Some(415), Some(415)]);
    assert_eq!(refused[1]["detail"], "a photo may have 25 MiB: make it smaller");
    assert_eq!(refused[2]["detail"], "it is not JPEG, PNG or WebP: save it as one of these");
    let left = fs::read_dir(server.data_dir.path().join("incoming")).expect("it is there").count();
    assert_eq!(left, 0, "nothing of them stays on the disk");
}

#[tokio::test]
async fn where_nothing_is_taken_the_status_says_so() {
    let server = Server::open().await;
    let photos = [("notes.jpg", &b"Not a photo at all."[..])];
    let answer = server.upload("album", &photos).await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.json()["detail"], "notes.jpg: it is not JPEG, PNG or WebP: save it as one of these");
    assert_eq!(server.upload("album", &[]).await.status, 400);
    assert_eq!(server.upload("..", &photos).await.status, 400);
    assert_eq!(server.upload("Summer", &photos).await.status, 400);
    let plain = "POST /api/folders/album/photos HTTP/1.0\r\nhost: localhost\r\ncontent-length: 2\r\n\r\nhi";
    assert_eq!(server.ask(plain.as_bytes()).await.status, 415);
    assert_eq!(server.get("/api/folders").await.json()["folders"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn an_upload_takes_so_many_photos_and_says_which_it_left() {
    let server = Server::open().await;
    let photo = pictures::jpeg(4, 4);
    let photos = vec![("a.jpg", &photo[..]); 21];
    let answer = server.upload("album", &photos).await.json();
    assert_eq!(answer["jobs"].as_array().map(Vec::len), Some(20));
    assert_eq!(answer["refused"][0]["detail"], "an upload takes 20 photos: send the others in another");
}

#[tokio::test]
async fn an_upload_that_is_cut_leaves_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::open().await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.expect("it listens");
    let head = "POST /api/folders/album/photos HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\
                content-type: multipart/form-data; boundary=edge\r\n\r\n--edge\r\n\
                content-disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n\r\n";
    socket.write_all(head.as_bytes()).await.expect("taken");
    socket.write_all(&pictures::jpeg(200, 200)).await.expect("taken");
    socket.shutdown().await.expect("it was open");
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer).await;
    assert!(!answer.contains(" 202 "), "{answer}");
    let incoming = || fs::read_dir(server.data_dir.path().join("incoming")).expect("it is there").count();
    while incoming() > 0 {
        server.get("/health").await;
    }
    assert_eq!(server.get("/api/jobs").await.json()["jobs"].as_array().map(Vec::len), Some(0));
}
