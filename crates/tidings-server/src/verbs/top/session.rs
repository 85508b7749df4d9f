//! The loop: what the hub pushes, what the person types, what becomes of what was asked.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http::{Method, StatusCode};
use ratatui::crossterm::event::{Event as Input, KeyEventKind};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use super::super::failure::{Exit, Failure};
use super::super::follow::{Follower, Reader, State, Wanted};
use super::super::hub::Hub;
use super::super::signals;
use super::super::sse::Event;
use super::details::{Details, Found};
use super::model::{Link, Model};
use super::screen::{self, Screen};
use super::ui::{Mode, Order, Ui, kick_path};
use super::view::{self, Theme};

const STATS: &str = "$hub/stats";
/// What is looked at in full is asked for this often.
const DETAILS_EVERY: Duration = Duration::from_secs(1);

/// What came of something that was asked of the hub.
enum Answered {
    Details(String, Details),
    Channels(Change),
    /// Worth a word.
    Told(String),
}

/// What came of asking a stream for a page.
struct Change {
    connection_id: String,
    page: String,
    /// The channels that the stream has now; nothing where there is no such stream any more.
    channels: Result<Option<Vec<String>>, String>,
}

#[derive(Deserialize)]
struct Changed {
    channels: Vec<String>,
}

/// Puts what the hub pushes where the screen finds it.
struct Watch {
    model: Rc<RefCell<Model>>,
    changed: Rc<Notify>,
}

impl Reader for Watch {
    fn event(&mut self, event: &Event) -> ControlFlow<()> {
        self.model.borrow_mut().take(event);
        self.changed.notify_one();
        ControlFlow::Continue(())
    }

    fn state(&mut self, state: State<'_>) {
        let mut model = self.model.borrow_mut();
        match state {
            State::Connected(connected) => {
                connected.id.clone_into(&mut model.own_id);
                connected.connection_id.clone_into(&mut model.connection_id);
                connected.channels.clone_into(&mut model.channels);
                model.link = Link::Connected;
            }
            State::Waiting(why, wait) => {
                model.connection_id.clear();
                model.link = Link::Waiting(why.to_owned(), wait.as_secs());
            }
            State::Gap(_) | State::Note(_) => {}
        }
        self.changed.notify_one();
    }
}

struct Session {
    hub: Hub,
    model: Rc<RefCell<Model>>,
    ui: Ui,
    theme: Theme,
    /// The stream's, as they are to be.
    channels: Rc<RefCell<Vec<String>>>,
    /// It was asked to change them and has not answered: of two requests at once, the later might come first.
    changing: bool,
    details: Option<Details>,
    answers: mpsc::UnboundedSender<Answered>,
}

/// Draws until somebody ends it, and gives the terminal back.
pub(super) async fn run(hub: Hub, model: Rc<RefCell<Model>>, ui: Ui, theme: Theme) -> Result<Exit, Failure> {
    let changed = Rc::new(Notify::new());
    model.borrow_mut().page_channel = ui.channel();
    let channels = Rc::new(RefCell::new(vec![STATS.to_owned(), ui.channel()]));
    let wanted = Wanted {
        channels: Rc::clone(&channels),
        label: "admin".to_owned(),
        envelope: true,
        ..Wanted::default()
    };
    let watch = Watch { model: Rc::clone(&model), changed: Rc::clone(&changed) };
    let mut follower = Follower::new(hub.clone(), wanted, watch);
    let farewell = follower.farewell();
    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut session = Session { hub, model, ui, theme, channels, changing: false, details: None, answers };
    // It is there until leave is taken, or the hub would see it go without a word.
    let mut following = pin!(follower.follow());
    let outcome = tokio::select! {
        outcome = &mut following => outcome.map(|()| Exit::Done),
        outcome = session.show(&mut answered, &changed) => outcome,
        exit = signals::ended() => exit.map_err(Failure::from),
    };
    farewell.say().await;
    outcome
}

impl Session {
    /// Draws whatever changes, until the person has enough. Dropping this gives the terminal back.
    async fn show(
        &mut self,
        answered: &mut mpsc::UnboundedReceiver<Answered>,
        changed: &Notify,
    ) -> Result<Exit, Failure> {
        let mut screen = Screen::open()?;
        let mut inputs = screen::inputs();
        let mut looks = interval(DETAILS_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.draw(&mut screen)?;
            tokio::select! {
                Some(input) = inputs.recv() => {
                    if let Some(exit) = self.input(&input, &screen) {
                        return Ok(exit);
                    }
                }
                Some(answer) = answered.recv() => self.take(answer),
                () = changed.notified() => self.take_up_page(),
                _ = looks.tick() => self.look(),
            }
        }
    }

    fn draw(&mut self, screen: &mut Screen) -> Result<(), Failure> {
        let model = self.model.borrow();
        let (ui, details, theme) = (&self.ui, self.details.as_ref(), self.theme);
        screen.terminal.draw(|frame| view::draw(frame, &model, ui, details, theme))?;
        Ok(())
    }

    fn input(&mut self, input: &Input, screen: &Screen) -> Option<Exit> {
        // Resizes and the like are drawn by the next turn.
        let Input::Key(key) = input else { return None };
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let size = screen.terminal.size().unwrap_or_default();
        let window = view::window(ratatui::layout::Rect::new(0, 0, size.width, size.height));
        let order = self.ui.key(*key, &self.model.borrow(), window)?;
        match order {
            Order::Quit => return Some(Exit::Done),
            Order::Interrupt => return Some(Exit::Interrupted),
            Order::Page => self.turn_page(),
            Order::Details(id) => {
                self.details = None;
                self.ask_details(id);
            }
            Order::Kick { id, reason, reconnect } => self.kick(&id, &reason, reconnect),
        }
        None
    }

    fn take(&mut self, answer: Answered) {
        match answer {
            Answered::Details(id, details) if self.ui.mode == Mode::Details(id.clone()) => {
                self.details = Some(details);
            }
            Answered::Details(..) => {}
            Answered::Channels(change) => self.changed(change),
            Answered::Told(text) => self.ui.message = Some(text),
        }
    }

    fn look(&self) {
        if let Mode::Details(id) = &self.ui.mode
            && self.ui.paused.is_none()
        {
            self.ask_details(id.clone());
        }
    }

    /// Another page is wanted, also of a stream that is still to come.
    fn turn_page(&mut self) {
        let channel = self.ui.channel();
        *self.channels.borrow_mut() = vec![STATS.to_owned(), channel.clone()];
        self.model.borrow_mut().page_channel = channel;
        self.take_up_page();
    }

    /// The live stream takes the wanted page up and lets others go, where it has not got it. What the hub refuses is asked
    /// for again when it is heard of next.
    fn take_up_page(&mut self) {
        let model = self.model.borrow();
        let wanted = &model.page_channel;
        if self.changing || model.connection_id.is_empty() || model.channels.contains(wanted) {
            return;
        }
        self.changing = true;
        let others = model.channels.iter().filter(|channel| *channel != STATS);
        let remove: Vec<_> = others.collect();
        let body = json!({ "connection_id": model.connection_id, "add": [wanted], "remove": remove });
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        let (connection_id, page) = (model.connection_id.clone(), wanted.clone());
        tokio::spawn(async move {
            let body = Some(body.to_string().into_bytes());
            let channels = match hub.ask(Method::POST, "/api/sse/subscriptions", body).await {
                Ok(answer) if answer.status == StatusCode::NOT_FOUND => Ok(None),
                answer => answer.and_then(|answer| answer.accepted()).and_then(|body| {
                    let changed = serde_json::from_slice(&body).map_err(|error| hub.foreign(&error));
                    changed.map(|changed: Changed| Some(changed.channels))
                }),
            };
            let channels = channels.map_err(|failure| failure.to_string());
            let _ = answers.send(Answered::Channels(Change { connection_id, page, channels }));
        });
    }

    fn changed(&mut self, change: Change) {
        self.changing = false;
        let mut model = self.model.borrow_mut();
        // A stream that is gone comes back with what is wanted now.
        if model.connection_id != change.connection_id {
            return;
        }
        match change.channels {
            Ok(channels) => model.channels = channels.unwrap_or_default(),
            Err(why) => self.ui.message = Some(why),
        }
        let is_wanted = model.page_channel == change.page;
        drop(model);
        if !is_wanted {
            self.take_up_page();
        }
    }

    fn ask_details(&self, id: String) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer =
                hub.ask(Method::GET, &kick_path(&id), None).await.and_then(|answer| answer.accepted());
            let details = answer.map_err(|failure| failure.to_string()).and_then(|body| {
                let found: serde_json::Result<Found> = serde_json::from_slice(&body);
                found.map(Box::new).map_err(|error| error.to_string())
            });
            let _ = answers.send(Answered::Details(id, details));
        });
    }

    fn kick(&self, id: &str, reason: &str, reconnect: bool) {
        let mut body = json!({ "reconnect": reconnect });
        if !reason.is_empty() {
            body["reason"] = json!(reason);
        }
        let (hub, answers, path, id) = (self.hub.clone(), self.answers.clone(), kick_path(id), id.to_owned());
        tokio::spawn(async move {
            let answer = hub.ask(Method::DELETE, &path, Some(body.to_string().into_bytes())).await;
            let told = match answer.and_then(|answer| answer.accepted()) {
                Ok(_) => format!("kicked {id}"),
                Err(failure) => failure.to_string(),
            };
            let _ = answers.send(Answered::Told(told));
        });
    }
}
