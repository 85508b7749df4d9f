//! Which channels have readers, as webhooks tell it: once for all hubs.

use crate::dice;
use crate::receiver::Receiver;
use crate::redis::Server;
use crate::scene::Scene;

const SHORT_LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "1000");

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_channel_is_told_to_be_vacated_once_also_when_its_last_reader_was_at_a_killed_hub() {
    let told = Receiver::start(dice::seed());
    let toml = format!(
        "[outbox]\nretry_ms = 20\n[[webhook]]\nurl = \"{}\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n",
        told.url()
    );
    let mut scene = Scene::configured(Server::start(), 3, &[SHORT_LEASE], &toml);
    let until = |wished: &[&str]| {
        let wished = wished.iter().map(|name| (*name).to_owned()).collect();
        tokio::task::block_in_place(|| told.until(|state| state.channels == wished));
    };
    let (first, _) = scene.listen(0, "room", None).await;
    until(&["room"]);
    let (second, _) = scene.listen(1, "room", None).await;
    let (lost, _) = scene.listen(2, "room,hall", None).await;
    until(&["hall", "room"]);
    first.leave();
    second.leave();
    scene.until_cluster(0, |cluster| cluster["active"] == 1).await;
    scene.hubs.remove(2).kill();
    until(&[]);
    let (again, _) = scene.listen(1, "room", None).await;
    until(&["room"]);
    again.leave();
    until(&[]);
    told.with(|state| {
        let channels_alone: Vec<_> = state.wrong.iter().filter(|wrong| wrong.contains("channel")).collect();
        assert!(channels_alone.is_empty(), "{channels_alone:?}");
    });
    drop(lost);
    scene.close();
}
