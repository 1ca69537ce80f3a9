//! Events told to those who watch, within this process: one channel for each project that anybody watches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use windlass_protocol::{ProjectId, TenantId};

use crate::domain::news::Event;
use crate::ports::events::Subscription;

/// How many events a watcher may be behind before it is told to read them from the record.
const CHANNEL_EVENTS: usize = 64;

type Channel = broadcast::Sender<Arc<Event>>;

/// The channels.
#[derive(Debug, Clone, Default)]
pub struct EventHub {
    channels: Arc<Mutex<HashMap<(TenantId, ProjectId), Channel>>>,
}

impl EventHub {
    /// Everything told of a project from now on.
    pub fn subscribe(&self, tenant: &TenantId, project: &ProjectId) -> Subscription {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), project.clone());
        if let Some(channel) = channels.get(&key) {
            return Subscription::to(channel.subscribe());
        }
        // Channels nobody listens to any more go when a new one comes: there are never many more than
        // projects that are watched.
        channels.retain(|_, channel| channel.receiver_count() > 0);
        let (channel, events) = broadcast::channel(CHANNEL_EVENTS);
        channels.insert(key, channel);
        Subscription::to(events)
    }

    /// Tells events that are committed, in the order of their numbers.
    pub fn tell(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if let Some(channel) = channels.get(&(event.tenant.clone(), event.project.clone())) {
                // An error means that nobody watches any more.
                let _ = channel.send(Arc::new(event));
            }
        }
    }

    /// Tells all who watch, whatever they watch, that they may have missed something.
    pub fn tell_all_missed(&self) {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
