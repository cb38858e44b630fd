//! The engine with an assistant that costs nothing, to see the road alone.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::routing::post;
use centrium::app::{self, Choices};
use centrium::assistant::{Assistant, AssistantError, Basis, Immediate, Language, Turn, Verdict};
use centrium::config::Config;
use centrium::tickets::Priority;
use centrium_channels::{
    Channel, ChannelKind, Delivery, Error, Health, Inbox, Kind, Outgoing, Sent,
};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::Result;

/// What everyone is told.
pub const ANSWER: &str = "Thank you, we have your message and will look into it within the hour.";

struct Constant;

#[async_trait]
impl Assistant for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        Ok(self.decide(turn))
    }

    fn as_immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for Constant {
    fn decide(&self, _: &Turn) -> Verdict {
        Verdict {
            reply: ANSWER.to_owned(),
            needs_escalation: false,
            reason: None,
            category: "other".to_owned(),
            priority: Priority::Medium,
            department: "support".to_owned(),
            subject: None,
            language: Language::En,
            sources: Vec::new(),
            basis: Basis::default(),
        }
    }
}

/// A route beside the engine's own, through the same server and layers, that does nothing.
struct Echo;

#[async_trait]
impl Channel for Echo {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Site
    }

    fn delivery(&self) -> Delivery {
        Delivery::Pull
    }

    fn routes(&self, _: Arc<dyn Inbox>) -> OpenApiRouter {
        OpenApiRouter::new().route("/bench/echo", post(async |Json(body): Json<Value>| Json(body)))
    }

    async fn send(&self, _: &Outgoing) -> centrium_channels::Result<Sent> {
        Err(Error::new(Kind::Refused, "An echo sends nothing."))
    }

    async fn health(&self) -> Health {
        Health::Ok
    }
}

/// Serves until it is killed.
///
/// # Errors
/// When the engine can't be built.
pub async fn serve() -> Result<()> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let listen = config.listen;
    let mut choices = Choices::of(&config).map_err(|e| e.to_string())?;
    choices.assistant = Arc::new(Constant);
    choices.channels.push(Arc::new(Echo));
    let (engine, _) = app::build_with(config, choices).await.map_err(|e| e.to_string())?;
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(|e| e.to_string())?;
    app::start(&engine).await.map_err(|e| e.to_string())?;
    app::serve(&engine, listener, std::future::pending()).await;
    Ok(())
}
