//! What the scripts are asked and what they answer, as text. No name has a control character, so that lines part them.

use std::fmt::Write;

use redis::Value;
use tidings_core::quota::{
    Beat, Beaten, Evidence, Holding, Incarnation, Lease, Leaving, OnFull, Put, PutAnswer, Told, Why,
};

pub(super) fn beat(beat: &Beat, remembered_ms: u64, kept_ms: u64) -> Vec<Vec<u8>> {
    vec![
        beat.incarnation.as_str().into(),
        beat.node.as_bytes().into(),
        flag(beat.is_first),
        beat.instead_of.as_ref().map_or("", |before| before.as_str()).into(),
        number(beat.floor),
        number(beat.known),
        number(beat.lease_ms),
        number(remembered_ms),
        number(kept_ms),
        number(beat.at_ms),
    ]
}

pub(super) fn put(put: &Put, channels: &str, kept_ms: u64, void_ms: u64) -> Vec<Vec<u8>> {
    vec![
        put.incarnation.as_str().into(),
        number(put.version),
        number(put.known),
        number(put.limit.into()),
        flag(put.on_full == OnFull::Refuse),
        put.user.as_bytes().into(),
        channels.into(),
        number(kept_ms),
        number(void_ms),
        lines(&put.held),
        lines(put.newcomer.as_slice()),
        flag(put.is_back),
        number(put.at_ms),
    ]
}

/// Nothing where no script of this version answers so; as of all that follow.
pub(super) fn beaten(answer: &Value) -> Option<Beaten> {
    match array(answer)? {
        [] => Some(Beaten::Fenced),
        [now_ms] => Some(Beaten::Kept { now_ms: text(now_ms)?.parse().ok()? }),
        _ => None,
    }
}

pub(super) fn put_answer(answer: &Value) -> Option<PutAnswer> {
    let [kind, rest @ ..] = array(answer)? else { return None };
    match text(kind)? {
        "fenced" => Some(PutAnswer::Fenced),
        "stale" => Some(PutAnswer::Stale),
        "placed" => {
            let leaving = rest.iter().map(|leaving| leaving_of(fields(leaving)?));
            Some(PutAnswer::Placed { leaving: leaving.collect::<Option<_>>()? })
        }
        "refused" => {
            let held_by = rest.iter().map(|held| {
                let [node, client, connection, since] = fields(held)?;
                Some(Evidence {
                    node: node.into(),
                    client: client.into(),
                    connection: connection.into(),
                    since_ms: since.parse().ok()?,
                })
            });
            Some(PutAnswer::Refused { held_by: held_by.collect::<Option<_>>()? })
        }
        _ => None,
    }
}

pub(super) fn leases(answer: &Value) -> Option<Vec<Lease>> {
    let lease = |lease: &Value| match array(lease)? {
        [incarnation, node, left, age] => Some(Lease {
            incarnation: Incarnation::read(text(incarnation)?),
            node: text(node)?.into(),
            left_ms: text(left)?.parse().ok()?,
            age_ms: text(age)?.parse().ok()?,
        }),
        _ => None,
    };
    array(answer)?.iter().map(lease).collect()
}

pub(super) fn told(message: &Value) -> Option<Told> {
    let [incarnation, user, client, connection, why] = fields(message)?;
    Some(Told::Leave { user: user.into(), leaving: leaving_of([incarnation, client, connection, why])? })
}

fn leaving_of([incarnation, client, connection, why]: [&str; 4]) -> Option<Leaving> {
    let why = match why {
        "superseded" => Why::Superseded,
        "limit" => Why::Limit,
        _ => return None,
    };
    let incarnation = Incarnation::read(incarnation);
    Some(Leaving { incarnation, client: client.into(), connection: connection.into(), why })
}

fn lines(held: &[Holding]) -> Vec<u8> {
    let mut lines = String::with_capacity(64 * held.len());
    for Holding { client, connection, since_ms, rank_ms, is_proven } in held {
        let proven = u8::from(*is_proven);
        // Into a string it can't fail.
        _ = write!(lines, "{client}\n{connection}\n{since_ms}\n{rank_ms}\n{proven}\n");
    }
    lines.into_bytes()
}

fn flag(flag: bool) -> Vec<u8> {
    if flag { b"1".into() } else { b"0".into() }
}

fn number(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// The lines of a text.
fn fields<const FIELDS: usize>(value: &Value) -> Option<[&str; FIELDS]> {
    let mut lines = text(value)?.split('\n');
    let mut fields = [""; FIELDS];
    for field in &mut fields {
        *field = lines.next()?;
    }
    lines.next().is_none().then_some(fields)
}

fn array(value: &Value) -> Option<&[Value]> {
    if let Value::Array(values) = value { Some(values) } else { None }
}

fn text(value: &Value) -> Option<&str> {
    let Value::BulkString(bytes) = value else { return None };
    std::str::from_utf8(bytes).ok()
}
