//! From when to when a certificate is valid (RFC 5280 §4.1.2.5): the only part of one that is read here, so that an
//! operator can be told in time. Clients are the judges of certificates, and read them by themselves.

use std::time::{Duration, UNIX_EPOCH};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: i64,
    pub(super) not_after: i64,
}

impl Validity {
    /// Of a certificate in DER, where it is told as RFC 5280 wants it.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (_, certificate, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
        let (_, mut rest, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
        if rest.first() == Some(&VERSION) {
            rest = element(rest)?.2;
        }
        // Serial number, signature algorithm, issuer.
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            rest = element(rest).filter(|(found, ..)| *found == tag)?.2;
        }
        let (_, validity, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
        let (tag, not_before, rest) = element(validity)?;
        let not_before = seconds(tag, not_before)?;
        let (tag, not_after, _) = element(rest)?;
        Some(Self { not_before, not_after: seconds(tag, not_after)? })
    }

    /// For people.
    pub(super) fn shown(self) -> (String, String) {
        let date = |seconds: i64| {
            let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
            httpdate::fmt_http_date(UNIX_EPOCH + since_1970)
        };
        (date(self.not_before), date(self.not_after))
    }
}

/// The first element of some DER (X.690 §8.1, §10.1): its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    const LONG_FORM: u8 = 0x80;
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < LONG_FORM {
        (usize::from(*length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(length - LONG_FORM))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn seconds(tag: u8, text: &[u8]) -> Option<i64> {
    let year_digits = match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    };
    let (digits, zone) = text.split_at_checked(year_digits + 10)?;
    if zone != b"Z" || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let (year, rest) = digits.split_at(year_digits);
    let year = match (number(year), tag) {
        (year, UTC_TIME) if year < 50 => 2000 + year,
        (year, UTC_TIME) => 1900 + year,
        (year, _) => year,
    };
    let mut parts = rest.chunks(2).map(number);
    let mut within = |least: i64, most: i64| parts.next().filter(|part| (least..=most).contains(part));
    let (month, day) = (within(1, 12)?, within(1, 31)?);
    let (hour, minute, second) = (within(0, 23)?, within(0, 59)?, within(0, 59)?);
    Some(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Of a day in the Gregorian calendar. Years are counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_BEFORE_1970: i64 = 719_468;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(from: (i32, u8, u8), to: (i32, u8, u8)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(to.0, to.1, to.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_of_writing_a_year_are_read() {
        for (from, to) in [
            ((2024, 2, 29), (2026, 11, 22)),
            ((1999, 12, 31), (2049, 12, 31)),
            ((2050, 1, 1), (2100, 3, 1)),
            ((1970, 1, 1), (1975, 1, 1)),
        ] {
            let validity = Validity::of(&certificate(from, to)).unwrap();
            let expected = |(y, m, d)| date_time_ymd(y, m, d).unix_timestamp();
            assert_eq!(validity, Validity { not_before: expected(from), not_after: expected(to) });
        }
        let shown = Validity { not_before: 0, not_after: 1_795_310_531 }.shown();
        assert_eq!(shown, ("Thu, 01 Jan 1970 00:00:00 GMT".into(), "Sun, 22 Nov 2026 01:22:11 GMT".into()));
    }

    #[test]
    fn a_certificate_that_was_cut_or_changed_is_read_or_not_but_never_out_of_bounds() {
        let whole = certificate((2024, 1, 1), (2025, 1, 1));
        for length in 0..whole.len() {
            let _ = Validity::of(&whole[..length]);
            let mut changed = whole.clone();
            changed[length] ^= 0xff;
            let _ = Validity::of(&changed);
        }
        assert_eq!(Validity::of(&[]), None);
        assert_eq!(seconds(UTC_TIME, b"261322012211Z"), None, "no 13th month");
        assert_eq!(seconds(UTC_TIME, b"2611220122+1Z"), None, "no sign");
        assert_eq!(seconds(UTC_TIME, b"261122012211+"), None, "no other zone");
    }
}
