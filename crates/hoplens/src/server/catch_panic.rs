//! Turns the panic of a handler into an error response, and logs how long handlers take.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tower_lsp_server::jsonrpc::{Error, Id, Response};
use tracing::Span;

/// The future response of a handler.
pub(super) type HandlerFuture<E> =
    Pin<Box<dyn Future<Output = Result<Option<Response>, E>> + Send>>;

/// A handler whose panic becomes an error response.
pub(super) struct CatchPanic<E> {
    future: HandlerFuture<E>,
    id: Option<Id>,
    span: Span,
    begun: Instant,
}

impl<E> CatchPanic<E> {
    /// Wraps a handler; `id` is that of the request, `None` for notifications.
    pub(super) fn new(future: HandlerFuture<E>, id: Option<Id>, span: Span) -> Self {
        Self {
            future,
            id,
            span,
            begun: Instant::now(),
        }
    }
}

impl<E> Future for CatchPanic<E> {
    type Output = Result<Option<Response>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let span = self.span.clone();
        let _inside = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context)));
        let answer = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => answer,
            Err(_) => {
                let internal = |id| Response::from_error(id, Error::internal_error());
                Ok(self.id.take().map(internal))
            }
        };
        let refusal = answer.as_ref().ok().and_then(Option::as_ref);
        let refusal = refusal.and_then(Response::error);
        let error = refusal.map(|error| error.code.code());
        tracing::debug!(elapsed = ?self.begun.elapsed(), error, "handled");
        Poll::Ready(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panicking_handler_answers_with_an_internal_error() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let caught = |id| {
            let future: HandlerFuture<()> = Box::pin(async { panic!("on purpose") });
            CatchPanic::new(future, id, Span::none())
        };
        let answer = runtime.block_on(caught(Some(Id::Number(7)))).unwrap();
        let internal = Response::from_error(Id::Number(7), Error::internal_error());
        assert_eq!(answer, Some(internal));
        assert_eq!(runtime.block_on(caught(None)), Ok(None));
    }
}
