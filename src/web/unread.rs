//! A chunked request body that was not read to its end ends the connection.
//!
//! Owns: keeping such a body until the answer is sent. Does not own: how much of a body is read (`params`).
//!
//! actix-http reads what is left of a chunked body whose payload was dropped, so that the connection can
//! be used again, and it reads without end: after 413 one client could keep a worker busy for ever. A
//! payload that still lives when the answer ends makes it close the connection instead. With
//! Content-Length it does so by itself.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The payload of a request, shared by whoever reads it and the answer.
pub struct Unread(Option<Shared>);

#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Unread {
    /// Takes hold of a chunked body. The handler reads it as before.
    #[must_use]
    pub fn watch(request: &mut ServiceRequest) -> Self {
        if !request.headers().contains_key(TRANSFER_ENCODING) {
            return Self(None);
        }
        let shared = Shared(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
        Self(Some(shared))
    }

    /// Lets go of it when the answer is sent.
    #[must_use]
    pub fn until_sent(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        match self.0 {
            None => response,
            Some(payload) => response.map_body(|_, body| BoxBody::new(Answer { body, _payload: payload })),
        }
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer and, alive as long as it, that of the request.
struct Answer {
    body: BoxBody,
    _payload: Shared,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
