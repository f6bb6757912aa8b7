//! Handlers whose panics are answered, and whose time is told in the log.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tower_lsp_server::jsonrpc::{Error, Id, Response};
use tracing::Span;

/// What a request comes to.
pub(super) type Answer<E> = Pin<Box<dyn Future<Output = Result<Option<Response>, E>> + Send>>;

/// A handler whose panic is answered and ends nothing else.
pub(super) struct Guarded<E> {
    future: Answer<E>,
    id: Option<Id>,
    span: Span,
    begun: Instant,
}

impl<E> Guarded<E> {
    /// `id` is that of the request; notifications have none.
    pub(super) fn new(future: Answer<E>, id: Option<Id>, span: Span) -> Self {
        Self {
            future,
            id,
            span,
            begun: Instant::now(),
        }
    }
}

impl<E> Future for Guarded<E> {
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
    fn a_panic_in_a_handler_is_an_answer() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let guarded = |id| {
            let future: Answer<()> = Box::pin(async { panic!("on purpose") });
            Guarded::new(future, id, Span::none())
        };
        let answer = runtime.block_on(guarded(Some(Id::Number(7)))).unwrap();
        let internal = Response::from_error(Id::Number(7), Error::internal_error());
        assert_eq!(answer, Some(internal));
        assert_eq!(runtime.block_on(guarded(None)), Ok(None));
    }
}
