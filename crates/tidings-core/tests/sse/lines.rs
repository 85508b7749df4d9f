use super::{Message, Stream};

/// Reads a whole stream by splitting it into lines first.
pub(crate) fn read(bytes: &[u8]) -> Stream {
    let text = String::from_utf8_lossy(bytes);
    // [spec] stream = [ bom ] *event, and end-of-line = ( cr lf / cr / lf )
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What follows the last end-of-line is no line yet.
    lines.pop();

    let mut stream = Stream::default();
    let (mut data, mut ty, mut id) = (Vec::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                let ty = if ty.is_empty() { "message".to_owned() } else { ty };
                stream.messages.push(Message { ty, id: id.clone(), data: data.join("\n") });
            }
            data.clear();
            ty = String::new();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => ty = value.to_owned(),
            "data" => data.push(value),
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                stream.retry_ms = value.parse().ok().or(stream.retry_ms);
            }
            _ => {}
        }
    }
    stream
}
