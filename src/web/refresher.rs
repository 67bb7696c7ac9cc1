//! The session, as an application holds it.

use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;

use web_sys::{Request, Response};

use super::demand::Demand;
use super::driver::Driver;
use super::error::{Misuse, RefreshError};
use super::events::{Event, Events, Listener};
use super::fetch::{authorized, FetchError};
use super::options::Options;
use crate::core::machine::{self, Revoke, State};
use crate::core::record::Tokens;
use crate::core::token_set::TokenSet;

/// Keeps one session alive. Clones are the same refresher; when the last is dropped it is closed.
///
/// A future that is dropped withdraws its demand and nothing else: a refresh that is under way goes on, and what it brings is stored.
#[derive(Clone)]
pub struct Refresher(Rc<Open>);

/// Closed when the last clone is gone.
struct Open(Rc<Driver>);

/// What the storage and the lock of a refresher can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Other tabs, workers or processes wait for the same lock.
    pub cross_context_lock: bool,
    /// The storage compares before it writes, as far as is known.
    pub conditional_save: bool,
}

impl Refresher {
    /// Begins nothing that takes time, unless there is a page to keep a session fresh for.
    ///
    /// # Errors
    /// An option that is missing, wrong or in contradiction to another; the text says which.
    pub fn new(options: Options) -> Result<Self, Misuse> {
        Ok(Self(Rc::new(Open(Driver::new(options.checked()?)))))
    }

    /// The access token, refreshed first if it must be. The common call.
    ///
    /// # Errors
    /// There is no token: [`RefreshError::code`] says why, [`RefreshError::is_retryable`] whether asking again later can help.
    pub async fn access_token(&self) -> Result<String, RefreshError> {
        Ok(self.token_set(Demand::default()).await?.access_token().into())
    }

    /// The same with what the server said beside it, and with wishes.
    ///
    /// # Errors
    /// There is no token: [`RefreshError::code`] says why, [`RefreshError::is_retryable`] whether asking again later can help.
    pub async fn token_set(&self, demand: Demand) -> Result<TokenSet, RefreshError> {
        demand.answered_by(self.driver()).await
    }

    /// Refreshes now, even if the access token is still good. Joins a refresh that is under way.
    ///
    /// # Errors
    /// The refresh failed: [`RefreshError::code`] says why, [`RefreshError::refresh_token_state`] what became of the refresh token.
    pub async fn refresh(&self) -> Result<TokenSet, RefreshError> {
        self.driver().demand(machine::Demand { force: true, ..machine::Demand::default() }, None).await
    }

    /// After a login: takes the token endpoint's reply as it came.
    ///
    /// ```no_run
    /// # async fn page(refresher: oauth_refresher::web::Refresher, reply: String) -> Result<(), Box<dyn std::error::Error>> {
    /// use oauth_refresher::core::record::Tokens;
    ///
    /// let tokens = Tokens::parse(&reply).ok_or("not a token response")?;
    /// refresher.set_tokens(tokens).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The tokens could not be stored, or another login or a sign-out came first.
    pub async fn set_tokens(&self, tokens: Tokens) -> Result<TokenSet, RefreshError> {
        self.driver().adopt(tokens).await
    }

    /// Forgets the tokens everywhere; with [`Revoke::Yes`] tells the server too (RFC 7009). A refresh in flight cannot bring them
    /// back.
    ///
    /// # Errors
    /// The storage could not be told: the tokens are gone here, and may come back from it. With [`Revoke::Yes`] and without the option
    /// `revocation_endpoint` the session is over here, and the error has the code
    /// [`ClientRejected`](super::ErrorCode::ClientRejected).
    pub async fn sign_out(&self, revoke: Revoke) -> Result<(), RefreshError> {
        self.driver().forget(revoke).await
    }

    /// `fetch` with the access token, for the `origins` of the options; on a refused token, one refresh and one retry. On Workers a
    /// redirect is handed back as it is, because the platform would carry the token to wherever it points.
    ///
    /// ```no_run
    /// # async fn page(refresher: oauth_refresher::web::Refresher) -> Result<(), Box<dyn std::error::Error>> {
    /// use oauth_refresher::web::FetchError;
    /// use web_sys::Request;
    ///
    /// let request = Request::new_with_str("https://api.example/notes").map_err(|_| "not a URL")?;
    /// match refresher.fetch(&request).await {
    ///     Ok(response) => println!("{}", response.status()),
    ///     Err(FetchError::Refresh(error)) if error.is_login_required() => println!("log in again"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An origin that is not listed, no token, or what `fetch` itself throws.
    pub async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        authorized(self.driver(), request).await
    }

    /// The tokens as they were last known, at once; never the refresh token.
    pub fn tokens(&self) -> Option<TokenSet> {
        self.driver().tokens()
    }

    /// The session in one word.
    pub fn state(&self) -> State {
        self.driver().state()
    }

    /// What the storage and the lock can do.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            cross_context_lock: self.driver().lock_reaches_everywhere(),
            conditional_save: self.driver().storage_compares(),
        }
    }

    /// Calls back at every event until the listener is dropped. The callback may call any method of the refresher.
    ///
    /// ```no_run
    /// # fn page(refresher: oauth_refresher::web::Refresher) {
    /// use oauth_refresher::web::Event;
    ///
    /// let listener = refresher.listen(|event| {
    ///     if let Event::SessionEnded { .. } = event {
    ///         println!("log in again");
    ///     }
    /// });
    /// listener.forget(); // or keep it: dropped, it no longer listens
    /// # }
    /// ```
    pub fn listen(&self, callback: impl Fn(&Event) + 'static) -> Listener {
        let listener = self.driver().listeners.listen(callback);
        self.driver().listen();
        listener
    }

    /// The events from now on, as a stream.
    ///
    /// ```no_run
    /// # async fn page(refresher: oauth_refresher::web::Refresher) {
    /// use oauth_refresher::web::Event;
    ///
    /// let mut events = refresher.events();
    /// while let Some(event) = events.next().await {
    ///     if let Event::TokenChanged { tokens, .. } = event {
    ///         println!("{}", if tokens.is_some() { "signed in" } else { "signed out" });
    ///     }
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> Events {
        let events = self.driver().listeners.stream();
        self.driver().listen();
        events
    }

    /// Timers, listeners and streams are gone; later calls fail with [`Closed`](super::ErrorCode::Closed).
    pub fn close(&self) {
        self.driver().close();
    }

    fn driver(&self) -> &Driver {
        &self.0 .0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Without tokens.
impl fmt::Debug for Refresher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Refresher").field("state", &self.state()).finish_non_exhaustive()
    }
}
