//! The proxy before a real upstream on a real socket: each fault is what it says it is, seen from both ends.
#![allow(clippy::unwrap_used, reason = "in a test a failure is the message")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use fault_proxy::{Fault, FaultProxy, Link, Outcome, Rule};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What reached the upstream: its `Host`, and its body.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

struct Scene {
    proxy: Arc<FaultProxy>,
    url: String,
    received: Received,
    client: reqwest::Client,
}

/// An upstream that keeps what it gets and answers `stored` with an ETag, or nothing to nothing, and a proxy before it.
async fn scene(rules: Vec<Rule>) -> Scene {
    let received = Received::default();
    let router = Router::new().fallback(keep).with_state(Arc::clone(&received));
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let upstream = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let proxy = FaultProxy::new();
    let address = proxy.open_front("store", LOOPBACK, &upstream.to_string()).await.unwrap();
    proxy.set_rules(rules).unwrap();
    let client = reqwest::Client::builder().retry(reqwest::retry::never()).build().unwrap();
    Scene { proxy, url: format!("http://{address}"), received, client }
}

async fn keep(
    State(received): State<Received>,
    headers: HeaderMap,
    body: Bytes,
) -> ([(&'static str, &'static str); 1], &'static str) {
    let host = headers.get("host").unwrap().to_str().unwrap().to_owned();
    let answer = if body.is_empty() { "" } else { "stored" };
    received.lock().unwrap().push((host, body.to_vec()));
    ([("etag", "\"e\"")], answer)
}

impl Scene {
    async fn put(&self, size_bytes: usize) -> reqwest::Result<(u16, Option<String>, String)> {
        let url = format!("{}/b/k?partNumber=1&X-Amz-Signature=secret", self.url);
        let answer = self.client.put(url).body(vec![7_u8; size_bytes]).send().await?;
        let etag = answer.headers().get("etag").map(|value| value.to_str().unwrap().to_owned());
        Ok((answer.status().as_u16(), etag, answer.text().await?))
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    fn outcome(&self) -> Outcome {
        self.proxy.requests_after(0).last().unwrap().outcome
    }
}

fn once(fault: Fault) -> Vec<Rule> {
    vec![Rule { nth: Some(1), ..Rule::always(fault) }]
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_named_and_the_exchange_has_its_end() {
    let scene = scene(Vec::new()).await;
    // A port that is taken and not listened on: nobody else is given it meanwhile.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind(LOOPBACK).unwrap();
    let nobody = taken.local_addr().unwrap();
    let front = scene.proxy.open_front("service", LOOPBACK, &nobody.to_string()).await.unwrap();
    assert!(scene.client.get(format!("http://{front}/x")).send().await.is_err());
    let [entry] = scene.proxy.requests_after(0).try_into().unwrap();
    assert_eq!((entry.outcome, entry.upstream_status, entry.status), (Outcome::UpstreamFailed, None, None));
    assert!(entry.ended_ms.is_some_and(|ended_ms| ended_ms >= entry.started_ms), "{entry:?}");
}

#[tokio::test]
async fn without_a_rule_everything_passes_and_is_counted() {
    let scene = scene(Vec::new()).await;
    assert_eq!(scene.put(100_000).await.unwrap(), (200, Some("\"e\"".into()), "stored".into()));
    let host = scene.received.lock().unwrap()[0].0.clone();
    assert_eq!(format!("http://{host}"), scene.url, "a signature over Host stays good");
    let [entry] = scene.proxy.requests_after(0).try_into().unwrap();
    assert_eq!((entry.request_bytes, entry.status), (100_000, Some(200)));
    assert_eq!(entry.query, "partNumber=1");
}

#[tokio::test]
async fn a_dropped_answer_is_work_done_and_a_dropped_request_is_none() {
    for (fault, arrived) in [(Fault::DropAfter, 1), (Fault::DropBefore, 0)] {
        let scene = scene(once(fault)).await;
        assert!(scene.put(50_000).await.is_err());
        assert_eq!((scene.bodies().len(), scene.outcome()), (arrived, Outcome::Cut));
        assert!(scene.put(10).await.is_ok(), "the next one passes");
    }
}

#[tokio::test]
async fn a_reset_anywhere_never_lets_the_whole_body_through() {
    for at in [0.0, 0.5, 1.0] {
        let scene = scene(once(Fault::Reset { at })).await;
        assert!(scene.put(300_000).await.is_err(), "{at}");
        assert!(scene.bodies().is_empty(), "{at}");
    }
}

#[tokio::test]
async fn a_stall_lasts_as_long_as_it_says() {
    let scene = scene(once(Fault::Stall { at: 0.5, for_ms: Some(300) })).await;
    let started = Instant::now();
    scene.put(200_000).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(scene.bodies(), [vec![7; 200_000]]);
    scene.proxy.set_rules(vec![Rule::always(Fault::Stall { at: 0.0, for_ms: None })]).unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), scene.put(10)).await;
    assert!(waited.is_err(), "for ever is longer than this test waits");
}

#[tokio::test]
async fn bytes_are_flipped_cut_and_sent_twice_as_asked() {
    let flipped = scene(once(Fault::FlipRequest { at: 1.0 })).await;
    flipped.put(1_000).await.unwrap();
    assert_eq!(flipped.bodies()[0].iter().filter(|byte| **byte != 7).count(), 1);

    let cut = scene(once(Fault::TruncateRequest { at: 0.5 })).await;
    cut.put(1_000).await.unwrap();
    assert_eq!(cut.bodies(), [vec![7; 500]]);

    let twice = scene(once(Fault::Duplicate { times: 2 })).await;
    assert_eq!(twice.put(1_000).await.unwrap().2, "stored");
    assert_eq!(twice.bodies().len(), 2);

    let short = scene(once(Fault::TruncateResponse { at: 0.5 })).await;
    assert!(short.put(10).await.is_err());
    let bare = scene(once(Fault::TruncateResponse { at: 0.0 })).await;
    assert!(bare.put(0).await.is_err(), "an answer without a body breaks off as well");
    let wrong = scene(once(Fault::FlipResponse { at: 0.0 })).await;
    assert_eq!(wrong.put(10).await.unwrap().2, "rtored");
}

#[tokio::test]
async fn what_is_held_passes_when_the_rules_are_replaced() {
    let scene = scene(vec![Rule::always(Fault::Hold)]).await;
    let released = async {
        while scene.proxy.requests_after(0).is_empty() {
            tokio::task::yield_now().await;
        }
        // What is not held is at the upstream by then.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(scene.bodies().is_empty());
        scene.proxy.set_rules(Vec::new()).unwrap();
    };
    let (sent, ()) = tokio::join!(scene.put(10), released);
    assert_eq!(sent.unwrap().0, 200);
    assert_eq!(scene.bodies(), [vec![7; 10]]);
}

/// An answer without end: a byte now and then, as a stream of events.
async fn stream() -> axum::body::Body {
    struct Endless(tokio::time::Interval);
    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            let next = self.0.poll_tick(context);
            next.map(|_| Some(Ok(http_body::Frame::data(Bytes::from_static(b".")))))
        }
    }
    axum::body::Body::new(Endless(tokio::time::interval(Duration::from_millis(10))))
}

#[tokio::test]
async fn a_stream_flows_for_as_long_as_it_says_and_is_cut_then() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let upstream = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(stream)).await });
    let proxy = FaultProxy::new();
    let address = proxy.open_front("service", LOOPBACK, &upstream.to_string()).await.unwrap();
    proxy.set_rules(vec![Rule::always(Fault::CutResponse { after_ms: 400 })]).unwrap();
    let began = Instant::now();
    let mut answer = reqwest::get(format!("http://{address}/events")).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "it begins as ever");
    let mut received = 0;
    let cut = loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => received += bytes.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(cut, "the connection is closed, and not the answer ended");
    assert!(received > 0, "what came before was passed on");
    assert!(began.elapsed() >= Duration::from_millis(400), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn answers_are_made_up_and_rewritten() {
    let scene = scene(vec![
        Rule {
            nth: Some(1),
            ..Rule::always(Fault::Respond {
                status: 503,
                retry_after_s: Some(7),
                headers: Default::default(),
                body: "SlowDown".into(),
            })
        },
        Rule::always(Fault::Rewrite {
            status: None,
            remove_headers: vec!["ETag".into()],
            set_headers: Default::default(),
            body: Some("<Error/>".into()),
        }),
    ])
    .await;
    assert_eq!(scene.put(10).await.unwrap(), (503, None, "SlowDown".into()));
    assert!(scene.bodies().is_empty());
    assert_eq!(scene.put(10).await.unwrap(), (200, None, "<Error/>".into()));
    assert_eq!(scene.bodies().len(), 1);
}

#[tokio::test]
async fn white_space_keeps_the_client_waiting_and_the_answer_follows() {
    let scene = scene(once(Fault::Whitespace { for_ms: 1_200 })).await;
    let (status, _, text) = scene.put(10).await.unwrap();
    assert_eq!(status, 200);
    assert!(text.starts_with("<?xml") && text.ends_with(" stored"), "{text:?}");
}

#[tokio::test]
async fn a_line_has_a_speed_and_a_length() {
    let scene = scene(Vec::new()).await;
    let link = Link { up_bits_per_s: Some(4_000_000), round_trip_ms: 100, ..Link::default() };
    scene.proxy.set_link(link);
    let started = Instant::now();
    scene.put(250_000).await.unwrap(); // half a second, and two round trips
    let took_ms = started.elapsed().as_millis();
    // How much more than that is for the shaper's own tests, in which time does not depend on the machine.
    assert!((600..30_000).contains(&took_ms), "{took_ms}");
}

#[tokio::test]
async fn who_goes_away_is_missed_at_once_however_slow_the_line_is() {
    // An upstream that answers nothing.
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let upstream = listener.local_addr().unwrap();
    let proxy = FaultProxy::new();
    let address = proxy.open_front("store", LOOPBACK, &upstream.to_string()).await.unwrap();
    // What comes next would be read minutes later.
    proxy.set_link(Link { up_bits_per_s: Some(1), ..Link::default() });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"PUT /b/k HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody").await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        while proxy.requests_after(0).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(client);
        while proxy.requests_after(0).iter().any(|entry| entry.outcome == Outcome::Open) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(ended.await.is_ok(), "it is still waited for");
    let [entry] = proxy.requests_after(0).try_into().unwrap();
    assert_eq!((entry.outcome, entry.status), (Outcome::Gone, None));
}

#[tokio::test]
async fn what_is_open_is_reset_or_silenced_and_new_connections_work() {
    let scene =
        scene(vec![Rule { nth: Some(1), ..Rule::always(Fault::Stall { at: 0.0, for_ms: None }) }]).await;
    let arrived = async {
        while scene.proxy.requests_after(0).is_empty() {
            tokio::task::yield_now().await;
        }
        scene.proxy.reset_connections();
    };
    let (sent, ()) = tokio::join!(scene.put(10), arrived);
    assert!(sent.is_err());
    scene.put(10).await.unwrap();
    scene.proxy.silence_connections();
    let waited = tokio::time::timeout(Duration::from_millis(300), scene.put(10)).await;
    assert!(waited.is_err(), "the kept connection is a zombie");
    let fresh = reqwest::Client::new().get(&scene.url).send().await.unwrap();
    assert_eq!(fresh.status().as_u16(), 200);
}

#[tokio::test]
async fn another_program_scripts_it_over_http() {
    let scene = scene(Vec::new()).await;
    let control = format!("http://{}", scene.proxy.open_control(LOOPBACK).await.unwrap());
    let rule = r#"{"method":"PUT","query":"partNumber=1(&|$)","nth":1,"fault":{"kind":"drop_before"}}"#;
    let post = |path: &str, body: &str| {
        let request = scene.client.post(format!("{control}{path}"));
        request.header("content-type", "application/json").body(body.to_owned()).send()
    };
    assert_eq!(post("/rules", rule).await.unwrap().status().as_u16(), 204);
    assert_eq!(post("/rules", r#"{"nth":0,"fault":{"kind":"pass"}}"#).await.unwrap().status().as_u16(), 400);
    assert!(scene.put(10).await.is_err());
    let rules = scene.client.get(format!("{control}/rules")).send().await.unwrap().text().await.unwrap();
    assert!(rules.contains("\"met\":1"), "{rules}");
    let asked = scene.client.get(format!("{control}/requests?after=0")).send().await.unwrap();
    let entries: Vec<serde_json::Value> = asked.json().await.unwrap();
    assert_eq!(entries[0]["outcome"], "cut");
    assert_eq!(entries[0]["request_bytes"], 10);
    let link = scene.client.put(format!("{control}/link")).header("content-type", "application/json");
    let set: serde_json::Value =
        link.body(r#"{"preset":"bad","seed":1}"#).send().await.unwrap().json().await.unwrap();
    assert_eq!(set["up_bits_per_s"], 2_000_000);
}
