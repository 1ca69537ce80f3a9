//! Drives the engine: feeds it, does what it commands, tells its events, wakes it at its deadline.
//!
//! No cell stays borrowed while JavaScript runs: a listener may call back into the queue at any time.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, Blob, XmlHttpRequest};
use windlass_core::upload::{
    Answer, BlobRef, Command, CommandId, Engine, EngineConfig, Input, NewUpload, ReadFailure, Server,
    ServiceFailure, SignedUrl, Source, StoreFailure, UploadEvent, Work,
};
use windlass_protocol::{ClientRef, SignedHeaders};

use super::api::Api;
use super::clock::Clock;
use super::description::Blobs;
use super::host::Host;
use super::{file, http};

/// How to stop work that is in flight.
enum Stopper {
    Put(XmlHttpRequest),
    Request(AbortController),
    /// Whether the checksum is still wanted.
    Reading(Rc<Cell<bool>>),
}

impl Stopper {
    fn stop(self) {
        match self {
            // Aborting what has ended does nothing.
            Self::Put(request) => request.abort().unwrap_or_default(),
            Self::Request(controller) => controller.abort(),
            Self::Reading(is_wanted) => is_wanted.set(false),
        }
    }
}

/// The engine and everything it acts through.
pub(super) struct Driver {
    endpoint: String,
    host: Host,
    clock: Clock,
    engine: RefCell<Engine>,
    blobs: RefCell<HashMap<ClientRef, Blobs>>,
    in_flight: RefCell<HashMap<CommandId, Stopper>>,
    /// In memory only, and gone with the worker.
    token: RefCell<String>,
    /// Where the latest PUT went.
    store: RefCell<Option<String>>,
    events: RefCell<VecDeque<UploadEvent>>,
    is_telling: Cell<bool>,
    is_closed: Cell<bool>,
}

impl Driver {
    pub fn new(endpoint: String, config: EngineConfig, host: Host) -> Result<Rc<Self>, JsValue> {
        let itself: Rc<RefCell<Weak<Self>>> = Rc::default();
        let on_time = {
            let itself = Rc::clone(&itself);
            move || {
                let driver = itself.borrow().upgrade();
                if let Some(driver) = driver {
                    driver.clock.fired();
                    driver.feed(Input::Tick);
                }
            }
        };
        let driver = Rc::new(Self {
            endpoint,
            host,
            clock: Clock::new(on_time)?,
            engine: RefCell::new(Engine::new(config)),
            blobs: RefCell::default(),
            in_flight: RefCell::default(),
            token: RefCell::default(),
            store: RefCell::default(),
            events: RefCell::default(),
            is_telling: Cell::new(false),
            is_closed: Cell::new(false),
        });
        *itself.borrow_mut() = Rc::downgrade(&driver);
        Ok(driver)
    }

    /// Whether an upload of that name is on its way.
    pub fn contains(&self, client_ref: &ClientRef) -> bool {
        self.engine.borrow().contains(client_ref)
    }

    /// Takes a file in.
    pub fn add(self: &Rc<Self>, upload: NewUpload, blobs: Blobs) {
        self.blobs.borrow_mut().insert(upload.client_ref.clone(), blobs);
        self.feed(Input::Add(Box::new(upload)));
    }

    /// Feeds the engine, and does and tells everything that comes of it.
    pub fn feed(self: &Rc<Self>, input: Input) {
        if self.is_closed.get() {
            return;
        }
        if let Some(slept_ms) = self.clock.slept_ms() {
            self.engine.borrow_mut().feed(self.clock.now_ms(), Input::Slept(slept_ms));
        }
        self.engine.borrow_mut().feed(self.clock.now_ms(), input);
        while let Some(command) = self.next_command() {
            match command {
                Command::Start { id, work } => self.start(id, work),
                Command::Stop { id } => {
                    // Taken out in a statement of its own: aborting calls back at once.
                    let stopper = self.in_flight.borrow_mut().remove(&id);
                    if let Some(stopper) = stopper {
                        stopper.stop();
                    }
                }
            }
        }
        let deadline_ms = self.engine.borrow().next_deadline_ms();
        self.clock.wake_at(deadline_ms);
        self.tell();
    }

    /// Stops everything. Nothing is told any more.
    pub fn close(&self) {
        self.is_closed.set(true);
        self.clock.wake_at(None);
        let in_flight = std::mem::take(&mut *self.in_flight.borrow_mut());
        in_flight.into_values().for_each(Stopper::stop);
        self.blobs.borrow_mut().clear();
        self.token.borrow_mut().clear();
    }

    fn next_command(&self) -> Option<Command> {
        self.engine.borrow_mut().poll_command()
    }

    fn next_told(&self) -> Option<UploadEvent> {
        self.engine.borrow_mut().poll_event()
    }

    /// Tells events in their order, also when a listener calls back in between.
    fn tell(&self) {
        while let Some(event) = self.next_told() {
            if let UploadEvent::Stored { client_ref, .. }
            | UploadEvent::Failed { client_ref, .. }
            | UploadEvent::Cancelled { client_ref } = &event
            {
                self.blobs.borrow_mut().remove(client_ref);
            }
            self.events.borrow_mut().push_back(event);
        }
        if self.is_telling.replace(true) {
            return;
        }
        while let Some(event) = self.next_event() {
            self.host.tell(&event);
        }
        self.is_telling.set(false);
    }

    fn next_event(&self) -> Option<UploadEvent> {
        if self.is_closed.get() { None } else { self.events.borrow_mut().pop_front() }
    }

    fn start(self: &Rc<Self>, id: CommandId, work: Work) {
        match work {
            Work::FetchToken => self.fetch_token(id),
            Work::Hash { blob, range } => {
                let blob = self.blob(&blob);
                let is_wanted = Rc::new(Cell::new(true));
                self.in_flight.borrow_mut().insert(id, Stopper::Reading(Rc::clone(&is_wanted)));
                let driver = Rc::clone(self);
                let on_read = move || driver.feed(Input::Read { id });
                self.answer_later(id, async move {
                    let Some(blob) = blob else { return Answer::Hashed(Err(ReadFailure::Gone)) };
                    Answer::Hashed(file::hash(&blob, range, &is_wanted, on_read).await)
                });
            }
            Work::Put { blob, range, url, headers } => {
                match self.blob(&blob).and_then(|blob| file::body(&blob, &range, &headers).ok()) {
                    Some(body) => self.put(id, body, url, headers),
                    None => self.answer_later(id, async { Answer::Put(Err(StoreFailure::NoAnswer)) }),
                }
            }
            Work::CreateUploads(request) => {
                self.ask(id, Answer::Created, async move |api| api.create(&request).await);
            }
            Work::SignParts { upload_id, request } => {
                self.ask(id, Answer::Signed, async move |api| api.sign_parts(upload_id, &request).await);
            }
            Work::SignPieces { upload_id, request } => {
                let question = async move |api: Api| api.sign_pieces(upload_id, &request).await;
                self.ask(id, Answer::PiecesSigned, question);
            }
            Work::ListParts { upload_id } => {
                self.ask(id, Answer::Listed, async move |api| api.list_parts(upload_id).await);
            }
            Work::Complete { upload_id, request } => {
                self.ask(id, Answer::Completed, async move |api| api.complete(upload_id, &request).await);
            }
            Work::ReportPreviews(request) => {
                self.ask(id, Answer::PreviewsReported, async move |api| api.report_previews(&request).await);
            }
            Work::TryConnections(server) => self.try_connections(id, server),
            Work::Abort { upload_id } => {
                self.ask(id, Answer::Aborted, async move |api| api.abort(upload_id).await);
            }
        }
    }

    fn put(self: &Rc<Self>, id: CommandId, body: Blob, url: SignedUrl, headers: SignedHeaders) {
        *self.store.borrow_mut() = url.origin();
        let driver = Rc::clone(self);
        let on_sent = move |sent_bytes| driver.feed(Input::Sent { id, sent_bytes });
        if let Ok(request) = XmlHttpRequest::new() {
            self.in_flight.borrow_mut().insert(id, Stopper::Put(request.clone()));
            let driver = Rc::clone(self);
            return self.answer_later(id, async move {
                // Stopped before it was opened: aborting it then has kept nothing from being sent.
                if !driver.in_flight.borrow().contains_key(&id) {
                    return Answer::Put(Err(StoreFailure::NoAnswer));
                }
                Answer::Put(http::put(&request, &url, &headers, &body, on_sent).await)
            });
        }
        let Ok(controller) = AbortController::new() else {
            return self.answer_later(id, async { Answer::Put(Err(StoreFailure::NoAnswer)) });
        };
        let signal = controller.signal();
        self.in_flight.borrow_mut().insert(id, Stopper::Request(controller));
        self.answer_later(id, async move {
            // All of it is in the browser's hands at once, and the engine gives it time to drain.
            on_sent(body.size() as u64);
            Answer::Put(http::put_by_fetch(&url, &headers, &body, &signal).await)
        });
    }

    fn try_connections(self: &Rc<Self>, id: CommandId, server: Server) {
        let address = match server {
            Server::Store => self.store.borrow().clone(),
            Server::Service => Some(format!("{}/healthz", self.endpoint)),
        };
        let (Some(address), Ok(controller)) = (address, AbortController::new()) else {
            return self.answer_later(id, async { Answer::Tried { answered: false } });
        };
        let signal = controller.signal();
        self.in_flight.borrow_mut().insert(id, Stopper::Request(controller));
        self.answer_later(id, async move {
            Answer::Tried { answered: http::try_connections(&address, &signal).await }
        });
    }

    fn fetch_token(self: &Rc<Self>, id: CommandId) {
        let driver = Rc::clone(self);
        let host = self.host.clone();
        self.answer_later(id, async move {
            Answer::Token(match host.token().await {
                Ok(token) => {
                    *driver.token.borrow_mut() = token;
                    Ok(())
                }
                Err(reason) => Err(reason),
            })
        });
    }

    /// Asks the service something.
    fn ask<T: 'static>(
        self: &Rc<Self>,
        id: CommandId,
        answer: fn(Result<T, ServiceFailure>) -> Answer,
        question: impl AsyncFnOnce(Api) -> Result<T, ServiceFailure> + 'static,
    ) {
        let Ok(controller) = AbortController::new() else {
            return self.answer_later(id, async move { answer(Err(ServiceFailure::NoAnswer)) });
        };
        let api = Api {
            endpoint: self.endpoint.clone(),
            token: self.token.borrow().clone(),
            signal: controller.signal(),
        };
        self.in_flight.borrow_mut().insert(id, Stopper::Request(controller));
        self.answer_later(id, async move { answer(question(api).await) });
    }

    /// Feeds the answer when it is there. Answers to what was stopped are ignored by the engine.
    fn answer_later(self: &Rc<Self>, id: CommandId, work: impl Future<Output = Answer> + 'static) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            let answer = work.await;
            driver.in_flight.borrow_mut().remove(&id);
            driver.feed(Input::Answered { id, answer });
        });
    }

    fn blob(&self, which: &BlobRef) -> Option<Blob> {
        let blobs = self.blobs.borrow();
        let blobs = blobs.get(&which.client_ref)?;
        match which.source {
            Source::Original => Some(blobs.original.clone()),
            Source::Variant(index) => blobs.variants.get(index).cloned(),
        }
    }
}
