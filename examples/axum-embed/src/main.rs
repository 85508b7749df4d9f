//! A shop whose pages hear of each order at once: the hub lives in the application, which decides who hears what.
use axum::extract::{Path, State};
use axum::{Router, http::request::Parts, routing::post};
use tidings::{Authorizer, ChannelName, Grant, HttpOptions, Hub, HubOptions, Problem, Publisher};

/// Whoever is signed in hears of their own orders. Here the header `x-user` stands for a session.
struct Sessions;

impl Authorizer for Sessions {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        let user = request.headers.get("x-user").and_then(|user| user.to_str().ok());
        let user = user.ok_or_else(|| Problem::unauthorized("sign in first"))?;
        let orders = ChannelName::parse(&format!("orders:{user}"))?;
        Ok(Grant { subscribe: vec![orders.into()], ..Grant::nothing(user) })
    }
}

async fn order(State(hub): State<Publisher>, Path(user): Path<String>) -> Result<(), Problem> {
    hub.publish(&ChannelName::parse(&format!("orders:{user}"))?, "order_placed", &["tea", "milk"]).await?;
    Ok(())
}

fn shop(hub: &Hub) -> Router {
    let pages = Router::new().route("/users/{user}/orders", post(order)).with_state(hub.publisher());
    pages.merge(tidings::router(hub.clone(), Sessions, &HttpOptions::default()))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hub = Hub::open(HubOptions::default())?;
    let listener = tidings::bind(([127, 0, 0, 1], 3000).into(), &hub.options().stream)?;
    tidings::serve(listener, shop(&hub), hub.clone(), tokio::signal::ctrl_c()).await;
    hub.drain().await;
    Ok(())
}

#[cfg(test)]
mod tests;
