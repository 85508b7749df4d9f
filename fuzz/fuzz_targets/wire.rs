//! Steps of a stream from any bytes: steps end at FF, their texts at FE, neither of which is in any UTF-8.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_core::label::Label;
use tidings_core::wire::{self, Framed};

#[path = "../../crates/tidings-core/tests/sse/mod.rs"]
mod sse;

use sse::{Message, Stream};

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(sse::lines::read(bytes), sse::bytes::read(bytes), "the readers agree on anything");

    let (mut out, mut expected, mut last_id) = (Vec::new(), Stream::default(), String::new());
    for step in bytes.split(|byte| *byte == 0xff) {
        let texts: Vec<_> = step.split(|byte| *byte == 0xfe).map(String::from_utf8_lossy).collect();
        let label = |i: usize| texts.get(i).and_then(|text| Label::parse(text).ok());
        match &texts[..] {
            [comment] => wire::comment(&mut out, comment),
            [_, ms] => {
                let ms = ms.len() as u64;
                wire::retry(&mut out, ms);
                expected.retry_ms = Some(ms);
            }
            [data, ..] => {
                let (id, ty) = (label(1), label(2));
                wire::event(&mut out, id.as_ref().map(Label::as_str), ty.as_ref().map(Label::as_str), data);
                last_id = id.map_or(last_id, |id| id.to_string());
                let ty = ty.map_or("message".to_owned(), |ty| ty.to_string());
                let data = data.replace("\r\n", "\n").replace('\r', "\n");
                expected.messages.push(Message { ty, id: last_id.clone(), data });
            }
            [] => {}
        }
    }
    assert_eq!(sse::lines::read(&out), expected);
    assert_eq!(sse::bytes::read(&out), expected);

    let framed = Framed::new(&out);
    assert_eq!(framed.payload(), out);
    if !out.is_empty() {
        let chunk = [format!("{:x}\r\n", out.len()).as_bytes(), &out[..], b"\r\n"].concat();
        assert_eq!(framed.chunk(), chunk);
    }
});
