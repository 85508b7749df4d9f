//! Publishing and reading back.

use serde_json::json;

use crate::http::{assert_problem, get, post, publish, send};
use crate::server::Server;
use crate::sse::Stream;

#[test]
fn an_event_is_answered_with_its_place_and_its_recipients() {
    let hub = Server::start();
    let none = publish(&hub, &json!({ "channel": "jobs", "data": 1 })).ok();
    assert_eq!(
        (&none["channel"], &none["recipients"]),
        (&json!("jobs"), &json!(0)),
        "no subscriber: no error"
    );
    assert!(none["id"].is_string() && none["offset"].is_u64());
    let _by_name = Stream::open(&hub, "channels=jobs,*");
    let _by_pattern = Stream::open(&hub, "channels=j*");
    let two = publish(&hub, &json!({ "channel": "jobs", "data": 2 })).ok();
    assert_eq!(two["recipients"], 2, "each connection once");
    assert!(two["offset"].as_u64() > none["offset"].as_u64());
}

#[test]
fn an_array_is_no_transaction_and_channels_is_one_event_to_several() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "");
    let answers = publish(
        &hub,
        &json!([
            { "channel": "a", "data": 1 },
            { "channel": "a", "type": "connected", "data": 2 },
            { "channel": "b", "dato": 3 },
            { "channels": ["c", "d"], "data": 4 },
        ]),
    );
    let answers = answers.ok();
    assert_eq!(answers[0]["channel"], "a");
    assert_problem(&answers[1], 400);
    assert_problem(&answers[2], 400);
    assert!(answers[2]["detail"].as_str().is_some_and(|detail| detail.contains("dato")), "{answers}");
    let channels = [&answers[3][0]["channel"], &answers[3][1]["channel"]];
    assert_eq!(channels, ["c", "d"]);
    let data: Vec<_> = stream.drain(&hub, "end").into_iter().map(|(_, data)| data).collect();
    assert_eq!(data, [json!(1), json!(4), json!(4)]);
    assert_eq!(publish(&hub, &json!([])).ok(), json!([]));
    // One bad name, and none of the channels has it.
    publish(&hub, &json!({ "channels": ["c", "d*"], "data": 5 })).problem_saying(400, "d*");
    assert!(stream.drain(&hub, "end").is_empty());
}

#[test]
fn an_id_given_twice_is_one_event() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a,b");
    let event = json!({ "channel": "a", "data": 1, "id": "order-7" });
    let first = publish(&hub, &event).ok();
    let again = publish(&hub, &event).ok();
    for member in ["id", "offset", "recipients", "channel"] {
        assert_eq!(first[member], again[member], "{member}");
    }
    assert_eq!(first["id"], "order-7");
    publish(&hub, &json!({ "channel": "b", "data": 2, "id": "order-7" })).ok();
    let data: Vec<_> = stream.drain(&hub, "a").into_iter().map(|(_, data)| data).collect();
    assert_eq!(data, [json!(1), json!(2)], "an id is its channel's");
}

#[test]
fn what_can_not_be_an_event_is_refused_and_the_detail_says_why() {
    let hub = Server::start();
    for (body, part) in [
        ("", "read"),
        ("{", "read"),
        ("nonsense", "read"),
        ("{\"channel\":\"a\"}", "`data` is missing"),
        ("{\"data\":1}", "`channel`"),
        ("{\"channel\":\"a\",\"channels\":[\"b\"],\"data\":1}", "either"),
        ("{\"channels\":[],\"data\":1}", "channels"),
        ("{\"channel\":\"a\",\"data\":1,\"retry\":5}", "retry"),
        ("{\"channel\":7,\"data\":1}", "string"),
        ("{\"channel\":\"a\",\"data\":NaN}", "read"),
    ] {
        post(&hub, "/api/sse/publish", body).problem_saying(400, part);
    }
    for (name, part) in [
        ("a,b", "comma"),
        ("a*", "`a*`"),
        ("*", "pattern"),
        ("all", "all"),
        ("a\nb", "control"),
        ("a\0b", "control"),
        ("", "name"),
    ] {
        publish(&hub, &json!({ "channel": name, "data": 1 })).problem_saying(400, part);
    }
    publish(&hub, &json!({ "channel": "x".repeat(256), "data": 1 })).problem_saying(400, "255");
    publish(&hub, &json!({ "channel": "x".repeat(255), "data": 1 })).ok();
    for field in ["type", "id", "key"] {
        for text in ["a\nb", "a\rb", "a\0b", "", &"x".repeat(256)] {
            publish(&hub, &json!({ "channel": "a", "data": 1, field: text })).problem_saying(400, field);
        }
    }
}

#[test]
fn the_hubs_own_types_are_refused() {
    let hub = Server::start();
    let reserved = [
        "connected",
        "refused",
        "gap",
        "subscribed",
        "unsubscribed",
        "joined",
        "left",
        "expiring",
        "closing",
    ];
    for ty in reserved {
        publish(&hub, &json!({ "channel": "a", "type": ty, "data": 1 })).problem_saying(400, ty);
    }
    publish(&hub, &json!({ "channel": "a", "type": "Closing", "data": 1 })).ok();
    assert_eq!(hub.stats()["events"]["published_total"], 1);
}

#[test]
fn data_arrives_to_the_byte() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a");
    let mut enveloped = Stream::open(&hub, "channels=a&envelope=1");
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for data in [
        "{\"z\":1,\"a\":2,\"z\":3}",
        "12345678901234567890.10",
        "-0",
        "1E400",
        "1.0",
        "\"\\u00e9\\u2028\\/\"",
        "\"é\u{2028}\u{feff}\"",
        "{ \"n\" :\t1 , \"m\":[ ] }",
        "null",
        "false",
        "\"\"",
        &nested,
    ] {
        let body = format!("{{\"channel\":\"a\",\"data\":{data}}}");
        post(&hub, "/api/sse/publish", &body).ok();
        assert_eq!(stream.raw_data(), data);
        let envelope = enveloped.raw_data();
        assert!(envelope.ends_with(&format!(",\"data\":{data}}}")), "{envelope}");
        let page = get(&hub, "/api/sse/history?channel=a").body;
        assert!(page.contains(&format!(",\"data\":{data}}}")), "{page}");
    }
    // Line breaks between tokens are white space, and an event is one line.
    let body = "{\"channel\":\"a\",\r\n\"data\":{\r\n  \"b\": [1,\n2],\n\n\"a\":\"\\n\"}}";
    post(&hub, "/api/sse/publish", body).ok();
    assert_eq!(stream.raw_data(), "{  \"b\": [1,2],\"a\":\"\\n\"}");
}

#[test]
fn the_content_type_is_no_matter() {
    let hub = Server::start();
    for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json", "image/png"] {
        let headers = [("content-type", kind)];
        send(&hub, "POST", "/api/sse/publish", &headers, "{\"channel\":\"a\",\"data\":1}").ok();
    }
    send(&hub, "POST", "/api/sse/publish", &[], " \r\n[{\"channel\":\"a\",\"data\":1}]").ok();
    assert_eq!(hub.stats()["events"]["published_total"], 5);
}

#[test]
fn sizes_have_limits_and_the_answer_names_them() {
    let hub = Server::with(&[
        ("TIDINGS_LIMITS_EVENT_BYTES", "100"),
        ("TIDINGS_LIMITS_BODY_BYTES", "1000"),
        ("TIDINGS_LIMITS_BATCH_EVENTS", "3"),
    ]);
    let sized = |bytes: usize| json!({ "channel": "a", "data": "x".repeat(bytes - 2) });
    publish(&hub, &sized(100)).ok();
    let problem = publish(&hub, &sized(101)).problem(413);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("limits.event_bytes"), &json!(100)));
    let problem = publish(&hub, &sized(1000)).problem(413);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("limits.body_bytes"), &json!(1000)));
    let one = json!({ "channel": "a", "data": 1 });
    publish(&hub, &json!([one, one, one])).ok();
    let problem = publish(&hub, &json!([one, one, one, one])).problem(413);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("limits.batch_events"), &json!(3)));
    assert_eq!(publish(&hub, &json!([sized(101)])).ok()[0]["status"], 413);
}

#[test]
fn a_request_is_bounded_by_all_that_it_asks_for() {
    let hub = Server::with(&[("TIDINGS_LIMITS_BATCH_EVENTS", "4")]);
    let to = |names: &[&str]| json!({ "channels": names, "data": 1 });
    publish(&hub, &json!([to(&["a", "b"]), to(&["c"]), { "channel": "d", "data": 1 }])).ok();
    for beyond in [json!([to(&["a", "b", "c"]), to(&["d", "e"])]), to(&["a", "b", "c", "d", "e"])] {
        let problem = publish(&hub, &beyond).problem(413);
        assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("limits.batch_events"), &json!(4)));
    }
    assert_eq!(hub.stats()["events"]["published_total"], 4, "all of it is refused, or none");

    let hub = Server::start();
    let names: Vec<String> = (0..1000).map(|n| format!("c{n}")).collect();
    let wide = |bytes: usize| json!({ "channels": names, "data": "x".repeat(bytes) });
    let problem = publish(&hub, &wide(17 * 1024)).problem(413);
    assert_eq!(problem["limit_name"], "fan_out_bytes_max", "17 KiB to a thousand channels: {problem}");
    assert_eq!(hub.stats()["events"]["published_total"], 0);
    publish(&hub, &wide(16)).ok();
    publish(&hub, &json!({ "channels": ["a"], "data": "x".repeat(60_000) })).ok();
}

#[test]
fn a_channel_that_is_named_twice_has_the_event_once() {
    let hub = Server::with(&[("TIDINGS_LIMITS_PUBLISHES_PER_SECOND", "2")]);
    let mut stream = Stream::open(&hub, "channels=a,b");
    let answer = publish(&hub, &json!({ "channels": ["a", "b", "a"], "data": 1 })).ok();
    let names: Vec<_> =
        answer.as_array().expect("an array").iter().map(|answer| &answer["channel"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!((stream.expect("message"), stream.expect("message")), (json!(1), json!(1)));
    assert_eq!(hub.stats()["events"]["published_total"], 2, "and is paid for once");
}

#[test]
fn a_rate_is_answered_with_when_to_come_again() {
    let hub = Server::with(&[("TIDINGS_LIMITS_PUBLISHES_PER_SECOND", "2")]);
    let one = json!({ "channel": "a", "data": 1 });
    let answers = publish(&hub, &json!([one, one, one, one, one, one])).ok();
    let refused = answers.as_array().expect("an array").iter().find(|answer| answer["status"] == 429);
    let refused = refused.expect("over the rate");
    assert_eq!(refused["limit_name"], "limits.publishes_per_second");
    assert!(refused["retry_after"].as_u64() >= Some(1), "an item has no header: {refused}");
    assert!(refused["retry_after_ms"].is_u64(), "{refused}");
    // All or none of one event's channels.
    let answer = publish(&hub, &json!({ "channels": ["x", "y"], "data": 1 }));
    answer.problem(429);
    assert!(
        answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok_and(|after| after >= 1))
    );
    let answer = send(&hub, "POST", "/api/sse/publish?user=ada", &[], &one.to_string());
    assert_eq!(answer.status, 200, "another publisher has a rate of its own");
    let page = get(&hub, "/api/sse/history?channel=x").ok();
    assert_eq!(page["events"], json!([]));
}

#[test]
fn history_is_read_in_pages_by_cursor_or_by_offset() {
    let hub = Server::start();
    let mut offsets = Vec::new();
    for n in 0..5 {
        publish(&hub, &json!({ "channel": "other", "data": 0 })).ok();
        let event = json!({ "channel": "a", "type": "t", "data": n });
        offsets.push(publish(&hub, &event).ok()["offset"].as_u64().expect("an offset"));
    }
    let page = get(&hub, "/api/sse/history?channel=a&limit=2").ok();
    assert_eq!((&page["channel"], &page["gap"], &page["more"]), (&json!("a"), &json!(false), &json!(true)));
    let first = &page["events"][0];
    assert_eq!(
        (&first["data"], &first["type"], &first["offset"]),
        (&json!(0), &json!("t"), &json!(offsets[0]))
    );
    assert!(first["id"].is_string() && first["time"].is_u64() && first["channel"] == "a");
    let mut data = Vec::new();
    let mut since = String::new();
    loop {
        let page = get(&hub, &format!("/api/sse/history?channel=a&limit=2&since={since}")).ok();
        data.extend(page["events"].as_array().expect("events").iter().map(|event| event["data"].clone()));
        since = page["next"].as_str().expect("a cursor").to_owned();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(data, [0, 1, 2, 3, 4]);
    let after = get(&hub, &format!("/api/sse/history?channel=a&since={}", offsets[2])).ok();
    assert_eq!((&after["events"][0]["data"], &after["gap"]), (&json!(3), &json!(false)), "{after}");
    let stream = Stream::open_with(&hub, "channels=a", &[("last-event-id", &since)]);
    assert_eq!(stream.connected["resume"]["a"], "ok", "a page's `next` is a stream's cursor");
}

#[test]
fn history_says_where_it_no_longer_reaches_back_and_what_it_wants() {
    let hub = Server::configured("[history]\ncount = 2\n");
    let first =
        publish(&hub, &json!({ "channel": "a", "data": 0 })).ok()["offset"].as_u64().expect("an offset");
    (1..6).for_each(|n| {
        publish(&hub, &json!({ "channel": "a", "data": n })).ok();
    });
    let gap =
        |since: &str| get(&hub, &format!("/api/sse/history?channel=a&since={since}")).ok()["gap"].clone();
    assert_eq!(gap(&first.to_string()), true);
    assert_eq!(gap("999999"), true, "an offset that never was");
    assert_eq!(gap("nonsense"), true);
    assert_eq!(gap("99999999999999999999999"), true);
    assert_eq!(gap(""), false, "from the beginning is what there is");
    for (query, part) in [
        ("", "channel"),
        ("channel=a*", "pattern"),
        ("channel=a&limit=0", "limit"),
        ("channel=a&limit=1001", "1000"),
        ("channel=a&limit=x", "query"),
        ("channel=%FF", "UTF-8"),
    ] {
        get(&hub, &format!("/api/sse/history?{query}")).problem_saying(400, part);
    }
    let unknown = get(&hub, "/api/sse/history?channel=nobody").ok();
    assert_eq!((&unknown["events"], &unknown["gap"]), (&json!([]), &json!(false)));
}
