//! One request and its answer, with the fault it meets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header, request};
use http_body::Body as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::sleep;

use crate::connection::Handle;
use crate::fault::{Fault, Share};
use crate::journal::{Entry, Outcome};
use crate::proxy::Shared;
use crate::rule::{Seen, Verdict};
use crate::tampered::{Tamper, Tampered, Way};
use crate::trickle::Trickle;
use crate::upstream::{self, BoxError, Guard, end_to_end};

type ProxyBody = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Result<Response<ProxyBody>, Cut>;

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed on purpose")]
pub(crate) struct Cut;

/// Who talks to whom.
pub(crate) struct Exchange {
    pub front: Arc<str>,
    pub upstream: Arc<str>,
    pub connection: Arc<Handle>,
    pub shared: Arc<Shared>,
}

/// Whoever drops the exchange before its end has gone away.
struct OnTheWay(Arc<Entry>);

impl Drop for OnTheWay {
    fn drop(&mut self) {
        self.0.end(Outcome::Gone);
    }
}

impl Exchange {
    pub async fn run(self, request: Request<Incoming>) -> Answer {
        let (mut head, body) = request.into_parts();
        let entry = self.shared.journal.begin(&self.front, &head);
        let on_the_way = OnTheWay(Arc::clone(&entry));
        let (verdict, mut replaced) = self.shared.judge(&Seen {
            front: &self.front,
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
        });
        let Verdict { delay_ms, fault } = verdict.unwrap_or(Verdict { delay_ms: 0, fault: Fault::Pass });
        if fault != Fault::Pass {
            entry.change(|entry| entry.fault = Some(fault.clone()));
        }
        sleep(Duration::from_millis(delay_ms)).await;
        if fault == Fault::Hold {
            // Who tells of it lives as long as this does.
            let _ = replaced.changed().await;
        }
        end_to_end(&mut head.headers);
        let answer = self.answer(&entry, head, body, fault).await;
        sleep(Duration::from_millis(self.shared.link().round_trip_ms)).await;
        match &answer {
            Ok(response) => entry.change(|entry| entry.status = Some(response.status().as_u16())),
            Err(Cut) => entry.end(Outcome::Cut),
        }
        entry.end(Outcome::Answered);
        drop(on_the_way);
        answer
    }

    async fn answer(&self, entry: &Arc<Entry>, head: request::Parts, body: Incoming, fault: Fault) -> Answer {
        let request = Passing { exchange: self, entry, size_bytes: size_of(&head), head, body };
        match fault {
            Fault::Pass | Fault::Hold => request.pass(Tamper::Nothing).await,
            Fault::Respond { status, retry_after_s, headers, body } => {
                request.read().await?;
                let mut response = Response::new(full(body));
                set_status(&mut response, status)?;
                let headers = headers.into_iter().chain(retry_after_s.map(retry_after));
                set_headers(&mut response, headers)?;
                Ok(response)
            }
            Fault::DropBefore => request.read().await.and(Err(Cut)),
            Fault::DropAfter => request.pass(Tamper::Nothing).await.and(Err(Cut)),
            Fault::Reset { at } => {
                let limit = byte_at(at, request.size_bytes).min(request.size_bytes.saturating_sub(1));
                let connection = Arc::clone(&self.connection);
                if request.size_bytes == 0 {
                    connection.reset();
                    return Err(Cut);
                }
                request.pass(Tamper::Reset(limit, connection)).await
            }
            Fault::Stall { at, for_ms } => {
                let how_long = for_ms.map(Duration::from_millis);
                let limit = byte_at(at, request.size_bytes);
                if request.size_bytes > 0 {
                    return request.pass(Tamper::Stall(limit, how_long)).await;
                }
                match how_long {
                    Some(how_long) => sleep(how_long).await,
                    None => std::future::pending().await,
                }
                request.pass(Tamper::Nothing).await
            }
            Fault::TruncateRequest { at } => {
                let limit = byte_at(at, request.size_bytes) as usize;
                request.pass_read(1, |bytes| bytes.slice(..limit.min(bytes.len()))).await
            }
            Fault::FlipRequest { at } => {
                let last = request.size_bytes.saturating_sub(1);
                let byte = byte_at(at, request.size_bytes).min(last);
                request.pass(Tamper::Flip(byte)).await
            }
            Fault::Duplicate { times } => request.pass_read(times.max(1), Bytes::clone).await,
            Fault::TruncateResponse { at } => request.pass_truncated(at).await,
            Fault::FlipResponse { at } => {
                request.pass_back(|size| Tamper::Flip(byte_at(at, size).min(size.saturating_sub(1)))).await
            }
            Fault::CutResponse { after_ms } => {
                let after = Duration::from_millis(after_ms);
                request.pass_back(|_| Tamper::BreakAfter(Box::pin(sleep(after)))).await
            }
            Fault::Rewrite { status, remove_headers, set_headers: set, body } => {
                let mut response = request.pass(Tamper::Nothing).await?;
                if let Some(status) = status {
                    set_status(&mut response, status)?;
                }
                remove_headers.iter().for_each(|name| {
                    response.headers_mut().remove(name.as_str());
                });
                if let Some(text) = body {
                    response.headers_mut().remove(header::CONTENT_LENGTH);
                    *response.body_mut() = full(text);
                }
                set_headers(&mut response, set)?;
                Ok(response)
            }
            Fault::Whitespace { for_ms } => request.pass_whitespace(Duration::from_millis(for_ms)).await,
        }
    }
}

/// A request on its way to the upstream.
struct Passing<'a> {
    exchange: &'a Exchange,
    entry: &'a Arc<Entry>,
    head: request::Parts,
    body: Incoming,
    size_bytes: u64,
}

impl Passing<'_> {
    /// Reads the whole body, and passes nothing on.
    async fn read(self) -> Result<(request::Parts, Bytes), Cut> {
        let body = Tampered::new(self.body, Way::Request, Arc::clone(self.entry), Tamper::Nothing, None);
        let bytes = body.collect().await.map_err(|_| Cut)?.to_bytes();
        Ok((self.head, bytes))
    }

    async fn pass(self, tamper: Tamper) -> Answer {
        let (entry, exchange) = (self.entry, self.exchange);
        let body = Tampered::new(self.body, Way::Request, Arc::clone(entry), tamper, None);
        let sent = upstream::send(&exchange.upstream, Request::from_parts(self.head, body)).await;
        answered(entry, sent).map(|(response, guard)| passed_back(entry, response, guard, Tamper::Nothing))
    }

    /// Passes the request, and tampers with the answer, whose size decides how.
    async fn pass_back(self, tamper: impl FnOnce(u64) -> Tamper) -> Answer {
        let (entry, exchange) = (self.entry, self.exchange);
        let body = Tampered::new(self.body, Way::Request, Arc::clone(entry), Tamper::Nothing, None);
        let sent = upstream::send(&exchange.upstream, Request::from_parts(self.head, body)).await;
        let (response, guard) = answered(entry, sent)?;
        let size = response.body().size_hint().exact().unwrap_or_default();
        Ok(passed_back(entry, response, guard, tamper(size)))
    }

    /// Passes the request; of the answer's body less than it claims.
    async fn pass_truncated(self, at: Share) -> Answer {
        let entry = self.entry;
        let mut response = self.pass_back(|size| Tamper::Break(byte_at(at, size))).await?;
        if response.body().size_hint().exact() == Some(0) {
            let claimed = Full::new(Bytes::from_static(b" "));
            let body = Tampered::new(claimed, Way::Response, Arc::clone(entry), Tamper::Break(0), None);
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = UnsyncBoxBody::new(body);
        }
        Ok(response)
    }

    /// Reads the whole request, and passes it on as often as asked, changed; the first answer is passed back.
    async fn pass_read(self, times: u32, change: impl FnOnce(&Bytes) -> Bytes) -> Answer {
        let (entry, exchange) = (self.entry, self.exchange);
        let (mut head, bytes) = self.read().await?;
        let bytes = change(&bytes);
        if head.headers.contains_key(header::CONTENT_LENGTH) {
            head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        }
        let mut first = None;
        for _ in 0..times {
            let request = Request::from_parts(head.clone(), full(bytes.clone()));
            let (response, _guard) = answered(entry, upstream::send(&exchange.upstream, request).await)?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
            first.get_or_insert(Response::from_parts(parts, full(body)));
        }
        first.ok_or(Cut)
    }

    /// Answers at once, and keeps the client waiting in the body.
    async fn pass_whitespace(self, how_long: Duration) -> Answer {
        let (entry, upstream) = (Arc::clone(self.entry), Arc::clone(&self.exchange.upstream));
        let (head, bytes) = self.read().await?;
        let answer = async move {
            let sent = upstream::send(&upstream, Request::from_parts(head, full(bytes))).await;
            let (response, _guard) = answered(&entry, sent)?;
            response.into_body().collect().await.map(|body| body.to_bytes()).map_err(|_| Cut)
        };
        let mut response = Response::new(UnsyncBoxBody::new(Trickle::before(answer, how_long)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        Ok(response)
    }
}

type Answered = Result<(Response<Incoming>, Guard), Cut>;

fn answered(entry: &Entry, sent: Result<(Response<Incoming>, Guard), BoxError>) -> Answered {
    match &sent {
        Ok((response, _)) => entry.change(|entry| entry.upstream_status = Some(response.status().as_u16())),
        Err(_) => {
            // A fault in the request's body is no failure of the upstream.
            let mut meets_a_fault = false;
            entry.change(|known| meets_a_fault = known.fault.is_some());
            if !meets_a_fault {
                entry.end(Outcome::UpstreamFailed);
            }
        }
    }
    sent.map_err(|_| Cut)
}

fn passed_back(
    entry: &Arc<Entry>,
    response: Response<Incoming>,
    guard: Guard,
    tamper: Tamper,
) -> Response<ProxyBody> {
    response.map(|body| {
        UnsyncBoxBody::new(Tampered::new(body, Way::Response, Arc::clone(entry), tamper, Some(guard)))
    })
}

fn size_of(head: &request::Parts) -> u64 {
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn byte_at(at: Share, size_bytes: u64) -> u64 {
    (at * size_bytes as f64) as u64
}

fn full(bytes: impl Into<Bytes>) -> ProxyBody {
    UnsyncBoxBody::new(Full::new(bytes.into()).map_err(|never| match never {}))
}

fn retry_after(seconds: u64) -> (String, String) {
    ("retry-after".to_owned(), seconds.to_string())
}

/// Statuses are checked when the rule is made.
fn set_status(response: &mut Response<ProxyBody>, status: u16) -> Result<(), Cut> {
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| Cut)?;
    Ok(())
}

fn set_headers(
    response: &mut Response<ProxyBody>,
    headers: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Cut> {
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|_| Cut)?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|_| Cut)?);
    }
    Ok(())
}
