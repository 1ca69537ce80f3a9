//! Bytes move over the line, and what the store makes of them when they have arrived.

use windlass_core::upload::{Answer, CommandId, Input, PutAccepted, StoreFailure};
use windlass_protocol::UploadStatus;

use super::network::Fault;
use super::{Flight, Happening, STEP_MS, World, bucket};

impl World {
    pub(super) fn move_bytes(&mut self, id: CommandId) {
        if let Some(flight) = self.flights.get_mut(&id) {
            flight.moving = true;
        }
        let share = self.share_of_line();
        let is_out = self.network.is_out(self.now_ms);
        let buffer_bytes = self.buffer_bytes;
        let Some(flight) = self.flights.get_mut(&id) else { return };
        let size = flight.size();
        match flight.fault {
            Some(Fault::DropBefore) => return self.lose(id),
            Some(Fault::SlowDown(retry_after_ms)) => {
                self.flights.remove(&id);
                let (code, message) = ("SlowDown".to_owned(), "Please reduce your request rate".to_owned());
                let refused = StoreFailure::Refused {
                    status: 503,
                    code: Some(code),
                    message: Some(message),
                    retry_after_ms,
                };
                return self.feed_answer(id, Answer::Put(Err(refused)));
            }
            Some(Fault::Reset(percent)) if flight.moved * 100 >= size * u64::from(percent) => {
                return self.lose(id);
            }
            _ if self.network.dies_after_bytes.is_some_and(|most| flight.moved >= most) => {
                return self.lose(id);
            }
            Some(Fault::Stall) if flight.moved * 3 >= size => flight.silent = true,
            _ => {}
        }
        // A browser ends a request whose file can no longer be read.
        if is_out || !self.files.contains_key(&flight.blob) {
            return self.lose(id);
        }
        if flight.silent {
            // What the system's buffers take, it takes all the same.
            let sent_bytes = (flight.moved + buffer_bytes).min(size);
            if sent_bytes > 0 {
                self.feed(Input::Sent { id, sent_bytes });
            }
            return;
        }
        let step = share.min(size - flight.moved);
        flight.moved += step;
        flight.moving = flight.moved < size;
        self.bucket.arrived_bytes += step;
        let sent_bytes = (flight.moved + buffer_bytes).min(size);
        let next = if flight.moved < size {
            (STEP_MS, Happening::Move(id))
        } else {
            (self.network.round_trip_ms / 2, Happening::Arrive(id, Box::new(flight.clone())))
        };
        self.later(self.now_ms + next.0, next.1);
        self.feed(Input::Sent { id, sent_bytes });
    }

    /// What each of those that share the line moves in a step, in bytes.
    fn share_of_line(&self) -> u64 {
        let flying = self.flights.values().filter(|flight| flight.moving && !flight.silent).count();
        let active = (flying + self.draining.len()).max(1) as u64;
        (self.network.bytes_per_s * STEP_MS / 1_000 / active).max(1)
    }

    /// A PUT was given up. What the system has taken of it goes over the line all the same, for nothing.
    pub(super) fn leave_in_buffers(&mut self, id: CommandId, flight: &Flight) {
        let taken = (flight.moved + self.buffer_bytes).min(flight.size()) - flight.moved;
        if flight.moving && !flight.silent && taken > 0 {
            self.draining.insert(id, taken);
            self.later(self.now_ms + STEP_MS, Happening::Drain(id));
        }
    }

    pub(super) fn drain(&mut self, id: CommandId) {
        let share = self.share_of_line();
        let is_out = self.network.is_out(self.now_ms);
        let Some(left) = self.draining.get_mut(&id) else { return };
        let step = share.min(*left);
        *left -= step;
        if *left == 0 || is_out {
            self.draining.remove(&id);
        } else {
            self.later(self.now_ms + STEP_MS, Happening::Drain(id));
        }
        self.bucket.arrived_bytes += step;
    }

    pub(super) fn arrive(&mut self, id: CommandId, flight: &Flight) {
        let stored = match (flight.fault, self.read(&flight.blob, &flight.range)) {
            (Some(Fault::Status(status, retry_after_ms)), _) => {
                Err(StoreFailure::Refused { status, code: None, message: None, retry_after_ms })
            }
            (Some(Fault::NoSuchUpload), _) => {
                let signature = bucket::Signature::parse(&flight.url);
                self.bucket.parts.remove(&signature.upload_id);
                self.service.uploads.get_mut(&signature.upload_id).unwrap().status = UploadStatus::Expired;
                Err(bucket::error(404, "NoSuchUpload", ""))
            }
            (Some(Fault::Denied), _) => Err(bucket::error(403, "AccessDenied", "Access Denied")),
            (Some(Fault::Skewed), _) => Err(bucket::error(403, "RequestTimeTooSkewed", "")),
            (Some(Fault::Taken), _) if self.bucket.holds(&flight.url) => {
                Err(bucket::error(412, "PreconditionFailed", ""))
            }
            (_, Err(_)) => Err(StoreFailure::NoAnswer),
            (fault, Ok(mut bytes)) => {
                if let (Some(Fault::Flip), Some(byte)) = (fault, bytes.first_mut()) {
                    *byte ^= 1;
                }
                if fault == Some(Fault::Duplicate) {
                    self.bucket.arrived_bytes += bytes.len() as u64;
                    self.bucket.put(flight.begun_ms, &flight.url, &flight.headers, bytes.clone()).ok();
                }
                self.bucket.put(flight.begun_ms, &flight.url, &flight.headers, bytes)
            }
        };
        let is_piece = matches!(bucket::Signature::parse(&flight.url).target, bucket::Target::Staged(_));
        self.staged_puts += u32::from(is_piece && stored.is_ok());
        let answer = match (flight.fault, stored) {
            (Some(Fault::DropAfter), _) => Err(StoreFailure::NoAnswer),
            (Some(Fault::HideEtag), Ok(_)) => Ok(PutAccepted { etag: None }),
            (_, Ok(etag)) => Ok(PutAccepted { etag: Some(etag) }),
            (_, Err(failure)) => Err(failure),
        };
        // The connection is closed, whether or not anybody still listens.
        if self.flights.remove(&id).is_some() && !flight.silent {
            let at_ms = self.now_ms + self.network.round_trip_ms / 2;
            self.later(at_ms, Happening::Answer(id, Answer::Put(answer)));
        }
    }
}
