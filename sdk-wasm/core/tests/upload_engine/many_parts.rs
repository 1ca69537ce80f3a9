//! F38: a film of 2,500 parts, of which a store lists a thousand at a time. Its bytes are a hole in a file: nobody
//! has to hold 160 GB to know their checksums.

use std::collections::BTreeMap;
use std::ops::Range;

use windlass_core::upload::checksum::{combine, crc64_nvme};
use windlass_core::upload::{Answer, Command, Engine, EngineConfig, Input, PutAccepted, UploadEvent, Work};
use windlass_protocol::list_parts::{ListPartsResponse, StoredPart};
use windlass_protocol::{Checksum, PartNumber, PartPlan};

use crate::simulated::bucket::{Bucket, Signature, Target};
use crate::simulated::files::file;
use crate::simulated::replies::photo;
use crate::simulated::service::Service;

const PARTS: u32 = 2_500;
/// Of a film this long, in bytes.
const PART_BYTES: u64 = 64 << 20;
/// What was lost, at the ends of the store's pages and of the film.
const LOST: [u32; 5] = [1, 1_000, 1_001, 2_000, 2_500];
/// Each part is read and signed and sent, and everything else is asked a few times.
const MOST_REQUESTS: usize = 4 * PARTS as usize;

/// Of so many zeros.
fn checksum_of_zeros(count: u64) -> Checksum {
    if count < 2 {
        return crc64_nvme(&vec![0; count as usize]);
    }
    let half = checksum_of_zeros(count / 2);
    combine([(half, count / 2), (half, count / 2), (checksum_of_zeros(count % 2), count % 2)]).unwrap()
}

fn length(range: &Range<u64>) -> u64 {
    range.end - range.start
}

fn part(number: u32, size: u64) -> StoredPart {
    let part_number = PartNumber::try_from(number).unwrap();
    StoredPart { part_number, size, etag: format!("\"{number}\""), checksum: Some(checksum_of_zeros(size)) }
}

/// A store that has most of the film, and its service.
struct Film {
    plan: PartPlan,
    bucket: Bucket,
    service: Service,
    stored: BTreeMap<u32, StoredPart>,
    sent: Vec<u32>,
    lists: u32,
}

impl Film {
    fn answer(&mut self, now_ms: u64, work: Work) -> Answer {
        match work {
            Work::FetchToken => Answer::Token(Ok(())),
            Work::Hash { range, .. } => Answer::Hashed(Ok(checksum_of_zeros(length(&range)))),
            Work::CreateUploads(request) => {
                Answer::Created(Ok(self.service.create(now_ms, &mut self.bucket, &request)))
            }
            Work::SignParts { upload_id, request } => {
                Answer::Signed(self.service.sign(now_ms, upload_id, &request))
            }
            Work::ListParts { .. } => {
                self.lists += 1;
                let parts = self.stored.values().cloned().collect();
                Answer::Listed(Ok(ListPartsResponse { parts, staged: None }))
            }
            Work::Put { range, url, .. } => {
                let Target::Part(number) = Signature::parse(url.expose()).target else {
                    panic!("a film goes in parts")
                };
                self.sent.push(number);
                let part = part(number, length(&range));
                let etag = Some(part.etag.clone());
                self.stored.insert(number, part);
                Answer::Put(Ok(PutAccepted { etag }))
            }
            Work::Complete { upload_id, request } => {
                let whole = checksum_of_zeros(self.plan.size_bytes());
                assert_eq!(request.checksum, Some(whole), "put together from 2,500 parts");
                let claimed = request.parts.unwrap();
                let numbers: Vec<u32> = claimed.iter().map(|part| part.part_number.into()).collect();
                assert_eq!(numbers, (1..=PARTS).collect::<Vec<_>>());
                assert!(claimed.iter().all(|part| part.etag == self.stored[&part.part_number.into()].etag));
                Answer::Completed(Ok(Box::new(photo(upload_id, &self.service.uploads[&upload_id].file))))
            }
            other => panic!("nobody asks for {other:?}"),
        }
    }
}

#[test]
fn f38_a_film_of_2500_parts_goes_on_with_the_lost_ones_and_sends_no_other() {
    let plan = PartPlan::for_size(u64::from(PARTS) * PART_BYTES).unwrap();
    assert_eq!((u32::from(plan.part_count()), plan.part_size_bytes()), (PARTS, PART_BYTES));
    let stored = (1..=PARTS).filter(|number| !LOST.contains(number));
    let stored = stored.map(|number| (number, part(number, PART_BYTES))).collect();
    let (bucket, service) = (Bucket::default(), Service::new());
    let mut film = Film { plan, bucket, service, stored, sent: Vec::new(), lists: 0 };

    let mut engine = Engine::new(EngineConfig::new("p".parse().unwrap(), 7));
    let mut upload = file("film", 1, &[]).upload;
    upload.size_bytes = plan.size_bytes();
    upload.resumed = true;
    let mut now_ms = 1;
    engine.feed(now_ms, Input::Add(Box::new(upload)));
    let mut requests = 0;
    let stored = loop {
        while let Some(command) = engine.poll_command() {
            let Command::Start { id, work } = command else { panic!("there is nothing to stop") };
            requests += 1;
            assert!(requests < MOST_REQUESTS, "the engine spins");
            now_ms += 1;
            let answer = film.answer(now_ms, work);
            engine.feed(now_ms, Input::Answered { id, answer });
        }
        let event = std::iter::from_fn(|| engine.poll_event()).find(|event| match event {
            UploadEvent::Failed { error, .. } => panic!("{error:?}"),
            other => matches!(other, UploadEvent::Stored { .. }),
        });
        if event.is_some() || engine.is_idle() {
            break event;
        }
        now_ms = engine.next_deadline_ms().expect("something is waited for").max(now_ms);
        engine.feed(now_ms, Input::Tick);
    };
    assert!(stored.is_some(), "it is stored");
    film.sent.sort_unstable();
    assert_eq!(film.sent, LOST, "what the store has is not sent again");
    assert_eq!((film.lists, film.service.uploads.len()), (1, 1), "looked up once, and not begun anew");
}
