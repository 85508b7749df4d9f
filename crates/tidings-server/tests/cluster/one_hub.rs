//! The hubs of a cluster seen as one: how many connections there are, and which.

use http::Method;
use serde_json::Value;

use crate::hub::now;
use crate::redis::Server;
use crate::scene::Scene;
use crate::streams::Stream;

const SHORT_LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "1000");

fn ids(page: &Value) -> Vec<String> {
    let rows = page["connections"].as_array().expect("rows").iter();
    rows.map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_connection_counts_at_every_hub_and_a_close_does_too() {
    let scene = Scene::start(3);
    let (here, _) = scene.listen(0, "a", None).await;
    let (there, _) = scene.listen(1, "a", None).await;
    for hub in 0..3 {
        let cluster = scene.until_cluster(hub, |cluster| cluster["active"] == 2).await;
        let nodes = cluster["nodes"].as_array().expect("nodes");
        assert_eq!(nodes.len(), 3, "{cluster}");
        assert!(nodes.iter().all(|node| node["lease_left_ms"].as_u64() > Some(0)), "{cluster}");
    }
    there.leave();
    let since = now();
    scene.until_cluster(0, |cluster| cluster["active"] == 1).await;
    let took = since.elapsed();
    println!("a close counted at another hub after {took:?}");
    assert!(took.as_secs() < 2, "250 ms and what a busy machine takes: {took:?}");
    drop(here);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_killed_hub_counts_no_more_within_its_lease_and_one_that_stops_at_once() {
    let mut scene = Scene::configured(Server::start(), 3, &[SHORT_LEASE], "");
    let (_lost, _) = scene.listen(1, "a", None).await;
    let (stays, _) = scene.listen(0, "a", None).await;
    scene.until_cluster(0, |cluster| cluster["active"] == 2).await;
    let mut killed = scene.hubs.remove(1);
    killed.kill();
    let since = now();
    scene.until_cluster(0, |cluster| cluster["nodes"].as_array().map(Vec::len) == Some(2)).await;
    println!("a killed hub was gone after {:?} of a lease of 1 s", since.elapsed());
    let rows = scene.ask(0, Method::GET, "/api/sse/connections", "").await.json();
    assert_eq!(rows["total"], 1, "{rows}");
    let mut stopped = scene.hubs.remove(1);
    assert!(tokio::task::block_in_place(|| stopped.stop()).success());
    let cluster = scene.ask(0, Method::GET, "/api/sse/stats", "").await.json()["cluster"].take();
    assert_eq!(cluster["nodes"].as_array().map(Vec::len), Some(1), "{cluster}");
    assert_eq!(cluster["active"], 1);
    drop(stays);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_list_has_the_connections_of_all_hubs_in_one_order_and_in_pages() {
    let scene = Scene::start(2);
    let mut streams: Vec<Stream> = Vec::new();
    for n in 0..6 {
        // No id has a `_`, so that what is looked for is nowhere else.
        streams.push(scene.listen(n % 2, &format!("a,c{n}&user=u_{n}&client_id=k{n}"), None).await.0);
    }
    let path = "/api/sse/connections?sort=user";
    let whole = scene.until(1, path, |page| page["total"] == 6).await;
    let users: Vec<&str> = whole["connections"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["user"].as_str().expect("a name"))
        .collect();
    assert_eq!(users, ["u_0", "u_1", "u_2", "u_3", "u_4", "u_5"]);
    let nodes: std::collections::BTreeSet<&str> = whole["connections"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["node"].as_str())
        .collect();
    assert_eq!(nodes.len(), 2);
    for sort in ["user", "-connected_at", "remote", "-bytes_sent"] {
        let all = ids(&scene
            .until(0, &format!("/api/sse/connections?sort={sort}"), |page| page["total"] == 6)
            .await);
        let (mut paged, mut after) = (Vec::new(), String::new());
        for _ in 0..3 {
            let path = format!("/api/sse/connections?sort={sort}&limit=2{after}");
            let page = scene.ask(0, Method::GET, &path, "").await.json();
            paged.extend(ids(&page));
            after = page["next"].as_str().map(|next| format!("&after={next}")).unwrap_or_default();
        }
        assert_eq!(after, "", "{sort}");
        assert_eq!(paged, all, "{sort}");
    }
    for (filter, user) in
        [("user=u_3", "u_3"), ("channel=c4", "u_4"), ("client_id=k1", "u_1"), ("q=u_5", "u_5")]
    {
        for hub in 0..2 {
            let page =
                scene.ask(hub, Method::GET, &format!("/api/sse/connections?{filter}"), "").await.json();
            assert_eq!(
                (&page["total"], &page["connections"][0]["user"]),
                (&1.into(), &user.into()),
                "{filter}: {page}"
            );
        }
    }
    let users = scene.ask(0, Method::GET, "/api/sse/users", "").await.json();
    assert_eq!(users["total"], 6, "{users}");
    let elsewhere = &whole["connections"][1]["id"].as_str().expect("an id");
    let details = scene.ask(0, Method::GET, &format!("/api/sse/connections/{elsewhere}"), "").await.json();
    assert_eq!(details["connection"]["user"], "u_1", "{details}");
    drop(streams);
    scene.close();
}
