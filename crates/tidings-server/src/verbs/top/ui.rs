//! What the person asked to see.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::hub::{percent, query};
use super::model::Model;

/// Rows of a page: more than a screen has, and far less than a hub may hold.
pub(super) const PAGE_ROWS: usize = 200;
/// A channel's name has no more bytes.
const NAME_BYTES_MAX: usize = 255;
const INPUT_CHARS_MAX: usize = 60;

/// What the table can be sorted by, as the hub names it.
pub(super) const SORTS: [&str; 10] = [
    "connected_at",
    "user",
    "type",
    "events_sent",
    "bytes_sent",
    "behind",
    "last_ping_at",
    "last_write_at",
    "remote",
    "client_id",
];

/// What is in front of the table, or has the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Mode {
    #[default]
    Table,
    /// Typing a filter.
    Filter(String),
    /// One connection in full.
    Details(String),
    /// About to kick this one, with a reason.
    Kick {
        id: String,
        user: String,
        reason: String,
        reconnect: bool,
    },
    Help,
}

/// What has to be done that the screen alone can't.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// Another page is wanted.
    Page,
    Details(String),
    Kick {
        id: String,
        reason: String,
        reconnect: bool,
    },
    Quit,
    /// As by Ctrl-C.
    Interrupt,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Ui {
    pub(super) mode: Mode,
    pub(super) sort: usize,
    pub(super) descending: bool,
    pub(super) filter: String,
    pub(super) selected: usize,
    /// Lines of the details that are above the window.
    pub(super) scrolled: u16,
    /// Where the pages before this one began.
    pub(super) before: Vec<Option<String>>,
    pub(super) after: Option<String>,
    /// What is shown while time stands still.
    pub(super) paused: Option<Box<Model>>,
    /// The last thing that is worth a word.
    pub(super) message: Option<String>,
}

impl Ui {
    pub(super) fn new(sort: &str, filter: &str) -> Option<Self> {
        let (name, descending) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
        let sort = SORTS.iter().position(|other| *other == name)?;
        Some(Self { sort, descending, filter: filter.to_owned(), ..Self::default() })
    }

    /// The query of the page.
    pub(super) fn query(&self, rows: usize) -> String {
        let minus = if self.descending { "-" } else { "" };
        query([
            ("sort", Some(format!("{minus}{}", SORTS[self.sort]))),
            ("limit", Some(rows.to_string())),
            ("q", Some(self.filter.clone()).filter(|filter| !filter.is_empty())),
            ("after", self.after.clone()),
        ])
    }

    /// The channel that the page comes by.
    pub(super) fn channel(&self) -> String {
        format!("$hub/connections{}", self.query(PAGE_ROWS))
    }

    /// Takes a key. Answers what has to be done.
    pub(super) fn key(&mut self, key: KeyEvent, model: &Model, window: usize) -> Option<Order> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return matches!(key.code, KeyCode::Char('c')).then_some(Order::Interrupt);
        }
        self.message = None;
        match std::mem::take(&mut self.mode) {
            Mode::Table => self.table_key(key.code, model, window),
            Mode::Filter(text) => self.filter_key(key.code, text),
            Mode::Details(id) => self.details_key(key.code, id, model),
            Mode::Kick { id, user, reason, reconnect } => {
                self.kick_key(key.code, (id, user), reason, reconnect)
            }
            Mode::Help => None,
        }
    }

    fn table_key(&mut self, code: KeyCode, model: &Model, window: usize) -> Option<Order> {
        let shown = self.paused.as_deref().unwrap_or(model);
        let last = shown.rows.len().saturating_sub(1);
        match code {
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::Home => self.selected = 0,
            KeyCode::End => self.selected = last,
            KeyCode::PageUp if self.selected == 0 => return self.page_back(),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(window.max(1)),
            KeyCode::PageDown if self.selected >= last => return self.page_on(shown.next.clone()),
            KeyCode::PageDown => self.selected = (self.selected + window.max(1)).min(last),
            KeyCode::Char('s') => {
                self.sort = (self.sort + 1) % SORTS.len();
                return self.first_page();
            }
            KeyCode::Char('r') => {
                self.descending = !self.descending;
                return self.first_page();
            }
            KeyCode::Char('/') => self.mode = Mode::Filter(self.filter.clone()),
            KeyCode::Char('p') => {
                self.paused = if self.paused.is_some() { None } else { Some(Box::new(model.clone())) };
            }
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Char('q') => return Some(Order::Quit),
            KeyCode::Char('k') => {
                if let Some(row) = shown.rows.get(self.selected.min(last)) {
                    self.mode = ask_to_kick(&row.id, &row.user);
                }
            }
            KeyCode::Enter => {
                let row = shown.rows.get(self.selected.min(last))?;
                self.mode = Mode::Details(row.id.clone());
                self.scrolled = 0;
                return Some(Order::Details(row.id.clone()));
            }
            _ => {}
        }
        None
    }

    fn filter_key(&mut self, code: KeyCode, mut text: String) -> Option<Order> {
        match code {
            KeyCode::Esc => return None,
            KeyCode::Enter => {
                let before = std::mem::replace(&mut self.filter, text);
                if self.channel().len() > NAME_BYTES_MAX {
                    self.filter = before;
                    self.message = Some("that filter is too long for the hub: shorten it".to_owned());
                    return None;
                }
                return self.first_page();
            }
            _ => edit(&mut text, code),
        }
        self.mode = Mode::Filter(text);
        None
    }

    fn details_key(&mut self, code: KeyCode, id: String, model: &Model) -> Option<Order> {
        match code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return None,
            KeyCode::Char('k') => {
                let shown = self.paused.as_deref().unwrap_or(model);
                let user = shown.rows.iter().find(|row| row.id == id).map_or("", |row| &row.user);
                self.mode = ask_to_kick(&id, user);
                return None;
            }
            KeyCode::Up => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::Down => self.scrolled = self.scrolled.saturating_add(1),
            _ => {}
        }
        self.mode = Mode::Details(id);
        None
    }

    fn kick_key(
        &mut self,
        code: KeyCode,
        (id, user): (String, String),
        mut reason: String,
        mut reconnect: bool,
    ) -> Option<Order> {
        match code {
            KeyCode::Esc => return None,
            KeyCode::Enter => return Some(Order::Kick { id, reason, reconnect }),
            KeyCode::Tab => reconnect = !reconnect,
            _ => edit(&mut reason, code),
        }
        self.mode = Mode::Kick { id, user, reason, reconnect };
        None
    }

    fn first_page(&mut self) -> Option<Order> {
        (self.selected, self.after) = (0, None);
        self.before.clear();
        Some(Order::Page)
    }

    fn page_on(&mut self, next: Option<String>) -> Option<Order> {
        let before = self.after.replace(next?);
        if self.channel().len() > NAME_BYTES_MAX {
            self.after = before;
            self.message = Some("no further under this order: filter instead, or sort otherwise".to_owned());
            return None;
        }
        self.before.push(before);
        self.selected = 0;
        Some(Order::Page)
    }

    fn page_back(&mut self) -> Option<Order> {
        self.after = self.before.pop()?;
        self.selected = 0;
        Some(Order::Page)
    }
}

fn ask_to_kick(id: &str, user: &str) -> Mode {
    Mode::Kick { id: id.to_owned(), user: user.to_owned(), reason: String::new(), reconnect: false }
}

fn edit(text: &mut String, code: KeyCode) {
    match code {
        KeyCode::Backspace => drop(text.pop()),
        KeyCode::Char(c) if !c.is_control() && text.chars().count() < INPUT_CHARS_MAX => text.push(c),
        _ => {}
    }
}

/// The body of a kick.
pub(super) fn kick_path(id: &str) -> String {
    format!("/api/sse/connections/{}", percent(id))
}

#[cfg(test)]
mod tests {
    use super::super::model::Row;
    use super::*;

    fn model(rows: usize, next: Option<&str>) -> Model {
        let row = |n| Row { id: format!("c{n}"), user: format!("u{n}"), ..Row::default() };
        Model { rows: (0..rows).map(row).collect(), next: next.map(str::to_owned), ..Model::default() }
    }

    fn press(ui: &mut Ui, model: &Model, keys: &str) -> Vec<Order> {
        let code = |c| match c {
            '↓' => KeyCode::Down,
            '⇟' => KeyCode::PageDown,
            '⇞' => KeyCode::PageUp,
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⌫' => KeyCode::Backspace,
            '⇥' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        keys.chars().filter_map(|c| ui.key(KeyEvent::from(code(c)), model, 10)).collect()
    }

    fn ui() -> Ui {
        Ui::new("connected_at", "").expect("an order")
    }

    #[test]
    fn the_hub_sorts_filters_and_pages() {
        let (mut ui, model) = (ui(), model(15, Some("7.0")));
        assert_eq!(ui.channel(), "$hub/connections?sort=connected_at&limit=200");
        assert_eq!(press(&mut ui, &model, "sr"), [Order::Page, Order::Page]);
        assert_eq!(press(&mut ui, &model, "/a*,x⌫⏎"), [Order::Page]);
        assert_eq!(
            ui.channel(),
            "$hub/connections?sort=-user&limit=200&q=a%2A%2C",
            "a name without `*` and `,`"
        );
        assert_eq!(press(&mut ui, &model, "⇟⇟⇟"), [Order::Page], "to the end of what is there, then on");
        assert!(ui.channel().ends_with("&after=7.0"), "{}", ui.channel());
        assert_eq!(press(&mut ui, &model, "⇞⇞"), [Order::Page], "and back, and no further");
        assert!(!ui.channel().contains("after"), "{}", ui.channel());
        assert_eq!(press(&mut ui, &model, "/b⎋"), [], "a filter that was not meant");
        assert_eq!(ui.filter, "a*,");
        let long = "é".repeat(INPUT_CHARS_MAX);
        assert_eq!(press(&mut ui, &model, &format!("/⌫⌫⌫{long}⏎")), [], "a name has its bounds");
        assert!(ui.message.is_some() && ui.filter == "a*,", "{ui:?}");
        assert!(Ui::new("-bytes_sent", "").is_some_and(|ui| ui.descending) && Ui::new("shoe", "").is_none());
    }

    #[test]
    fn nobody_is_kicked_without_being_asked_for() {
        let (mut ui, model) = (ui(), model(3, None));
        assert_eq!(press(&mut ui, &model, "↓kbye⎋"), []);
        let kick = |reason: &str, reconnect| Order::Kick {
            id: "c1".to_owned(),
            reason: reason.to_owned(),
            reconnect,
        };
        assert_eq!(press(&mut ui, &model, "kbye⏎"), [kick("bye", false)]);
        assert_eq!(press(&mut ui, &model, "⏎k⇥⏎"), [Order::Details("c1".to_owned()), kick("", true)]);
        assert_eq!(press(&mut ui, &self::model(0, None), "k⏎"), [], "where there is nobody");
    }

    #[test]
    fn while_paused_what_is_shown_stands() {
        let (mut ui, before) = (ui(), model(3, None));
        press(&mut ui, &before, "p↓↓");
        let kick = press(&mut ui, &model(1, None), "k⏎");
        assert!(matches!(kick.as_slice(), [Order::Kick { id, .. }] if id == "c2"), "{kick:?}");
        press(&mut ui, &before, "p");
        assert!(ui.paused.is_none());
        assert_eq!(press(&mut ui, &before, "?qq"), [Order::Quit], "a key closes the help, and then quits");
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(ui.key(control_c, &before, 10), Some(Order::Interrupt));
    }
}
