//! An API with a public route, one that needs `read:users` and one that needs `write:posts`, in front of `vestibule dev`:
//! `cargo run -p vestibule-guard --example actix`.
//!
//! Owns: the program that README.md shows. Does not own: anything else.

use actix_web::{App, HttpResponse, HttpServer, get, post};
use vestibule_guard::{Guard, Token, scope};

scope! {
    ReadUsers = "read:users";
    WritePosts = "write:posts";
}

#[get("/")]
async fn public() -> &'static str {
    "Anybody may read this.\n"
}

#[get("/users")]
async fn users(token: Token<ReadUsers>) -> String {
    format!("{} asks, through {}.\n", token.subject(), token.client_id())
}

#[post("/posts")]
async fn publish(_: Token<WritePosts>) -> HttpResponse {
    HttpResponse::Created().finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = Guard::builder("http://localhost:9400").audience("https://api.example.test").build()?;
    let app = move || App::new().app_data(guard.clone()).service(public).service(users).service(publish);
    HttpServer::new(app).bind("127.0.0.1:8000")?.run().await?;
    Ok(())
}
