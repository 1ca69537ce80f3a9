//! Pages of a project with a million photos, asked of the record itself: our statements, our driver and our
//! reading of the rows, no HTTP. The first page, the last one, and many that begin in between, at the same places in
//! every run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sqlx::{Connection as _, Executor as _, PgConnection};
use windlass_presign_svc::adapters::database::{Database, DatabasePlace};
use windlass_presign_svc::domain::filter::{BoundingBox, PageMark, PhotoFilter, TakenClock, TakenRange};
use windlass_presign_svc::ports::uploads::{KnownPhotos, PhotoQuery};
use windlass_protocol::UploadStatus;
use windlass_protocol::photo::MediaKind;

use crate::million::{
    self, CAMERAS, COMPLETED, FIRST_TAKEN_MS, OTHER, PARALLELS, PICTURES, RARE, SENDER, SENDERS, TAGGED,
};
use crate::server_log::{self, ServerLog};
use crate::token::{PROJECT, TENANT};

/// How many photos a page has: the most that may be asked for.
const PAGE: u32 = 100;
/// How many pages of each filter.
const PAGES: u64 = 1000;
/// After this long no more of a filter's pages are asked for, once there are a few.
const ENOUGH: Duration = Duration::from_secs(2);
const FEW: usize = 20;
/// How often the first page and the last are asked for.
const REPEATS: usize = 20;

/// How long the pages of one filter took.
pub struct PageTimes {
    /// Which database.
    pub database: &'static str,
    /// By which filter.
    pub filter: &'static str,
    /// The first page, in milliseconds: half of the times took at most this.
    pub first_ms: f64,
    /// The last one.
    pub last_ms: f64,
    /// Those in between.
    pub p50_ms: f64,
    /// All but one in a hundred of them.
    pub p99_ms: f64,
    /// The same two as PostgreSQL has it, without our driver and our reading of the rows. SQLite is in our process.
    pub server_ms: Option<(f64, f64)>,
}

/// A filter of the bench.
struct Case {
    name: &'static str,
    filter: PhotoFilter,
    /// It finds one photo in so many: those whose number is a multiple.
    one_in: u64,
}

/// Fills a new database and asks it.
pub async fn measure(place: &DatabasePlace, photos: u64, log: Option<PathBuf>) -> Result<Vec<PageTimes>> {
    Database::open(place).await?.close().await;
    million::fill(place, photos).await?;
    let database = Database::open(place).await?;
    let name = match place {
        DatabasePlace::Sqlite(_) => "SQLite",
        DatabasePlace::Postgres { .. } => "PostgreSQL",
    };
    let mut measured = Vec::new();
    for case in cases(photos) {
        let pages = Pages { database: &database, case: &case, photos };
        measured.push(pages.measure(name).await.context(case.name)?);
    }
    database.close().await;
    if let (DatabasePlace::Postgres { url, .. }, Some(log)) = (place, log) {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute(server_log::SAY_ALL).await?;
        connection.close().await?;
        let (database, mut log) = (Database::open(place).await?, ServerLog::of(log));
        for (case, times) in cases(photos).iter().zip(&mut measured) {
            let pages = Pages { database: &database, case, photos };
            times.server_ms = Some(pages.measure_server(&mut log).await.context(case.name)?);
        }
        database.close().await;
    }
    Ok(measured)
}

fn cases(photos: u64) -> Vec<Case> {
    let all = PhotoFilter::default;
    let taken = TakenRange {
        clock: TakenClock::Camera,
        from_ms: Some(FIRST_TAKEN_MS),
        to_ms: Some(FIRST_TAKEN_MS + photos as i64 * 1000),
    };
    let parallels = |north: f64| BoundingBox { west: 8.0, south: 46.9995, east: 9.0, north };
    let word = |word: &str| PhotoFilter { words: vec![word.to_owned()], ..all() };
    let (roof, pixel) = (Some("roof".to_owned()), Some("pixel 9".to_owned()));
    let (completed, photo) = (Some(UploadStatus::Completed), Some(MediaKind::Photo));
    let tag = || PhotoFilter { tag: roof.clone(), ..all() };
    let camera = || PhotoFilter { camera: pixel.clone(), ..all() };
    let there = || PhotoFilter { place: Some(parallels(47.0005)), ..all() };
    let timed = |filter| PhotoFilter { taken: Some(taken), ..filter };
    [
        ("nothing", 1, all()),
        ("status", COMPLETED, PhotoFilter { status: completed, ..all() }),
        ("kind", PICTURES, PhotoFilter { kind: photo, ..all() }),
        ("time", 1, timed(all())),
        ("sender", SENDERS, PhotoFilter { sender: Some(SENDER.to_owned()), ..all() }),
        ("camera", CAMERAS, camera()),
        ("tag", TAGGED, tag()),
        ("place of all", 1, PhotoFilter { place: Some(parallels(48.0)), ..all() }),
        ("place of 1 in 100", PARALLELS, there()),
        ("word of all", 1, word("img")),
        ("word of 1 in 50", TAGGED, word("roof")),
        ("word of 1 in 5,000", RARE, word("cellar")),
        ("status and kind", COMPLETED * PICTURES, PhotoFilter { status: completed, kind: photo, ..all() }),
        ("status and time", COMPLETED, timed(PhotoFilter { status: completed, ..all() })),
        ("kind and time", PICTURES, timed(PhotoFilter { kind: photo, ..all() })),
        ("camera and time", CAMERAS, timed(camera())),
        ("sender and time", SENDERS, timed(PhotoFilter { sender: Some(SENDER.to_owned()), ..all() })),
        ("tag and time", TAGGED, timed(tag())),
        ("place and time", PARALLELS, timed(there())),
        ("word and time", TAGGED, timed(word("roof"))),
        ("tag and status", TAGGED * COMPLETED, PhotoFilter { status: completed, ..tag() }),
        ("tag and kind", TAGGED, PhotoFilter { kind: photo, ..tag() }),
        ("tag and camera", TAGGED * CAMERAS / 2, PhotoFilter { camera: pixel.clone(), ..tag() }),
        ("tag and place", PARALLELS, PhotoFilter { place: Some(parallels(47.0005)), ..tag() }),
        ("tag and word of all", TAGGED, PhotoFilter { tag: roof.clone(), ..word("img") }),
        // Nothing of the one tells of the other: of fifty photos that have one, one has the other.
        ("tag and word apart", TAGGED * OTHER, PhotoFilter { tag: roof.clone(), ..word("crack") }),
    ]
    .into_iter()
    .map(|(name, one_in, filter)| Case { name, filter, one_in })
    // Of fewer rows some have no full page.
    .filter(|case| case.one_in * u64::from(PAGE) + 1 < photos)
    .collect()
}

struct Pages<'a> {
    database: &'a Database,
    case: &'a Case,
    photos: u64,
}

impl Pages<'_> {
    async fn measure(&self, database: &'static str) -> Result<PageTimes> {
        let last = self.last();
        let (mut first_ms, mut last_ms) = (Vec::new(), Vec::new());
        let began = Instant::now();
        for repeat in 0..REPEATS {
            if repeat > 1 && began.elapsed() > ENOUGH {
                break;
            }
            first_ms.push(self.page(None).await?);
            last_ms.push(self.page(Some(last)).await?);
        }
        let (began, mut times_ms) = (Instant::now(), Vec::new());
        for number in 0..PAGES {
            if times_ms.len() >= FEW && began.elapsed() > ENOUGH {
                break;
            }
            times_ms.push(self.page(Some(self.somewhere(number))).await?);
        }
        Ok(PageTimes {
            database,
            filter: self.case.name,
            first_ms: share_of(&mut first_ms, 0.5)?,
            last_ms: share_of(&mut last_ms, 0.5)?,
            p50_ms: share_of(&mut times_ms, 0.5)?,
            p99_ms: share_of(&mut times_ms, 0.99)?,
            server_ms: None,
        })
    }

    /// How long half of the pages in between take the server, and all but one in a hundred.
    async fn measure_server(&self, log: &mut ServerLog) -> Result<(f64, f64)> {
        let (began, mut times_ms) = (Instant::now(), Vec::new());
        log.took_ms()?;
        for number in 0..PAGES {
            if times_ms.len() >= FEW && began.elapsed() > ENOUGH {
                break;
            }
            self.page(Some(self.somewhere(number))).await?;
            times_ms.push(log.took_ms()?);
        }
        Ok((share_of(&mut times_ms, 0.5)?, share_of(&mut times_ms, 0.99)?))
    }

    fn last(&self) -> u64 {
        self.case.one_in * u64::from(PAGE) + 1
    }

    /// A fixed walk that goes everywhere, and leaves each page full.
    fn somewhere(&self, number: u64) -> u64 {
        self.last() + number.wrapping_mul(2_654_435_761) % (self.photos - self.last())
    }

    /// How long the page after a photo takes, in milliseconds.
    async fn page(&self, after: Option<u64>) -> Result<f64> {
        let filter = &self.case.filter;
        let after = after.map(|number| PageMark {
            photo: million::id(number).into(),
            taken_ms: filter.taken.map(|_| FIRST_TAKEN_MS + number as i64 * 1000),
        });
        let (tenant, project) = (TENANT.parse()?, PROJECT.parse()?);
        let query = PhotoQuery { tenant: &tenant, project: &project, filter, after, limit: PAGE };
        let nothing: Arc<dyn KnownPhotos> = Arc::new(());
        let began = Instant::now();
        let page = self.database.uploads().list_photos(&query, &nothing).await?;
        let took = began.elapsed();
        ensure!(page.photos.len() == PAGE as usize, "a page of {} photos", page.photos.len());
        Ok(took.as_secs_f64() * 1000.0)
    }
}

/// What this share of the times is at most.
fn share_of(times_ms: &mut [f64], share: f64) -> Result<f64> {
    times_ms.sort_by(f64::total_cmp);
    let index = (times_ms.len() as f64 * share) as usize;
    times_ms.get(index.min(times_ms.len().saturating_sub(1))).copied().context("no page was asked for")
}
