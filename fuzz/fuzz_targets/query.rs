//! The query of a stream, from any text after the question mark, through the real endpoint.
#![no_main]

use axum::body::Body;
use http::Request;
use libfuzzer_sys::fuzz_target;

mod hub;

fuzz_target!(|query: &str| {
    let Ok(request) = Request::get(format!("/api/sse/stream?{query}")).body(Body::empty()) else { return };
    let endpoints = &*hub::ENDPOINTS;
    let (status, body) = endpoints.ask(request);
    assert!([200, 400, 401, 414].contains(&status.as_u16()), "{status} for {query}");
    if let Some(body) = body {
        let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem is JSON");
        assert_eq!(problem["status"], status.as_u16());
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    assert_eq!(endpoints.hub.readings().by_type.len(), 0, "whoever left is gone");
    assert!(endpoints.hub.books_balance());
});
