//! Connections that a browser keeps open between requests.
//!
//! Where one connection has fallen silent (another cell, a router that forgot), those that lie idle have
//! too, and nobody can tell: the next request goes over one of them and waits in vain, and after it the
//! next one. So before anything is sent again they are all tried at once with small questions; what does
//! not answer is closed by giving the question up, and what comes next begins on a connection that lives.

use super::answer_times::{LEAST_MS, Wait};
use super::barred::Barred;
use super::command::{Server, Work};
use super::engine::Engine;
use super::jobs::Job;

/// Whoever has not answered a small question by then is not waited for, in milliseconds. Connections that
/// are merely slow are closed with the others, which costs opening new ones.
pub(super) const TRIAL_MS: u64 = 1_000;

impl Engine {
    /// A connection has fallen silent: the others are tried. Those to both hosts lead over the same network.
    pub(super) fn suspect_connections(&mut self) {
        for server in [Server::Store, Server::Service] {
            if !self.is_trying(server) {
                self.start(Job::Try(server), Work::TryConnections(server), 0);
            }
        }
        // What was asked before may have gone the same way: it is not waited for as long as it might have been.
        let latest_ms = self.now_ms + LEAST_MS;
        for running in self.running.values_mut() {
            let is_unhurried = matches!(running.job.wait(), Wait::Joining | Wait::Aside);
            if running.job.is_service_request() && !is_unhurried {
                running.deadline_ms = running.deadline_ms.map(|deadline| deadline.min(latest_ms));
            }
        }
    }

    /// A request ended without an answer, and no byte of it had moved.
    pub(super) fn not_answered(&mut self, server: Server, took_ms: u64) {
        if !self.online.is_online() {
            return;
        }
        let now_ms = self.now_ms;
        let barred = self.barred(server);
        barred.not_answered(now_ms, took_ms);
        if barred.is_to_be_asked(now_ms) {
            barred.asked(now_ms);
            if !self.is_trying(server) {
                self.start(Job::Try(server), Work::TryConnections(server), 0);
            }
        }
    }

    pub(super) fn barred(&mut self, server: Server) -> &mut Barred {
        match server {
            Server::Store => &mut self.barred_by_store,
            Server::Service => &mut self.barred_by_service,
        }
    }

    /// Whether nothing new should go there for the moment.
    pub(super) fn is_trying(&self, server: Server) -> bool {
        self.running.values().any(|running| matches!(running.job, Job::Try(tried) if tried == server))
    }
}
