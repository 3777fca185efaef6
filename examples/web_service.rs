//! Orders over HTTP, with a worker in the same process.
//!
//! ```sh
//! cargo run --package neurocards --example web_service
//! curl --data-binary @examples/photos/coffee-cup.jpg \
//!     'http://127.0.0.1:3000/orders?key=cart-7&description=Coffee+cup,+350+ml.+$12'
//! curl http://127.0.0.1:3000/orders/ORDER
//! ```
//!
//! With `--check` it places one order with itself, prints the answers and ends.
//!
//! It shows the library, not how to run a service: everything is in memory, everybody is the same account.

use std::error::Error;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use neurocards::{
    AccountOpen, BriefTexts, Credits, Neurocards, OrderError, OrderId, OrderRequest, Photo, PhotoLimits,
    TemplateId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Answer = (StatusCode, Json<Value>);

#[derive(Debug, Deserialize)]
struct Wanted {
    description: String,
    /// The same key is the same order: a client that got no answer asks again.
    key: Option<String>,
}

/// `POST /orders`: the body is the photo.
async fn order(State(cards): State<Neurocards>, Query(wanted): Query<Wanted>, photo: Bytes) -> Answer {
    let photo = match Photo::intake(&photo, &PhotoLimits::default()) {
        Ok(photo) => photo,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error),
    };
    let Ok(account) = "shop:acme".parse() else { unreachable!("it is a key") };
    let request = OrderRequest {
        account,
        photo,
        texts: BriefTexts { description: wanted.description, ..BriefTexts::default() },
        template: TemplateId::Ad,
        count: 1,
        model: None,
        idempotency_key: wanted.key,
        max_credits: Some(Credits(1)),
    };
    match cards.order(request).await {
        Ok(order) => (StatusCode::ACCEPTED, Json(json!({ "order": order.id() }))),
        Err(error @ OrderError::NotEnough { .. }) => refusal(StatusCode::PAYMENT_REQUIRED, &error),
        Err(error @ OrderError::KeyReused { .. }) => refusal(StatusCode::CONFLICT, &error),
        Err(error @ (OrderError::Store(_) | OrderError::Media(_))) => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, &error)
        }
        Err(error) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &error),
    }
}

/// `GET /orders/{order}`.
async fn state(State(cards): State<Neurocards>, Path(order): Path<OrderId>) -> Answer {
    match cards.handle(order).record().await {
        Ok(Some(record)) => {
            let states: Vec<_> = record.jobs.iter().map(|job| job.status()).collect();
            (StatusCode::OK, Json(json!({ "order": order, "videos": states })))
        }
        Ok(None) => (StatusCode::NOT_FOUND, Json(json!({ "error": "there is no such order" }))),
        Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

fn refusal(status: StatusCode, error: &dyn Error) -> Answer {
    (status, Json(json!({ "error": error.to_string() })))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cards = Neurocards::builder().build();
    let open = AccountOpen { account: "shop:acme".parse()?, credit_limit: Credits(100), bonus: None };
    cards.account_open(&open).await?;
    let worker = cards.spawn_worker();

    let check = std::env::args().any(|argument| argument == "--check");
    let listener = TcpListener::bind(("127.0.0.1", if check { 0 } else { 3000 })).await?;
    let address = listener.local_addr()?.to_string();
    let routes = Router::new()
        .route("/orders", post(order))
        .route("/orders/{order}", get(state))
        .layer(axum::extract::DefaultBodyLimit::max(20 * 1024 * 1024))
        .with_state(cards);
    let serving = async { axum::serve(listener, routes).await };
    tokio::select! {
        ended = serving => ended?,
        checked = ask_myself(&address), if check => checked?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    worker.stop().await?;
    Ok(())
}

async fn ask_myself(address: &str) -> Result<(), Box<dyn Error>> {
    let photo = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let placed = ask(address, "POST /orders?key=cart-7&description=Coffee+cup,+350+ml.+$12", &photo).await?;
    println!("{placed}");
    let order = placed["order"].as_str().ok_or("the order was refused")?;
    println!("{}", ask(address, &format!("GET /orders/{order}"), &[]).await?);
    Ok(())
}

async fn ask(address: &str, line: &str, body: &[u8]) -> Result<Value, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, json) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(serde_json::from_str(json)?)
}
