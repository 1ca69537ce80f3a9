//! The connections of a browser: kept open when an answer has come, used again by the next request to the
//! same server. One that has fallen silent meanwhile is used again all the same: nobody can tell.

use std::collections::HashMap;

use windlass_core::upload::{CommandId, Server};

/// Whether a connection has fallen silent.
type IsSilent = bool;

#[derive(Debug, Default)]
pub struct Sockets {
    idle_store: Vec<IsSilent>,
    idle_service: Vec<IsSilent>,
    in_use: HashMap<CommandId, (Server, IsSilent)>,
    trials: HashMap<CommandId, Server>,
}

impl Sockets {
    fn idle(&mut self, server: Server) -> &mut Vec<IsSilent> {
        match server {
            Server::Store => &mut self.idle_store,
            Server::Service => &mut self.idle_service,
        }
    }

    /// A request begins: on the connection that was used last, or on a new one. Answers whether it is silent.
    pub fn take(&mut self, server: Server, id: CommandId) -> IsSilent {
        let is_silent = self.idle(server).pop().unwrap_or(false);
        self.in_use.insert(id, (server, is_silent));
        is_silent
    }

    /// An answer is on its way to the page; false where its connection is silent. Otherwise the next request
    /// may have it.
    pub fn let_through(&mut self, id: CommandId) -> bool {
        match self.in_use.get(&id).copied() {
            Some((_, true)) => false,
            Some((server, false)) => {
                self.in_use.remove(&id);
                self.idle(server).push(false);
                true
            }
            None => true,
        }
    }

    /// The request was given up, or its connection died: it is closed. What did not answer a trial is too.
    pub fn close(&mut self, id: CommandId) {
        self.in_use.remove(&id);
        if let Some(server) = self.trials.remove(&id) {
            self.idle(server).retain(|is_silent| !is_silent);
        }
    }

    /// A trial begins; answers whether all connections that lie open answer.
    pub fn begin_trial(&mut self, server: Server, id: CommandId) -> bool {
        let all_answer = !self.idle(server).contains(&true);
        if !all_answer {
            self.trials.insert(id, server);
        }
        all_answer
    }

    /// All that is open falls silent for ever.
    pub fn silence(&mut self) {
        let idle = self.idle_store.iter_mut().chain(&mut self.idle_service);
        idle.chain(self.in_use.values_mut().map(|(_, is_silent)| is_silent)).for_each(|it| *it = true);
    }

    /// All that is open dies.
    pub fn reset(&mut self) {
        self.idle_store.clear();
        self.idle_service.clear();
    }
}
