//! What happens to a line by itself as time goes by.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::connection::Handle;
use crate::link::{Link, Outage, OutageKind};
use crate::proxy::Shared;
use crate::rule::draw;

/// What is due next.
enum Event {
    Reset,
    Silence,
    Outage(Outage),
}

/// Lives through the line's times, which count from now.
pub(crate) async fn run(link: Link, shared: Arc<Shared>) {
    let start = Instant::now();
    let mut due: Vec<(u64, Event)> = link.silences_ms.iter().map(|at_ms| (*at_ms, Event::Silence)).collect();
    due.extend(link.outages.iter().map(|outage| (outage.after_ms, Event::Outage(*outage))));
    let mut resets = 0;
    let mut next_reset = |after_ms: u64| {
        let (from_ms, to_ms) = link.reset_every_ms?;
        let pause_ms = from_ms + (draw(link.seed, resets) * to_ms.saturating_sub(from_ms) as f64) as u64;
        resets += 1;
        // A pause of nothing would never let go of the processor.
        Some((after_ms + pause_ms.max(1), Event::Reset))
    };
    due.extend(next_reset(0));
    loop {
        due.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
        let Some((at_ms, event)) = due.pop() else { return };
        sleep_until(start + Duration::from_millis(at_ms)).await;
        match event {
            Event::Silence => shared.each_connection(Handle::silence),
            Event::Reset => {
                shared.each_connection(Handle::reset);
                due.extend(next_reset(at_ms));
            }
            Event::Outage(outage) => {
                let until = Instant::now() + Duration::from_millis(outage.for_ms);
                shared.set_outage(Some((outage.kind, until)));
                if outage.kind == OutageKind::Reset {
                    shared.each_connection(Handle::reset);
                }
            }
        }
    }
}
