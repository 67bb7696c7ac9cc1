//! Token requests on their way: to the server, and back, if at all.

use oauth_refresher::core::machine::{EffectId, Input, Sent};
use oauth_refresher::core::oauth::request::Values;
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::policy::MARGIN;
use oauth_refresher::core::secret::Secret;

use crate::context::{Arrival, Ends};
use crate::driver::take;
use crate::queue::Moment;
use crate::script::RequestFate;
use crate::server::{name, token, End, Issued, Refused, Token};
use crate::world::{Happening, World};

/// A token request.
#[derive(Clone, Debug)]
pub struct Request {
    pub context: usize,
    pub life: u32,
    pub order: EffectId,
    pub token: Token,
    pub sent_at: Moment,
    pub fate: Option<RequestFate>,
    /// Its sender died before it left.
    pub dropped: bool,
    /// The server made this of it.
    pub issued: Option<Issued>,
    pub refused: Option<Refused>,
    /// The driver told the machine how it ended.
    pub reported: bool,
    /// The driver told the machine that nothing came in time.
    pub timed_out: bool,
    /// The reply came while it was waited for.
    pub heard: bool,
}

impl Request {
    /// Its sender knows that the refresh token still works.
    pub fn left_it_unspent(&self) -> bool {
        // What came late came all the same.
        let known = matches!(
            self.fate,
            Some(RequestFate::UnknownType | RequestFate::LateReply(_) | RequestFate::LateRequest(_))
        );
        let hidden = self.hides_its_outcome() && !known;
        if let (Some(issued), true, false) = (self.issued, self.reported, hidden || self.timed_out) {
            return issued.refresh.is_none_or(|refresh| refresh == self.token);
        }
        let harmless = matches!(
            self.fate,
            Some(RequestFate::Unsent | RequestFate::Busy(..) | RequestFate::InvalidClient | RequestFate::WantsNonce)
        );
        harmless && self.reported && !self.timed_out
    }

    /// The sender cannot know, or not in time, what the server did.
    pub fn hides_its_outcome(&self) -> bool {
        use RequestFate::*;
        let late = matches!(self.fate, Some(LateReply(_) | LateRequest(_))) && !self.heard;
        let hidden = matches!(
            self.fate,
            Some(LostAfter | SilentAfter | ErrorAfter(_) | Truncated | InvalidTarget | UnknownType)
        );
        self.timed_out || late || hidden
    }
}

impl World {
    pub fn send(&mut self, context: usize, order: EffectId) {
        let values = Values::new("https://as.example/token", String::new(), Default::default(), Default::default());
        let sent = self.contexts[context].machine.request(&values).ok().and_then(|request| request.body);
        let Some(token) = sent.as_ref().and_then(|body| refresh_token_in(body.reveal())) else {
            return self.breaks("a request carries a refresh token", format!("c{context} [{order}]"));
        };
        let fate = take(&mut self.fates.requests);
        self.say(|_| match fate {
            Some(fate) => format!("c{context}    sends {} ({fate:?})", name("rt", token)),
            None => format!("c{context}    sends {}", name("rt", token)),
        });
        self.check_send(context, token);
        let index = self.requests.len();
        self.requests.push(Request {
            context,
            life: self.contexts[context].life,
            order,
            token,
            sent_at: self.now,
            fate,
            dropped: false,
            issued: None,
            refused: None,
            reported: false,
            timed_out: false,
            heard: false,
        });
        let timeout = self.history.setup.timeout;
        let patient = self.history.setup.patient;
        let there = self.now + self.delay(self.history.setup.latency.network);
        match fate {
            Some(RequestFate::Unsent) => self.report(index, there, Input::Unreachable(order, Sent::Provably)),
            Some(RequestFate::LostBefore) => self.report(index, there, Input::Unreachable(order, Sent::Perhaps)),
            Some(RequestFate::SilentBefore) => {}
            Some(RequestFate::LateRequest(late)) => {
                self.queue.plan(self.now + timeout + late, Happening::AtServer(index));
            }
            _ => self.queue.plan(there, Happening::AtServer(index)),
        }
        if !patient {
            self.report(index, self.now + timeout, Input::Unreachable(order, Sent::TimedOut));
        }
    }

    /// A request is at the server.
    pub fn arrive(&mut self, index: usize) {
        use RequestFate::*;
        if self.requests[index].dropped {
            return;
        }
        let Request { token, fate, order, sent_at, .. } = self.requests[index].clone();
        let html = || Some("<html>Gateway = down</html>".to_owned());
        let said = |code: &str| Some(format!(r#"{{"error":"{code}"}}"#));
        let early = match fate {
            Some(ErrorBefore(status)) => Some((status, html(), None)),
            Some(Busy(status, seconds)) => Some((status, None, Some(seconds.to_string()))),
            Some(Html) => Some((200, html(), None)),
            Some(InvalidClient) => Some((401, said("invalid_client"), None)),
            Some(WantsNonce) => Some((400, said("use_dpop_nonce"), None)),
            _ => None,
        };
        let back = self.now + self.delay(self.history.setup.latency.network);
        if let Some((status, body, retry_after)) = early {
            return self.reply(index, back, status, body, retry_after);
        }
        let outcome = self.server.exchange(self.now, token);
        if fate == Some(SomebodyElse) && outcome.is_ok() {
            return self.mix_up(index, back);
        }
        self.say(|_| match outcome {
            Ok(issued) => format!(
                "server: {} brings {} {}",
                name("rt", token),
                name("at", issued.access),
                issued.refresh.map_or(String::new(), |refresh| name("rt", refresh))
            ),
            Err(refused) => format!("server: refuses {} ({:?})", name("rt", token), refused.0),
        });
        let (mut status, mut body) = match outcome {
            Ok(issued) => {
                self.requests[index].issued = Some(issued);
                (200, Some(self.server.reply(issued)))
            }
            Err(refused) => {
                self.requests[index].refused = Some(refused);
                self.past.refused = true;
                self.check_refusal(index, refused);
                (400, said("invalid_grant"))
            }
        };
        match fate {
            Some(LostAfter) => return self.report(index, back, Input::Unreachable(order, Sent::Perhaps)),
            Some(SilentAfter) => return,
            Some(LateReply(late)) => {
                let at = (sent_at + self.history.setup.timeout + late).max(back);
                return self.reply(index, at, status, body, None);
            }
            Some(ErrorAfter(code)) => (status, body) = (code, html()),
            Some(Truncated) => body = None,
            Some(InvalidTarget) if outcome.is_ok() => (status, body) = (400, said("invalid_target")),
            Some(UnknownType) => body = body.map(|body| body.replace("Bearer", "mac")),
            _ => {}
        }
        self.reply(index, back, status, body, None);
    }

    /// The reply is of another login: no context may show or store anything of it.
    fn mix_up(&mut self, index: usize, back: Moment) {
        let token = self.requests[index].token;
        let strangers = self.server.mix_up(self.now, token);
        self.say(|_| {
            format!("server: {} brings {}, of another person", name("rt", token), name("at", strangers.access))
        });
        self.past.strangers.insert(strangers.access.family);
        self.past.refused = true;
        self.requests[index].refused = Some(Refused(End::Administrator));
        let body = self.server.reply(strangers);
        self.reply(index, back, 200, Some(body), None);
    }

    fn reply(&mut self, index: usize, at: Moment, status: u16, body: Option<String>, retry_after: Option<String>) {
        let reply = Reply { status, body: body.map(Secret::new), retry_after, date: None };
        self.report(index, at, Input::Replied(self.requests[index].order, reply));
    }

    fn report(&mut self, index: usize, at: Moment, input: Input) {
        let Request { context, life, .. } = self.requests[index];
        let arrival = Arrival { input, ends: Ends::Request(index) };
        self.queue.plan(at, Happening::Arrival(context, life, arrival));
    }

    /// The driver learned how a request ended, and tells the machine.
    pub fn request_ends(&mut self, index: usize, input: &Input) {
        self.requests[index].timed_out = matches!(input, Input::Unreachable(_, Sent::TimedOut));
        let Request { context, token, sent_at, .. } = self.requests[index];
        let observed = &mut self.contexts[context].observed;
        let Input::Replied(_, reply) = input else { return };
        let body = reply.body.as_ref().map_or("", |body| body.reveal());
        // Later than that no context waits for it.
        let waited_for = self.now < sent_at + self.history.setup.timeout + MARGIN.as_millis();
        // A clock that was set meanwhile says something else of that time.
        let heard = waited_for && observed.clock_set_at.is_none_or(|at| at < sent_at);
        self.requests[index].heard = heard;
        let refused = self.requests[index].refused.is_some();
        if heard && (body.contains("invalid_grant") || refused && body.contains("access_token")) {
            observed.ended_tokens.push(token);
        }
        if body.contains("access_token") {
            let successor = self.requests[index].issued.and_then(|issued| issued.refresh);
            let kept = heard && observed.decided_at.is_none_or(|at| at < sent_at);
            if kept && successor.is_some_and(|successor| successor != token) {
                observed.replaced.push(token);
            }
            observed.requests.retain(|at| *at != sent_at);
        }
    }

    /// A context still waits for its reply.
    pub fn is_open(&self, request: &Request) -> bool {
        let context = &self.contexts[request.context];
        let patience = self.history.setup.timeout + MARGIN.as_millis();
        context.is_alive(request.life) && !request.reported && self.now < request.sent_at + patience
    }
}

fn refresh_token_in(body: &str) -> Option<Token> {
    body.split('&').find_map(|pair| token(pair.strip_prefix("refresh_token=")?))
}
