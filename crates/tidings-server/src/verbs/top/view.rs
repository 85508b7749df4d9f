//! A frame: the number and its proof, the rates, the table, and what is in front of it. No state is told by colour alone.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use super::super::{printable, table::duration};
use super::details;
use super::model::{Link, Model, Stats};
use super::rows;
use super::ui::{Mode, SORTS, Ui};

/// Lines above the table.
const HEAD_LINES: u16 = 5;
/// Lines below it.
const FOOT_LINES: u16 = 1;

/// How things are marked. Without colours all is said by words and weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    pub(super) colours: bool,
}

impl Theme {
    pub(super) fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    pub(super) fn bad(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn coloured(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }
}

/// Draws it all. `details` is the hub's answer on the connection that is looked at.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    model: &Model,
    ui: &Ui,
    details: Option<&details::Details>,
    theme: Theme,
) {
    let shown = ui.paused.as_deref().unwrap_or(model);
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(HEAD_LINES),
        Constraint::Min(0),
        Constraint::Length(FOOT_LINES),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(head_lines(shown, model, ui, theme)), head);
    rows::draw(frame, body, shown, ui, theme);
    frame.render_widget(Paragraph::new(foot_line(shown, ui, theme)), foot);
    match &ui.mode {
        Mode::Help => over(frame, "Keys", HELP.lines().map(Line::from).collect(), 0),
        Mode::Details(id) => over(frame, "Connection", details::lines(id, details, theme), ui.scrolled),
        Mode::Table | Mode::Filter(_) | Mode::Kick { .. } => {}
    }
}

/// How many rows the table has room for.
pub(super) fn window(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(HEAD_LINES + FOOT_LINES + 1))
}

fn head_lines<'a>(shown: &'a Model, model: &'a Model, ui: &Ui, theme: Theme) -> Vec<Line<'a>> {
    let mut title = vec![Span::styled("tidings top", theme.strong())];
    if let Some(stats) = &shown.stats {
        let up = duration(stats.uptime_seconds.saturating_mul(1_000));
        title.push(Span::raw(format!("  {}, up {up}", printable::text(&stats.node))));
    }
    title.push(Span::raw("  "));
    title.push(link(&model.link, theme));
    if ui.paused.is_some() {
        title.push(Span::styled("  PAUSED, p goes on", theme.bad()));
    }
    let Some(stats) = &shown.stats else { return vec![Line::from(title)] };
    vec![
        Line::from(title),
        headline(shown, stats, theme),
        balance(stats, theme),
        rates(shown, stats),
        kinds(stats, theme),
    ]
}

fn link(link: &Link, theme: Theme) -> Span<'_> {
    match link {
        Link::Connecting => Span::styled("connecting…", theme.quiet()),
        Link::Connected => Span::styled("live", theme.good()),
        Link::Asked => Span::raw("asked once"),
        Link::Waiting(why, seconds) => {
            Span::styled(format!("NOT LIVE: {}; again in {seconds} s", printable::text(why)), theme.bad())
        }
    }
}

/// The number, and of whom it is where that is the one who looks.
fn headline<'a>(model: &Model, stats: &Stats, theme: Theme) -> Line<'a> {
    let active = stats.connections.active;
    let own = !model.own_id.is_empty() && model.link == Link::Connected;
    let whose = match (active, own) {
        (1, true) => " connection, this monitor",
        (1, false) => " connection",
        (_, true) => " connections, this monitor among them",
        (_, false) => " connections",
    };
    let of = format!("  {}  {}", counted(stats.users, "user"), counted(stats.channels, "channel"));
    Line::from(vec![Span::styled(number(active), theme.strong()), Span::raw(whose), Span::raw(of)])
}

fn balance<'a>(stats: &Stats, theme: Theme) -> Line<'a> {
    let books = &stats.connections;
    let sum = format!(
        "{} opened − {} closed = {} open",
        number(books.opened_total),
        number(books.closed()),
        number(books.active)
    );
    let verdict = match books.balance() {
        true => Span::styled("✓ the books balance: ", theme.good()),
        false => Span::styled("✗ THE BOOKS DON'T BALANCE: ", theme.bad()),
    };
    let audit = match (&stats.truth.audits, &stats.truth.mismatch) {
        (0, _) => Span::styled("  no audit yet", theme.quiet()),
        (_, 0) => Span::styled("  ✓ audit: 0 differ", theme.good()),
        (_, differ) => Span::styled(format!("  ✗ AUDIT: {differ} DIFFER"), theme.bad()),
    };
    Line::from(vec![verdict, Span::raw(sum), audit])
}

fn rates<'a>(model: &Model, stats: &Stats) -> Line<'a> {
    let rate = |of: fn(&super::model::Rates) -> f64| {
        model.rates.as_ref().map_or("-".to_owned(), |rates| format!("{:.1}/s", of(rates)))
    };
    let ms = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| format!("{ms:.2} ms"));
    Line::from(format!(
        "opened {}  closed {}  published {}  delivered {}  to write p50 {} p99 {}",
        rate(|r| r.opened),
        rate(|r| r.closed),
        rate(|r| r.published),
        rate(|r| r.delivered),
        ms(stats.latency.publish_to_write_p50_ms),
        ms(stats.latency.publish_to_write_p99_ms),
    ))
}

fn kinds<'a>(stats: &Stats, theme: Theme) -> Line<'a> {
    let mut spans = Vec::new();
    if let Some(drain) = &stats.drain {
        let left = duration(drain.ends_in_ms);
        let text = format!("DRAINING: {} left, {left} to go  ", number(drain.remaining));
        spans.push(Span::styled(text, theme.bad()));
    }
    let kinds = stats.connections.by_type.iter();
    let kinds: Vec<_> = kinds.map(|(kind, n)| format!("{} {}", printable::text(kind), number(*n))).collect();
    spans.push(Span::raw(kinds.join("  ")));
    let (refused, gaps) = (stats.connections.refused(), stats.events.gaps_total);
    let rest = format!("  refused {}  gaps {}", number(refused), number(gaps));
    spans.push(Span::styled(rest, theme.quiet()));
    Line::from(spans)
}

fn foot_line<'a>(model: &Model, ui: &Ui, theme: Theme) -> Line<'a> {
    match &ui.mode {
        Mode::Filter(text) => Line::from(vec![
            Span::styled("filter: ", theme.strong()),
            Span::raw(format!("{}▏", printable::text(text))),
            Span::styled("  Enter applies, Esc leaves it", theme.quiet()),
        ]),
        Mode::Kick { id, user, reason, reconnect } => {
            let again = if *reconnect { "may come back" } else { "stays away" };
            let whom =
                format!("kick {} ({}), who {again}; reason: ", printable::text(user), printable::text(id));
            Line::from(vec![
                Span::styled(whom, theme.bad()),
                Span::raw(format!("{}▏", printable::text(reason))),
                Span::styled(
                    "  Enter kicks, Tab changes whether it may come back, Esc doesn't",
                    theme.quiet(),
                ),
            ])
        }
        _ => match &ui.message {
            Some(message) => Line::styled(printable::text(message).into_owned(), theme.bad()),
            None => hints(model, ui, theme),
        },
    }
}

fn hints<'a>(model: &Model, ui: &Ui, theme: Theme) -> Line<'a> {
    let order = if ui.descending { "descending" } else { "ascending" };
    let filter = match ui.filter.as_str() {
        "" => String::new(),
        filter => format!("  filter: {}", printable::text(filter)),
    };
    let page = match ui.before.len() {
        0 => String::new(),
        before => format!("  page {}", before + 1),
    };
    let more = if model.next.is_some() { ", more below" } else { "" };
    let text = format!(
        "{} of {}{more}{page}  by {}, {order}{filter}",
        model.rows.len(),
        number(model.total),
        SORTS[ui.sort]
    );
    let keys = if model.link == Link::Asked { "" } else { "  s r / ⏎ k p q  ? help" };
    Line::from(vec![Span::raw(text), Span::styled(keys, theme.quiet())])
}

fn over(frame: &mut Frame<'_>, title: &str, lines: Vec<Line<'_>>, scrolled: u16) {
    let area = frame.area();
    let height = (lines.len() as u16 + 2).min(area.height);
    let width = area.width.min(100);
    let at = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    frame.render_widget(Clear, at);
    let block = Block::bordered().title(format!(" {title} "));
    let text = Paragraph::new(lines).wrap(Wrap { trim: false }).scroll((scrolled, 0));
    frame.render_widget(text.block(block), at);
}

/// `1 user`, `2 users`.
fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", number(n), if n == 1 { "" } else { "s" })
}

/// `19,000`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

const HELP: &str = "\
↑ ↓ PgUp PgDn Home End   move; PgDn at the end and PgUp at the top turn the page
s  r                     sort by the next column; reverse the order
/                        filter: a part of user, client, address, type or id
Enter                    the connection in full, with what happened to it
k                        kick it: asks for a reason first
p                        pause and go on
q  Ctrl-C                leave
Any key closes this.";
