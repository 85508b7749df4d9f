//! Which channels a selector means, written anew from the protocol's words so that the hub's own reading is checked.

/// Whether a name or pattern means a channel: `*` at the end stands for any rest, elsewhere for one segment.
pub(crate) fn means(selector: &str, channel: &str) -> bool {
    if selector == "all" {
        return true;
    }
    let Some((before, after)) = selector.split_once('*') else { return selector == channel };
    let Some(rest) = channel.strip_prefix(before) else { return false };
    if after.is_empty() {
        return true;
    }
    let segment = rest.find([':', '/', '.']).unwrap_or(rest.len());
    segment > 0 && means(after, &rest[segment..])
}

#[test]
fn selectors_mean_what_the_protocol_says() {
    for (selector, channel, meant) in [
        ("jobs", "jobs", true),
        ("jobs", "jobs:1", false),
        ("*", "anything:at.all", true),
        ("all", "anything", true),
        ("room:*", "room:1", true),
        ("room:*", "rooms", false),
        ("site.*.log", "site.a.log", true),
        ("site.*.log", "site.a.b.log", false),
        ("site.*.log", "site..log", false),
    ] {
        assert_eq!(means(selector, channel), meant, "{selector} {channel}");
    }
}
