//! As much of HTTP/1.1 as asking a server on this machine takes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);
const RESPONSE_BYTES_MAX: usize = 16 << 20;

/// A complete response.
#[derive(Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// `None`: more is to come. Only bodies with a length are read (chunked ones: see [`get`]).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, String> {
        let Some((status, headers, body)) = split(bytes)? else { return Ok(None) };
        let length = match header(&headers, "content-length") {
            Some(length) => length.parse::<usize>().map_err(|_| format!("Content-Length: {length}"))?,
            None if status == 204 => 0,
            None => return Err("a response without Content-Length".into()),
        };
        Ok((body.len() >= length).then(|| Self { status, body: body[..length].to_vec() }))
    }

    /// A response that the server ended by closing.
    fn parse_closed(bytes: &[u8]) -> Result<Self, String> {
        let (status, headers, body) = split(bytes)?.ok_or("the response broke off in its head")?;
        let chunked = header(&headers, "transfer-encoding").is_some_and(|value| value == "chunked");
        let body = if chunked { dechunk(body).ok_or("broken chunk framing")? } else { body.to_vec() };
        Ok(Self { status, body })
    }
}

/// Asks on a connection of its own.
pub(crate) fn get(addr: SocketAddr, path: &str) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.take(RESPONSE_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    Response::parse_closed(&bytes).map_err(io::Error::other)
}

/// A request's head, and how long its body is, once the head is complete.
pub(crate) struct Request<'a> {
    pub(crate) is_post: bool,
    pub(crate) head_bytes: usize,
    pub(crate) body_bytes: usize,
    pub(crate) path: &'a str,
}

impl<'a> Request<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, String> {
        let Some(end) = head_end(bytes) else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "the head is not UTF-8")?;
        let (line, headers) = head.split_once("\r\n").ok_or("no request line")?;
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().ok_or("no path")?);
        let body_bytes = match header(headers, "content-length") {
            Some(length) => length.parse().map_err(|_| format!("Content-Length: {length}"))?,
            None => 0,
        };
        Ok(Some(Self { is_post: method == "POST", head_bytes: end, body_bytes, path }))
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

type Parts<'a> = (u16, String, &'a [u8]);

fn split(bytes: &[u8]) -> Result<Option<Parts<'_>>, String> {
    let Some(end) = head_end(bytes) else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("no status in {head:?}"))?;
    Ok(Some((status, head, &bytes[end..])))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn dechunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(line + 2..line + 2 + size)?);
        bytes = bytes.get(line + 2 + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, Response};

    #[test]
    fn a_response_is_complete_with_its_last_byte() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nX: y\r\n\r\nbody";
        for end in 0..bytes.len() {
            assert_eq!(Response::parse(&bytes[..end]), Ok(None));
        }
        let expected = Response { status: 200, body: b"body".to_vec() };
        assert_eq!(Response::parse(bytes), Ok(Some(expected)));
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(Response::parse_closed(bytes).expect("well-formed").body, b"abcde");
    }

    #[test]
    fn a_request_tells_its_lengths() {
        let bytes = b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET";
        let request = Request::parse(bytes).expect("well-formed").expect("complete");
        assert!(request.is_post);
        assert_eq!((request.path, request.head_bytes, request.body_bytes), ("/x", 39, 3));
        assert!(Request::parse(b"GET / HTTP/1.1\r\n").expect("well-formed").is_none());
        assert!(Request::parse(b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n").is_err());
    }
}
