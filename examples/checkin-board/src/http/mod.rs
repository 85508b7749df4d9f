//! The application, and its endpoints beside the hub's.

mod activities;
mod files;
mod guard;
mod people;
mod readers;
mod session;

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use tidings::auth::{Carriers, TokenAuthorizer, TokenVerifier};
use tidings::{Gate, HttpOptions, Hub, HubOptions, Schema, Selector};
use tokio::net::TcpListener;

use crate::broadcast::{Beside, Broadcaster, Embedded, Sending};
use crate::event::{EVERY_GROUP, SCHEMA};
use crate::issuer::Issuer;
use crate::password::Guesses;
use crate::settings::Settings;
use crate::store::Store;

/// Over this a stop spreads its goodbyes.
const DRAIN_WINDOW_MS: u64 = 200;

/// What every handler has.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) settings: Arc<Settings>,
    guesses: Arc<Guesses>,
}

/// The whole of it, ready to serve.
pub(crate) struct School {
    pub(crate) settings: Arc<Settings>,
    pub(crate) app: App,
    /// Where the hub lives in here, and where it runs beside.
    pub(crate) hub: Option<Hub>,
    pub(crate) sending: Option<Sending>,
}

impl School {
    pub(crate) fn open(settings: Settings) -> io::Result<Self> {
        std::fs::create_dir_all(&settings.data_dir)?;
        let issuer = Arc::new(Issuer::open(&settings.data_dir)?);
        let lifetimes = settings.lifetimes;
        let token_ms = lifetimes.token_seconds * 1_000 + lifetimes.leeway_ms;
        let (broadcaster, hub, sending) = match settings.hub.clone() {
            Some(beside) => {
                let (beside, sending) = Beside::start(beside, Arc::clone(&issuer), token_ms);
                (Broadcaster::Beside(beside), None, Some(sending))
            }
            None => {
                let hub = Hub::open(hub_options(&settings))?;
                (Broadcaster::Embedded(Embedded::new(&hub, token_ms)), Some(hub), None)
            }
        };
        let store = Store::open(&settings.data_dir, &settings.first_password, broadcaster)
            .map_err(io::Error::other)?;
        let settings = Arc::new(settings);
        let guesses = Arc::default();
        let app = App { store, issuer, settings: Arc::clone(&settings), guesses };
        Ok(Self { settings, app, hub, sending })
    }

    pub(crate) async fn listen(&self) -> io::Result<TcpListener> {
        match &self.hub {
            // As it has to be for the hub to see who leaves.
            Some(hub) => tidings::bind(self.settings.listen, &hub.options().stream),
            None => TcpListener::bind(self.settings.listen).await,
        }
    }

    /// Until it is told to stop, and through an orderly end.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let router = self.router()?;
        let Some(hub) = self.hub else {
            self.app
                .store
                .change(|change| change.tell_all())
                .await
                .map_err(|_| io::Error::other("the database"))?;
            axum::serve(listener, router).with_graceful_shutdown(stop).await?;
            if let Some(sending) = self.sending {
                sending.finish().await;
            }
            return Ok(());
        };
        // Drained while it still accepts: whoever comes now is told to come again, and not that nobody is there.
        let drained = async {
            stop.await;
            hub.drain().await;
        };
        tidings::serve(listener, router, hub.clone(), drained).await;
        hub.farewells_said().await;
        hub.put_away();
        Ok(())
    }

    pub(crate) fn router(&self) -> io::Result<Router> {
        let app = self.app.clone();
        let own = Router::new()
            .route("/.well-known/jwks.json", get(jwks))
            .route("/api/session", get(session::show).post(session::begin).delete(session::end))
            .route("/api/token", post(session::token))
            .route("/api/board", get(activities::board))
            .route("/api/groups", post(activities::start))
            .route("/api/groups/{group}", delete(activities::end))
            .route("/api/groups/{group}/supervisors/{staff}", put(activities::join).delete(activities::leave))
            .route(
                "/api/groups/{group}/visits/{student}",
                put(activities::check_in).delete(activities::check_out),
            )
            .route("/api/staff/{staff}/lock", put(people::lock).delete(people::unlock))
            .route("/api/reader/checkin", post(readers::check_in))
            .route("/api/reader/checkout", post(readers::check_out))
            .route("/api/health", get(async || Json(json!({ "status": "ok" }))))
            .fallback_service(files::page(&self.settings.page_dir))
            .layer(from_fn_with_state(app.clone(), guard::check))
            .with_state(app);
        let Some(hub) = &self.hub else { return Ok(own) };
        let tokens = self.app.issuer.verified_by(self.settings.lifetimes.leeway_ms);
        let verifier = TokenVerifier::new(tokens).map_err(io::Error::other)?;
        let authorizer = TokenAuthorizer::new(verifier, Carriers::default());
        Ok(own.merge(tidings::router(hub.clone(), authorizer, &HttpOptions::default())))
    }
}

/// Anybody may have it: it makes no tokens.
async fn jwks(State(app): State<App>) -> Json<Value> {
    Json(app.issuer.jwks().clone())
}

fn hub_options(settings: &Settings) -> HubOptions {
    let mut options = HubOptions {
        data_dir: Some(settings.data_dir.join("hub")),
        drain_window_ms: DRAIN_WINDOW_MS,
        ..HubOptions::default()
    };
    // This process alone publishes, and nothing but what a board shows.
    let schema = Some(Schema::parse(SCHEMA).expect("the schema is one"));
    let gate = Gate { is_closed: true, schema, ..Gate::default() };
    options.gates = vec![(Selector::parse(EVERY_GROUP).expect("a pattern"), gate)];
    options.limits.connections_per_ip = settings.connections_per_ip;
    options.stream.heartbeat_ms = settings.heartbeat_ms;
    options.rules.default.retention.count = settings.history_count;
    options
}
