//! Live events in clients that others have written: the document's JavaScript, unchanged, in a
//! browser and in Node, and the page of docs/examples.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Program, file};
use crate::harness::{API_TOKEN, Client, Kind, Place};

/// The only thing in the document's client that a reader is meant to replace.
const ADDRESS: &str = "ws://localhost:8080/ws?token=YOUR_TOKEN";

#[tokio::test]
async fn the_documents_client_runs_in_node() {
    let place = Place::new(Kind::Sqlite).await;
    let engine = place.start().await;
    let script = file("tests/outside/programs/client.cjs");
    let client = Program::start(&["node", &script, &live(&place.http())], &[]);
    client.wait_for("Connected").await;
    client.wait_for("Event: connection undefined").await;
    client.wait_for("Event: pong undefined").await;
    let user = new_user(&place.http()).await;
    client.wait_for("Event: user.created").await;
    client.wait_for(&format!("dashboard {user}\n")).await;
    engine.terminate().await;
    client.wait_for("Disconnected").await;
}

#[tokio::test]
async fn the_documents_client_runs_in_a_browser() {
    let place = Place::new(Kind::Sqlite).await;
    let engine = place.start().await;
    let client = fs::read_to_string(file("tests/outside/document/client.js")).unwrap();
    assert!(client.contains(ADDRESS));
    let client = client.replace(ADDRESS, &live(&place.http()));
    let html = format!("<!doctype html><script>{REPORT}</script><script>{client}</script>");
    let page = Page::serve(html).await;
    let _browser = browser(&page.url);
    page.wait_for(|line| *line == json!(["Connected"])).await;
    page.wait_for(|line| *line == json!(["Event:", "connection", null])).await;
    let user = new_user(&place.http()).await;
    page.wait_for(|line| line[1] == "user.created" && line[2]["user_id"] == user).await;
    page.wait_for(|line| *line == json!(["dashboard", user])).await;
    engine.kill().await;
    page.wait_for(|line| *line == json!(["Disconnected"])).await;
}

/// Tells the test what the client prints, and whom its dashboard is given.
const REPORT: &str = "
    const report = (...line) => fetch('/printed', {
        method: 'POST', body: JSON.stringify(line.map((part) => part ?? null)),
    });
    console.log = report;
    const updateDashboard = (user) => report('dashboard', user.user_id);
";

/// The page of docs/examples misses nothing, though the engine was away for a while.
#[tokio::test]
async fn the_admin_page_lists_every_event_once() {
    let place = Place::new(Kind::Sqlite).await;
    let engine = place.start().await;
    let example = fs::read_to_string(file("docs/examples/admin.html")).unwrap();
    let page = Page::serve(format!("{example}<script>{LIST}</script>")).await;
    let engine_at = place.http().url("").replacen("http", "ws", 1);
    let _browser = browser(&format!("{}#{engine_at}|{API_TOKEN}", page.url));
    page.wait_for(|line| line["state"] == "connected").await;
    let first = new_user(&place.http()).await;
    page.wait_for(|line| times(line, first) == 1).await;
    engine.kill().await;
    page.wait_for(|line| line["state"] == "disconnected").await;
    let _engine = place.start().await;
    let second = new_user(&place.http()).await;
    page.wait_for(|line| times(line, first) == 1 && times(line, second) == 1).await;
    assert!(page.printed().iter().all(|line| times(line, first) < 2 && times(line, second) < 2));
}

/// A page that nobody looks at can't be read from outside: it reports its own list.
const LIST: &str = "
    setInterval(() => fetch('/printed', { method: 'POST', body: JSON.stringify({
        state: state.textContent,
        lines: [...document.querySelectorAll('li')].map((line) => line.textContent),
    }) }), 100);
";

/// How often a list tells of this user.
fn times(list: &Value, user: i64) -> usize {
    let lines = list["lines"].as_array().unwrap().iter().filter_map(Value::as_str);
    let created = lines.filter(|line| line.contains(" user.created "));
    created.filter(|line| line.contains(&format!("\"user_id\":{user},"))).count()
}

/// Where an engine's live events are.
fn live(engine: &Client) -> String {
    engine.url(&format!("/ws?token={API_TOKEN}")).replacen("http", "ws", 1)
}

/// Somebody writes for the first time; the contact's id.
async fn new_user(engine: &Client) -> i64 {
    let who = format!("visitor-{}", rand::random::<u64>());
    let said = engine.say(&who, "Здравствуйте!").await;
    engine.ticket(&said["ticket_id"]).await["contact"]["id"].as_i64().unwrap()
}

/// A browser with nothing but this page, and nowhere to go but this machine.
fn browser(url: &str) -> Program {
    let arguments = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--user-data-dir={folder}",
        // A browser that nobody could talk to would end when the page is loaded.
        "--remote-debugging-port=0",
        url,
    ];
    Program::start(&arguments, &[])
}

/// A page on a server of its own, and what it reports.
struct Page {
    url: String,
    printed: Arc<Mutex<Vec<Value>>>,
}

impl Page {
    async fn serve(html: String) -> Self {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let report = async |State(printed): State<Arc<Mutex<Vec<Value>>>>, body: String| {
            printed.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        };
        let routes = Router::new()
            .route("/", get(async || Html(html)))
            .route("/printed", post(report))
            .with_state(printed.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, printed }
    }

    fn printed(&self) -> Vec<Value> {
        self.printed.lock().unwrap().clone()
    }

    /// Waits until it has reported something.
    async fn wait_for(&self, wanted: impl Fn(&Value) -> bool) {
        while !self.printed().iter().any(&wanted) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
