//! Every figure that a run prints: its name, its unit, and how it is measured.

use crate::report::Figure;

macro_rules! figures {
    ($($constant:ident: $name:literal, $unit:literal, $how:literal;)*) => {
        $(pub(crate) const $constant: Figure = Figure { name: $name, unit: $unit, how: $how };)*
    };
}

figures! {
    HUB_RSS: "hub memory per idle stream (RSS)", "B",
        "growth of the server's Rss (smaps_rollup, two readings 100 ms apart agreeing) from one stream and a few \
         published events to all, divided by the streams added; nothing published in between; a server of its own for each size";
    HUB_PSS: "hub memory per idle stream (Pss)", "B", "the same, of Pss";
    HUB_PRIVATE: "hub memory per idle stream (private)", "B", "the same, of Private_Clean + Private_Dirty";
    FLOOR_RSS: "floor memory per idle stream (RSS)", "B", "the same, of the floor's server";
    HUB_RSS_AFTER: "hub memory per stream after the rounds (RSS)", "B",
        "the same after all rounds, so what was published, and is kept, counts too";
    HUB_LAST: "hub, publish to last read, median", "ms",
        "one event; from just before the request is written to the last stream's event read by the client; median of the rounds";
    HUB_LAST_P99: "hub, publish to last read, p99", "ms", "the same; 99th percentile of the rounds (with fewer than 100, the worst)";
    FLOOR_LAST: "floor, publish to last read, median", "ms", "the same, of the floor's rounds, which alternate with the hub's";
    FLOOR_LAST_P99: "floor, publish to last read, p99", "ms", "the same; 99th percentile (with fewer than 100 rounds, the worst)";
    HUB_P50: "hub, delivery latency p50", "ms", "from the same start to each stream's own read, over all streams and rounds";
    HUB_P99: "hub, delivery latency p99", "ms", "the same";
    FLOOR_P50: "floor, delivery latency p50", "ms", "the same, of the floor";
    FLOOR_P99: "floor, delivery latency p99", "ms", "the same, of the floor";
    HUB_ANSWER: "hub, publish to answer, median", "ms",
        "from just before the request is written to its 200 read; the client may be reading events meanwhile";
    HUB_CPU: "hub CPU per delivery", "µs",
        "the server process's CPU clock (user and system, all threads) from rest to rest around a round, divided by its \
         deliveries; median of the rounds; on the loopback the sender also pays the receiver's half of the network stack";
    FLOOR_CPU: "floor CPU per delivery", "µs", "the same, of the floor";
    RATIO: "CPU per delivery, hub / floor", "×", "the two medians divided";
    HUB_BURST_LAST: "burst of 10: hub, publish to last read, median", "ms", "ten events in one request; to the tenth event of the last stream";
    FLOOR_BURST_LAST: "burst of 10: floor, publish to last read, median", "ms", "ten events in one request, written with one write a socket";
    HUB_BURST_CPU: "burst of 10: hub CPU per delivery", "µs", "as above; each stream's ten events are ten deliveries";
    FLOOR_BURST_CPU: "burst of 10: floor CPU per delivery", "µs", "as above";
    BURST_RATIO: "burst of 10: CPU per delivery, hub / floor", "×", "the two medians divided";
    HUB_BURST_P99: "burst of 10: hub, delivery latency p99", "ms", "from before the request to each event's read, over all streams and rounds";
    QUEUED: "hub, publish to queued for all subscribers, mean", "ms",
        "the hub's own measure: sum / count of tidings_publish_queue_seconds over the rounds of single events (– where /metrics lacks it)";
    CLOSED: "streams closed at once", "", "by the client, FIN, as fast as it can";
    CLOSE_FROM_FIRST: "first close to true count", "ms",
        "from before the first close to the first answer of /api/sse/stats whose active is what is left; asked every millisecond";
    CLOSE_FROM_LAST: "last close to true count", "ms", "the same, from after the last close";
}
