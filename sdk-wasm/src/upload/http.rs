//! PUT to the store by `XMLHttpRequest`: the one browser API that tells upload progress. Service workers
//! have none, and send by `fetch`.

use gloo_net::http::{Method, RequestBuilder};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{AbortSignal, Blob, ProgressEvent, RequestCache, RequestMode, XmlHttpRequest};
use windlass_core::upload::{PutAccepted, SignedUrl, StoreFailure};
use windlass_protocol::SignedHeaders;

/// Browsers open so many HTTP/1.1 connections to a host.
const CONNECTIONS_PER_HOST: usize = 6;
/// Of an error's body this much is read, in characters.
const ERROR_BODY_MOST: usize = 4_096;

/// Sends a blob. Progress is told in bytes handed to the network. Whatever ends it without an answer, a
/// stop from our side included, is [`StoreFailure::NoAnswer`].
pub(super) async fn put(
    request: &XmlHttpRequest,
    url: &SignedUrl,
    headers: &SignedHeaders,
    body: &Blob,
    on_sent: impl Fn(u64) + 'static,
) -> Result<PutAccepted, StoreFailure> {
    // `Fn`, for stopping the request from inside it may call it again.
    let on_progress =
        Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| on_sent(event.loaded() as u64));
    let begun = begin(request, url, headers, body, on_progress.as_ref().unchecked_ref());
    let ended = begun.map_err(|_| StoreFailure::NoAnswer)?;
    // `loadend` comes after load, error, abort and timeout alike, so the promise never rejects.
    JsFuture::from(ended).await.ok();
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(None);
    }
    let header = |name| header_of(request, name);
    match request.status().unwrap_or(0) {
        0 => Err(StoreFailure::NoAnswer),
        200..=299 => Ok(PutAccepted { etag: header("etag") }),
        status => {
            let body = request.response_text().ok().flatten().unwrap_or_default();
            Err(refused(status, &body, header("retry-after")))
        }
    }
}

/// The same where there is no `XMLHttpRequest`. Nobody tells how far it is.
pub(super) async fn put_by_fetch(
    url: &SignedUrl,
    headers: &SignedHeaders,
    body: &Blob,
    signal: &AbortSignal,
) -> Result<PutAccepted, StoreFailure> {
    let mut request = RequestBuilder::new(url.expose()).method(Method::PUT).abort_signal(Some(signal));
    for (name, value) in headers.iter().filter(|(name, _)| !is_set_by_browser(name)) {
        request = request.header(name, value);
    }
    let request = request.body(JsValue::from(body)).map_err(|_| StoreFailure::NoAnswer)?;
    let answer = request.send().await.map_err(|_| StoreFailure::NoAnswer)?;
    let header = |name| answer.headers().get(name);
    if answer.ok() {
        return Ok(PutAccepted { etag: header("etag") });
    }
    let retry_after = header("retry-after");
    Err(refused(answer.status(), &answer.text().await.unwrap_or_default(), retry_after))
}

/// Asks the host something over every connection that may lie open to it; answers whether it answered. Giving it
/// up closes those that have not answered.
pub(super) async fn try_connections(address: &str, signal: &AbortSignal) -> bool {
    let questions = (0..CONNECTIONS_PER_HOST).filter_map(|_| {
        let request = RequestBuilder::new(address).method(Method::HEAD).mode(RequestMode::NoCors);
        let request = request.cache(RequestCache::NoStore).abort_signal(Some(signal)).build().ok()?;
        // Whatever it answers, also where CORS hides that, has come over a connection that lives.
        Some(future_to_promise(async move { Ok(JsValue::from(request.send().await.is_ok())) }))
    });
    let answers = JsFuture::from(Promise::all(&questions.collect::<Array>())).await;
    answers.is_ok_and(|answers| Array::from(&answers).iter().any(|answer| answer.is_truthy()))
}

fn refused(status: u16, body: &str, retry_after: Option<String>) -> StoreFailure {
    let body: String = body.chars().take(ERROR_BODY_MOST).collect();
    StoreFailure::from_answer(status, &body, retry_after.as_deref())
}

/// A browser sets these itself and refuses to have them set (Fetch, "forbidden request-header").
fn is_set_by_browser(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("host")
}

fn begin(
    request: &XmlHttpRequest,
    url: &SignedUrl,
    headers: &SignedHeaders,
    body: &Blob,
    on_progress: &Function,
) -> Result<Promise, JsValue> {
    request.open("PUT", url.expose())?;
    for (name, value) in headers {
        if !is_set_by_browser(name) {
            request.set_request_header(name, value)?;
        }
    }
    request.upload()?.set_onprogress(Some(on_progress));
    let ended =
        Promise::new(&mut |resolve: Function, _reject: Function| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_blob(Some(body))?;
    Ok(ended)
}

/// A header the store lets us see. Asking for one by name would make the browser complain in the console
/// about those CORS hides.
fn header_of(request: &XmlHttpRequest, name: &str) -> Option<String> {
    let all = request.get_all_response_headers().ok()?;
    all.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
