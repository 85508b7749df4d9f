//! Every figure that a run prints: its name, its unit, and how it is measured.

use crate::report::Figure;

macro_rules! figures {
    ($($constant:ident: $name:literal, $unit:literal, $how:expr;)*) => {
        $(pub(crate) const $constant: Figure = Figure { name: $name, unit: $unit, how: $how };)*
    };
}

const TO_LAST: &str = "one event a round, hub and floor in turn; from just before the request is written to the event \
    read from the last stream; median of the rounds";
const TO_LAST_P99: &str = "as its median; 99th percentile of the rounds (with fewer than 100, the worst)";
const LATENCY: &str = "from just before the request is written to each stream's own read; over all streams and rounds \
    of one event";
const CPU: &str = "the server process's CPU clock (user and system, all threads) from rest to rest around a round of one \
    event, divided by its deliveries; median of the rounds; on the loopback the sender also pays the receiver's half \
    of the network";
const CLIENT: &str =
    "the load's own CPU clock over the same rounds, divided by deliveries; median of the rounds";
const BURST: &str = "ten events in one request; from just before it is written to the tenth event read from the last \
    stream; median of the rounds; the floor gets the ten as one run of bytes and makes one write a socket";
const BURST_CPU: &str = "as for one event; each stream's ten events are ten deliveries";
const MEDIANS: &str = "the two medians, divided";

figures! {
    HUB_RSS: "hub memory per idle stream (RSS)", "B",
        "growth of the server's Rss (smaps_rollup, settled: two readings 100 ms apart agree) from the first stream \
         and a few published events to all streams, divided by the streams added; nothing published in between; a \
         server of its own for each size";
    HUB_PSS: "hub memory per idle stream (Pss)", "B", "as RSS, of Pss";
    HUB_PRIVATE: "hub memory per idle stream (private)", "B", "as RSS, of Private_Clean + Private_Dirty";
    FLOOR_RSS: "floor memory per idle stream (RSS)", "B", "as the hub's";
    HUB_RSS_AFTER: "hub memory per stream after the rounds (RSS)", "B",
        "as when idle, but read after all rounds: what was published, and is kept, counts too";
    HUB_LAST: "hub, publish to last read, median", "ms", TO_LAST;
    HUB_LAST_P99: "hub, publish to last read, p99", "ms", TO_LAST_P99;
    FLOOR_LAST: "floor, publish to last read, median", "ms", TO_LAST;
    FLOOR_LAST_P99: "floor, publish to last read, p99", "ms", TO_LAST_P99;
    HUB_P50: "hub, delivery latency p50", "ms", LATENCY;
    HUB_P99: "hub, delivery latency p99", "ms", LATENCY;
    FLOOR_P50: "floor, delivery latency p50", "ms", LATENCY;
    FLOOR_P99: "floor, delivery latency p99", "ms", LATENCY;
    HUB_ANSWER: "hub, publish to answer, median", "ms",
        "from just before the request is written to its 200 read; the client may be reading events meanwhile";
    HUB_CPU: "hub CPU per delivery", "µs", CPU;
    FLOOR_CPU: "floor CPU per delivery", "µs", CPU;
    RATIO: "CPU per delivery, hub / floor", "×", MEDIANS;
    CLIENT_CPU: "client CPU per delivery from the hub", "µs", CLIENT;
    FLOOR_CLIENT_CPU: "client CPU per delivery from the floor", "µs", CLIENT;
    HUB_BURST_LAST: "burst of 10: hub, publish to last read, median", "ms", BURST;
    FLOOR_BURST_LAST: "burst of 10: floor, publish to last read, median", "ms", BURST;
    HUB_BURST_P99: "burst of 10: hub, delivery latency p99", "ms",
        "from just before the request is written to each event's read; over all streams and rounds";
    HUB_BURST_CPU: "burst of 10: hub CPU per delivery", "µs", BURST_CPU;
    FLOOR_BURST_CPU: "burst of 10: floor CPU per delivery", "µs", BURST_CPU;
    BURST_RATIO: "burst of 10: CPU per delivery, hub / floor", "×", MEDIANS;
    QUEUED: "hub, publish to queued for all subscribers, mean", "ms",
        "the hub's own measure, not this program's: sum / count of tidings_publish_queue_seconds in /metrics over the \
         rounds of one event";
    CLOSED: "streams closed at once", "", "by the client, with a FIN each, as fast as it can";
    CLOSE_FROM_FIRST: "first close to true count", "ms",
        "from just before the first close to the first answer of /api/sse/stats whose active is what is left; asked \
         again 1 ms after each answer";
    CLOSE_FROM_LAST: "last close to true count", "ms", "as from the first, from just after the last close";
    VERSUS_MEMORY: "memory per idle stream (RSS)", "B",
        "as of one hub; median of the repeats, each with new processes; the ratio is the median of the repeats' ratios";
    VERSUS_CPU: "CPU per delivery", "µs", "as of one hub, the two in turn; median of the repeats";
    TLS_MEMORY: "memory per idle connection (RSS)", "B",
        "growth of the server's Rss from the first connection and a few published events to all of them, divided by \
         those added";
    TLS_FURTHER: "memory per further stream on a connection (RSS)", "B",
        "the same with as many streams in all on fewer connections: what each of those takes beyond one with one \
         stream, divided by its further streams";
    TLS_CPU: "CPU per delivery", "µs", "as of one hub, the two in turn";
    TLS_BURST: "burst of 10: CPU per delivery", "µs", "as for one event";
    TLS_OPEN: "CPU to open a connection with a stream", "µs",
        "the server process's CPU clock from rest to rest around a tenth more connections, divided by them; TLS \
         handshakes in full (ECDSA P-256, X25519 and ML-KEM as both sides prefer), none resumed";
    VERSUS_BURST: "burst of 10: CPU per delivery", "µs", "as for one event";
}
