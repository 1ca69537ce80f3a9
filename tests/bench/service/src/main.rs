//! `cargo xtask bench service`: our service beside FastAPI with boto3 and SQLite, and beside Uppy Companion, on
//! this machine and in one run. Servers take turns under load, a few rounds each; each one's middle round is told.
//! The load shares the cores with the servers, for all of them alike.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]

mod http;
mod load;
mod million;
mod pages;
mod peers;
#[path = "../../../../presign-svc/tests/support/postgres.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "a server as tests have it, who ask for more and stop where it fails"
)]
mod postgres;
mod report;
mod server;
mod server_log;
mod streams;
mod token;
mod windlass;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use windlass_presign_svc::adapters::database::DatabasePlace;

use http::request;
use load::{Load, middle};
use peers::FastApi;
use postgres::Postgres;
use report::{COMPANION, Case, FASTAPI, OURS, Report, Start};
use server::Server;
use token::token;
use windlass::Windlass;

/// The route that does nothing.
const NOTHING: &str = "/healthz";
/// Photos of the list.
const LISTED: usize = 100;
/// Photos of ours: twice as many as are remembered as they were shown.
const STORED: usize = 2000;
/// Who asks for lists at once.
const LIST_CONNECTIONS: usize = 4;
/// What warms a server up, of a round's time.
const WARM_UP: f64 = 0.3;
/// Descriptors beside those of the streams.
const SPARE_DESCRIPTORS: u64 = 200;

#[derive(Parser)]
struct Options {
    /// Our release binary.
    #[arg(long)]
    windlass: PathBuf,
    /// The Python of the environment with FastAPI.
    #[arg(long)]
    python: PathBuf,
    /// The folder of this bench: the peers' programs are in it.
    #[arg(long)]
    bench: PathBuf,
    /// The folder of PostgreSQL's programs; without it the rows on PostgreSQL are left out.
    #[arg(long)]
    postgres: Option<PathBuf>,
    /// Where databases are made: on a disk, for what is measured is durable.
    #[arg(long)]
    scratch: PathBuf,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// How long one round is.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How many rounds.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Who announce at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Photos of the large project.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Pages that watch.
    #[arg(long, default_value_t = 9_000)]
    streams: usize,
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["start", "create", "list", "streams", "pages"])]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Start,
    Create,
    List,
    Streams,
    Pages,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    // Whatever ends the bench, the servers end with it.
    tokio::select! {
        done = run(Options::parse()) => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminated.recv() => bail!("told to end"),
    }
}

async fn run(options: Options) -> Result<()> {
    let streams = allowed_streams(options.streams);
    let postgres = options.postgres.clone().map(|programs| Postgres::start_from(programs, true));
    let scratch = tempfile::tempdir_in(&options.scratch).context("the scratch folder cannot be used")?;
    let mut report =
        Report { binary_bytes: std::fs::metadata(&options.windlass)?.len(), ..Report::default() };
    let wants = |part| options.only.contains(&part);
    if wants(Part::Start) {
        say("start");
        report.start = Some(measure_start(&options, scratch.path()).await?);
    }
    if wants(Part::Create) || wants(Part::List) {
        report.cases = measure_load(&options, scratch.path(), postgres.as_ref()).await?;
    }
    if wants(Part::Streams) {
        say(format!("{streams} streams"));
        let windlass = Windlass { program: options.windlass.clone(), database_url: None };
        let server = windlass.start(&folder(scratch.path(), "streams")?).await?;
        let photo = windlass::store_photos(&server, 1).await?;
        report.streams = Some(streams::measure(&server, &photo, streams).await?);
        server.stop().await?;
    }
    if wants(Part::Pages) {
        say(format!("pages of {} photos", options.rows));
        let folder = folder(scratch.path(), "pages")?;
        report.pages =
            pages::measure(&DatabasePlace::Sqlite(folder.join("pages.sqlite")), options.rows, None).await?;
        // More than a gigabyte.
        std::fs::remove_dir_all(folder)?;
        if let Some(postgres) = &postgres {
            let place = DatabasePlace::Postgres { url: new_database(postgres, "pages"), connections: 4 };
            let log = postgres.path("data").join("log");
            report.pages.extend(pages::measure(&place, options.rows, Some(log)).await?);
        }
    }
    if options.json {
        println!("{}", report.json());
        Ok(())
    } else {
        report.write(&mut std::io::stdout().lock())
    }
}

/// Raises the limit of open files for this process and the servers it starts, and says where that is not enough.
fn allowed_streams(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let allowed = allowed.unwrap_or(u64::MAX).saturating_sub(SPARE_DESCRIPTORS);
    let streams = wanted.min(usize::try_from(allowed).unwrap_or(usize::MAX));
    if streams < wanted {
        say(format!("only {streams} streams: this system lets a process open no more files"));
    }
    streams
}

/// The middle of a few starts.
async fn measure_start(options: &Options, scratch: &Path) -> Result<Start> {
    let windlass = Windlass { program: options.windlass.clone(), database_url: None };
    let (mut first, mut again, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..5 {
        let data = folder(scratch, &format!("start-{number}"))?;
        let server = windlass.start(&data).await?;
        first.push(millis(server.first_answer));
        server.stop().await?;
        for _ in 0..3 {
            let server = windlass.start(&data).await?;
            again.push(millis(server.first_answer));
            idle.push(mib(server.resident_kib()?));
            server.stop().await?;
        }
    }
    Ok(Start { first_ms: median(first)?, again_ms: median(again)?, idle_mib: median(idle)? })
}

/// A server in the race.
struct Entrant {
    name: &'static str,
    create: &'static str,
    server: Server,
    make: fn(&str, usize, u64) -> Vec<u8>,
    lists: &'static [List],
    /// Where its pages begin, but for the first.
    cursors: Vec<String>,
    good: (u16, &'static str),
}

/// A list that is asked for again and again.
struct List {
    route: &'static str,
    /// By whom, the so manieth time, of which pages.
    request: fn(&str, u64, &[String]) -> Vec<u8>,
}

/// The same page as long as nothing happens is answered from memory. One that nobody has asked for is made of photos
/// that others have shown, as every list is after an event; or of photos that nobody was shown for a while.
const OUR_LISTS: &[List] = &[
    List { route: "list", request: |token, _, _| windlass::list(token) },
    List { route: "list-anew", request: |token, number, _| windlass::list_anew(token, number) },
    List { route: "list-unseen", request: windlass::list_unseen },
];
const OUR_LISTS_ON_POSTGRES: &[List] = &[
    List { route: "list-postgres", request: |token, _, _| windlass::list(token) },
    List { route: "list-anew-postgres", request: |token, number, _| windlass::list_anew(token, number) },
    List { route: "list-unseen-postgres", request: windlass::list_unseen },
];

async fn measure_load(options: &Options, scratch: &Path, postgres: Option<&Postgres>) -> Result<Vec<Case>> {
    say("starting the servers");
    let entrants = start_all(options, scratch, postgres).await?;
    let tokens = (0..options.connections.max(LIST_CONNECTIONS)).map(token).collect::<Result<Vec<_>>>()?;
    let mut cases = Vec::new();
    if options.only.contains(&Part::Create) {
        let mut outcomes = vec![Vec::new(); entrants.len()];
        for round in 0..=options.rounds {
            say(format!("create, round {round} of {}", options.rounds));
            for (entrant, outcomes) in entrants.iter().zip(&mut outcomes) {
                let make = |asker: usize, number: u64| {
                    (entrant.make)(tokens.get(asker).map_or("", String::as_str), asker, number)
                };
                let load = Load {
                    address: entrant.server.address,
                    connections: options.connections,
                    duration: round_time(options, round),
                    make: &make,
                    status: entrant.good.0,
                    holds: entrant.good.1,
                };
                let outcome = load.run(round).await.context(entrant.name)?;
                if round > 0 {
                    outcomes.push(outcome);
                }
            }
        }
        for (entrant, outcomes) in entrants.iter().zip(outcomes) {
            cases.push(case(entrant, entrant.create, middle(outcomes)?)?);
        }
    }
    if options.only.contains(&Part::List) {
        let listing: Vec<_> = entrants
            .iter()
            .flat_map(|entrant| entrant.lists.iter().map(move |list| (entrant, list)))
            .collect();
        let mut outcomes = vec![Vec::new(); listing.len()];
        for round in 0..=options.rounds {
            say(format!("list, round {round} of {}", options.rounds));
            for ((entrant, list), outcomes) in listing.iter().zip(&mut outcomes) {
                let make = |asker: usize, number: u64| {
                    let number = number * LIST_CONNECTIONS as u64 + asker as u64;
                    (list.request)(tokens.get(asker).map_or("", String::as_str), number, &entrant.cursors)
                };
                let load = Load {
                    address: entrant.server.address,
                    connections: LIST_CONNECTIONS,
                    duration: round_time(options, round),
                    make: &make,
                    status: 200,
                    holds: "web_800",
                };
                let outcome = load.run(round).await.context(entrant.name)?;
                if round > 0 {
                    outcomes.push(outcome);
                }
            }
        }
        for ((entrant, list), outcomes) in listing.into_iter().zip(outcomes) {
            cases.push(case(entrant, list.route, middle(outcomes)?)?);
        }
    }
    for entrant in entrants {
        entrant.server.stop().await?;
    }
    Ok(cases)
}

async fn start_all(options: &Options, scratch: &Path, postgres: Option<&Postgres>) -> Result<Vec<Entrant>> {
    let mut entrants = Vec::new();
    let databases = [("create", OUR_LISTS, None), ("create-postgres", OUR_LISTS_ON_POSTGRES, postgres)];
    for (create, lists, postgres) in databases {
        if create == "create-postgres" && postgres.is_none() {
            continue;
        }
        let database_url = postgres.map(|postgres| new_database(postgres, "create"));
        let windlass = Windlass { program: options.windlass.clone(), database_url };
        let server = windlass.start(&folder(scratch, create)?).await?;
        let has_lists = options.only.contains(&Part::List);
        windlass::store_photos(&server, if has_lists { STORED } else { LISTED }).await?;
        let cursors = windlass::cursors(&server).await?;
        entrants.push(Entrant {
            name: OURS,
            create,
            server,
            make: windlass::create,
            lists,
            cursors,
            good: (201, "X-Amz-Signature"),
        });
    }
    // What a request costs at least, here and with this load: what a better record could not win.
    let windlass = Windlass { program: options.windlass.clone(), database_url: None };
    entrants.push(Entrant {
        name: OURS,
        create: NOTHING,
        server: windlass.start(&folder(scratch, "nothing")?).await?,
        make: |_, _, _| request("GET", NOTHING, "", None),
        lists: &[],
        cursors: Vec::new(),
        good: (200, "ok"),
    });
    for (name, workers) in [(FASTAPI, 1), ("fastapi, 2 workers", 2)] {
        let (python, app) = (options.python.clone(), options.bench.join("fastapi"));
        let server = FastApi { python, app, workers }.start(&folder(scratch, name)?).await?;
        peers::store_photos(&server, LISTED).await?;
        entrants.push(Entrant {
            name,
            create: "create",
            server,
            make: peers::create,
            lists: &[List { route: "list", request: |token, _, _| peers::list(token) }],
            cursors: Vec::new(),
            good: (201, "X-Amz-Signature"),
        });
    }
    entrants.push(Entrant {
        name: COMPANION,
        create: "/s3/params",
        server: peers::companion(&options.bench.join("companion")).await?,
        make: |_, asker, number| peers::companion_params(asker, number),
        lists: &[],
        cursors: Vec::new(),
        good: (200, "Policy"),
    });
    Ok(entrants)
}

fn case(entrant: &Entrant, route: &'static str, outcome: load::Outcome) -> Result<Case> {
    Ok(Case { name: entrant.name, route, outcome, rss_mib: mib(entrant.server.resident_kib()?) })
}

/// The address of a new database.
fn new_database(postgres: &Postgres, name: &str) -> String {
    postgres::run(
        postgres.program("createdb").arg("-h").arg(postgres.path("socket")).args(["-U", "windlass", name]),
    );
    postgres.url(name)
}

/// The round before the first is shorter: it warms up.
fn round_time(options: &Options, round: u64) -> Duration {
    Duration::from_secs_f64(if round == 0 { options.seconds * WARM_UP } else { options.seconds })
}

fn folder(scratch: &Path, name: &str) -> Result<PathBuf> {
    let folder = scratch.join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("nothing was measured")
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn say(text: impl AsRef<str>) {
    eprintln!("▸ {}", text.as_ref());
}
