//! The proxy as a whole: its fronts, its rules, its line.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::connection::Handle;
use crate::journal::{Journal, JournalEntry, lock};
use crate::link::{Link, OutageKind};
use crate::rule::{ActiveRule, InvalidRule, Rule, RuleReport, Seen, Verdict, judge};
use crate::shaper::Shaper;
use crate::{control, front, timeline};

/// Why the proxy cannot do as asked.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port to listen on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A rule that cannot be.
    #[error(transparent)]
    Rule(#[from] InvalidRule),
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub up: Shaper,
    pub down: Shaper,
    pub journal: Journal,
    /// Told of whenever all rules are replaced.
    rules_replaced: watch::Sender<()>,
    rules: Mutex<Vec<ActiveRule>>,
    link: Mutex<Link>,
    outage: Mutex<Option<(OutageKind, Instant)>>,
    connections: Mutex<Vec<Weak<Handle>>>,
}

impl Shared {
    /// What it meets, and what tells when the rules that say so are replaced.
    pub fn judge(&self, seen: &Seen<'_>) -> (Option<Verdict>, watch::Receiver<()>) {
        let mut rules = lock(&self.rules);
        let verdict = judge(&mut rules, seen);
        // Before others can come: who waits for them does not miss them, nor take those that it was judged by for others.
        (verdict, self.rules_replaced.subscribe())
    }

    pub fn link(&self) -> Link {
        lock(&self.link).clone()
    }

    /// The outage of this moment, and when it ends.
    pub fn outage(&self) -> Option<(OutageKind, Instant)> {
        lock(&self.outage).filter(|(_, until)| *until > Instant::now())
    }

    pub fn set_outage(&self, outage: Option<(OutageKind, Instant)>) {
        *lock(&self.outage) = outage;
    }

    pub fn connected(&self, handle: &Arc<Handle>) {
        let mut connections = lock(&self.connections);
        connections.retain(|known| known.strong_count() > 0);
        connections.push(Arc::downgrade(handle));
    }

    /// Does something to every open connection.
    pub fn each_connection(&self, act: impl Fn(&Handle)) {
        let open: Vec<_> = lock(&self.connections).iter().filter_map(Weak::upgrade).collect();
        open.iter().for_each(|handle| act(handle));
    }
}

/// A running proxy. Dropping it ends everything it serves.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
    timeline: Mutex<Option<AbortHandle>>,
    fronts: Mutex<BTreeMap<String, SocketAddr>>,
}

impl FaultProxy {
    /// A proxy without fronts, rules and faults.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::new(Shared {
                up: Shaper::default(),
                down: Shaper::default(),
                journal: Journal::new(),
                rules_replaced: watch::Sender::new(()),
                rules: Mutex::default(),
                link: Mutex::default(),
                outage: Mutex::default(),
                connections: Mutex::default(),
            }),
            tasks: Mutex::default(),
            timeline: Mutex::default(),
            fronts: Mutex::default(),
        })
    }

    /// Listens on `listen` (port 0 is any free one) and passes on to `upstream`, `host:port`, which need
    /// not be there yet. Answers where it listens.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn open_front(
        &self,
        name: &str,
        listen: SocketAddr,
        upstream: &str,
    ) -> Result<SocketAddr, ProxyError> {
        let (listener, address) = bind(listen).await?;
        let served = front::serve(listener, name.to_owned(), upstream.to_owned(), Arc::clone(&self.shared));
        lock(&self.tasks).spawn(served);
        lock(&self.fronts).insert(name.to_owned(), address);
        Ok(address)
    }

    /// Serves the control API on `listen`, and answers where that is.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn open_control(self: &Arc<Self>, listen: SocketAddr) -> Result<SocketAddr, ProxyError> {
        let (listener, address) = bind(listen).await?;
        lock(&self.tasks).spawn(control::serve(listener, Arc::downgrade(self)));
        Ok(address)
    }

    /// Where each front listens.
    pub fn fronts(&self) -> BTreeMap<String, SocketAddr> {
        lock(&self.fronts).clone()
    }

    /// Replaces all rules.
    ///
    /// # Errors
    /// When one of them means nothing; then nothing changes.
    pub fn set_rules(&self, rules: Vec<Rule>) -> Result<(), ProxyError> {
        let rules = rules.into_iter().map(ActiveRule::new).collect::<Result<Vec<_>, _>>()?;
        let mut known = lock(&self.shared.rules);
        *known = rules;
        self.shared.rules_replaced.send_replace(());
        Ok(())
    }

    /// Adds a rule after the others.
    ///
    /// # Errors
    /// When it means nothing.
    pub fn add_rule(&self, rule: Rule) -> Result<(), ProxyError> {
        let rule = ActiveRule::new(rule)?;
        lock(&self.shared.rules).push(rule);
        Ok(())
    }

    /// The rules, and how often each met a request.
    pub fn rules(&self) -> Vec<RuleReport> {
        lock(&self.shared.rules).iter().map(ActiveRule::report).collect()
    }

    /// Everything goes over this line from now on; its times count from now.
    pub fn set_link(&self, link: Link) {
        if let Some(before) = lock(&self.timeline).take() {
            before.abort();
        }
        self.shared.set_outage(None);
        self.shared.up.set(link.up_bits_per_s);
        self.shared.down.set(link.down_bits_per_s);
        *lock(&self.shared.link) = link.clone();
        let task = lock(&self.tasks).spawn(timeline::run(link, Arc::clone(&self.shared)));
        *lock(&self.timeline) = Some(task);
    }

    /// The line everything goes over.
    pub fn link(&self) -> Link {
        self.shared.link()
    }

    /// All open connections are reset.
    pub fn reset_connections(&self) {
        self.shared.each_connection(Handle::reset);
    }

    /// All open connections fall silent for ever; new ones work.
    pub fn silence_connections(&self) {
        self.shared.each_connection(Handle::silence);
    }

    /// What passed since the request of that id; 0 is everything.
    pub fn requests_after(&self, id: u64) -> Vec<JournalEntry> {
        self.shared.journal.after(id)
    }

    /// Forgets what passed.
    pub fn forget_requests(&self) {
        self.shared.journal.forget();
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ProxyError> {
    let failed = |source| ProxyError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
