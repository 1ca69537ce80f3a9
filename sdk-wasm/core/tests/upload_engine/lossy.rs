//! Many random worlds: whatever the network does, every file is stored once, right,
//! without sending stored parts again.

use std::collections::HashSet;

use windlass_core::upload::{EngineConfig, Input, Target, UploadEvent};

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Chances, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[test]
fn a_good_network_is_used_fully_and_nothing_is_sent_twice() {
    let mut world = World::new(1, Network::good());
    for index in 0..20 {
        world.add(file(&format!("photo-{index}"), 300 * KIB, &[5 * KIB, 40 * KIB]));
    }
    world.add(file("video", 23 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert!((world.waste() - 1.0).abs() < 1e-9, "waste {}", world.waste());
    assert_eq!(world.repeated_puts, 0);
    assert_eq!(world.token_calls, 1);
    // 30 MB at 1.25 MB/s.
    let line_s = world.bucket.arrived_bytes as f64 / world.network.bytes_per_s as f64;
    let took_s = world.now_ms as f64 / 1_000.0;
    assert!(took_s < 1.1 * line_s, "{took_s} s where the line needs {line_s} s");
}

#[test]
fn every_file_is_stored_once_on_any_lossy_network() {
    for seed in 0..60 {
        let mut network = Network::good();
        network.chances = Chances::all(1 + seed % 8);
        network.outages = vec![(5_000, 5_000 + 500 * (seed % 60))];
        network.round_trip_ms = 20 + 10 * (seed % 30);
        let mut world = World::new(seed, network);
        for index in 0..4 {
            world.add(file(&format!("photo-{index}"), 60 * KIB + index, &[5 * KIB]));
        }
        world.add(file("video", 5 * MIB + 300 * KIB, &[4 * KIB]));
        world.run();
        world.assert_all_stored();
        assert_eq!(world.repeated_originals, 0, "seed {seed}: stored bytes are not sent again");
    }
}

#[test]
fn a_little_loss_costs_little() {
    let (mut arrived, mut bytes) = (0.0, 0.0);
    for seed in 0..40 {
        let mut network = Network::good();
        network.chances = Chances { drop_before: 1, drop_after: 2, error: 1, flip: 1, ..Chances::default() };
        let mut world = World::new(seed, network);
        for index in 0..20 {
            world.add(file(&format!("photo-{index}"), 100 * KIB, &[4 * KIB]));
        }
        world.run();
        world.assert_all_stored();
        arrived += world.bucket.arrived_bytes as f64;
        bytes += world.bucket.arrived_bytes as f64 / world.waste();
    }
    assert!(arrived / bytes <= 1.05, "5 % of failing requests waste {}", arrived / bytes);
}

#[test]
fn all_photos_get_through_where_connections_die_every_twenty_seconds() {
    for seed in 0..5 {
        let mut network = Network::good();
        (network.bytes_per_s, network.round_trip_ms) = (250_000, 150);
        network.resets = (1..60).map(|n| n * 20_000 - (seed * 1_231) % 6_000).collect();
        network.outages = vec![(30_000, 45_000)];
        let mut world = World::new(seed, network);
        for index in 0..4 {
            world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
        }
        world.run();
        world.assert_all_stored();
        assert!(world.now_ms < 180_000, "seed {seed}: {} ms", world.now_ms);
    }
}

/// The fault proxy's `zombie` line: 10 Mbit/s, all that is open falls silent twice, new connections work.
#[test]
fn connections_that_fall_silent_are_given_up_and_replaced() {
    for seed in 0..20 {
        let mut network = Network::good();
        network.silences = vec![1_500 + 197 * seed, 14_000 + 89 * seed];
        let mut world = World::new(seed, network);
        // Socket buffers on this machine's loopback take 2.5 MB.
        world.buffer_bytes = if seed % 2 == 0 { 2_500_000 } else { 64_000 };
        for index in 0..6 {
            world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
        }
        world.run();
        world.assert_all_stored();
        assert!(world.now_ms < 35_000, "seed {seed}: {} ms", world.now_ms);
    }
}

#[test]
fn few_are_in_flight_where_few_fill_the_line_and_many_where_it_takes_many() {
    let most_at_once = |bytes_per_s, round_trip_ms| {
        let mut network = Network::good();
        (network.bytes_per_s, network.round_trip_ms) = (bytes_per_s, round_trip_ms);
        let mut world = World::new(4, network);
        for index in 0..12 {
            world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
        }
        world.run();
        world.assert_all_stored();
        let line_ms = world.bucket.arrived_bytes * 1_000 / bytes_per_s;
        assert!(world.now_ms < line_ms * 105 / 100 + 2_000, "{} ms, the line {line_ms}", world.now_ms);
        world.most_puts_at_once
    };
    assert!(most_at_once(250_000, 150) <= 4, "2 Mbit/s, in small pieces");
    assert!(most_at_once(1_250_000, 50) <= 2, "10 Mbit/s");
    assert!(most_at_once(25_000_000, 100) >= 4, "200 Mbit/s, far away");
}

#[test]
fn where_the_line_is_bad_the_smallest_goes_first() {
    let mut network = Network::good();
    network.bytes_per_s = 250_000;
    network.resets = vec![1_500, 4_000];
    let mut world = World::new(6, network);
    for (index, size) in [4_000_000, 3_000_000, 2_000_000, 200_000].into_iter().enumerate() {
        world.add(file(&format!("photo-{index}"), size, &[]));
    }
    world.run();
    world.assert_all_stored();
    let first = world.events.iter().find_map(|(_, event)| match event {
        UploadEvent::Stored { client_ref, .. } => Some(client_ref.as_str()),
        _ => None,
    });
    assert_eq!(first, Some("photo-3"));
}

#[test]
fn a_slow_link_with_deep_buffers_is_not_taken_for_dead() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (25_000, 300); // 200 kbit/s
    network.chances = Chances { drop_before: 2, ..Chances::default() };
    // In small pieces (`weak`) nothing would be silent for so long.
    let config = EngineConfig { weak_signal: false, ..EngineConfig::new("p".parse().unwrap(), 5) };
    let mut world = World::with_config(config, network);
    world.buffer_bytes = 2_500_000;
    world.add(file("video", 22 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert!(world.waste() < 1.1, "waste {}", world.waste());
    let at_the_end =
        world.begun.iter().filter(|(at_ms, op)| *op == Op::Put && *at_ms > world.now_ms / 2).count();
    assert!(at_the_end < 8, "concurrency adapts to a slow link");
}

#[test]
fn f21_a_hundred_megabytes_get_through_two_at_a_time_where_the_signal_is_weak() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (25_000, 300); // 200 kbit/s
    network.chances = Chances { drop_before: 2, ..Chances::default() };
    let mut world = World::new(5, network);
    world.add(file("video", 100_000_000, &[]));
    world.run();
    world.assert_all_stored();
    assert!(world.most_puts_at_once <= 2, "{} at once", world.most_puts_at_once);
    assert!(world.waste() < 1.1, "waste {}", world.waste());
}

/// Whatever the system takes at once, whole pieces and more: nothing in its buffers is taken for dead.
#[test]
fn f21_two_share_a_slow_line_however_deep_the_buffers_are() {
    for seed in 0..12 {
        let mut network = Network::good();
        (network.bytes_per_s, network.round_trip_ms) = (25_000, 300); // 200 kbit/s
        network.chances = Chances { drop_before: 2, ..Chances::default() };
        let mut world = World::new(seed, network);
        world.buffer_bytes = [64_000, 200_000, 600_000, 2_500_000][seed as usize % 4];
        // Parts of one size: nothing small goes first.
        world.add(file("video", 15 * MIB, &[]));
        for index in 0..(seed as usize % 3) {
            world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
        }
        // While a part that was begun is cut, what the system has of it shares the line with its pieces.
        world.run_until(60_000);
        assert!(world.most_puts_at_once <= 3, "seed {seed}: {} at once", world.most_puts_at_once);
        world.most_puts_at_once = 0;
        world.run();
        world.assert_all_stored();
        assert!(world.most_puts_at_once <= 2, "seed {seed}: {} at once", world.most_puts_at_once);
        assert!(world.given_up <= 1, "seed {seed}: {} given up, not only to go in pieces", world.given_up);
        assert!(world.waste() < 1.2, "seed {seed}: waste {}", world.waste());
    }
}

#[test]
fn the_time_that_is_said_to_be_left_is_near_the_truth() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (250_000, 150); // 2 Mbit/s
    let mut world = World::new(3, network);
    for index in 0..12 {
        world.add(file(&format!("photo-{index}"), 3 * MIB, &[20 * KIB, 300 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    let end_ms = world.events.last().map_or(0, |(at_ms, _)| *at_ms);
    let told: Vec<(u64, f64)> = world
        .events
        .iter()
        .filter_map(|(at_ms, event)| match event {
            UploadEvent::Progress { total, .. } => Some((*at_ms, total.remaining_ms?)),
            _ => None,
        })
        .filter(|(at_ms, _)| (end_ms / 10..end_ms * 9 / 10).contains(at_ms))
        .collect();
    assert!(told.len() > 100, "{}", told.len());
    let mut ratios: Vec<f64> =
        told.iter().map(|(at_ms, remaining_ms)| remaining_ms / (end_ms - at_ms) as f64).collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[ratios.len() / 20], ratios[ratios.len() * 19 / 20]);
    assert!(low > 0.6 && high < 1.6, "nine of ten lie between {low:.2} and {high:.2} of what was left");
}

#[test]
fn pausing_resuming_and_cancelling_at_any_moment_keeps_every_promise() {
    for seed in 0..40_u64 {
        let mut network = Network::good();
        network.chances = Chances::all(seed % 4);
        let mut world = World::new(seed, network);
        for index in 0..5 {
            world.add(file(&format!("photo-{index}"), 250 * KIB, &[3 * KIB]));
        }
        world.add(file("video", 6 * MIB, &[]));
        let one = |name: &str| Target::One(reference(name));
        let moment = |n: u64| 1 + (seed * 7_919 + n * 104_729) % 6_000;
        world.at(moment(1), Input::Pause(Target::All));
        world.at(moment(1) + 2_000, Input::Resume(Target::All));
        world.at(moment(2), Input::Cancel(one("photo-2")));
        world.at(moment(3), Input::Pause(one("video")));
        world.at(moment(3) + 9_000, Input::Resume(one("video")));
        world.at(moment(4), Input::Online(false));
        world.at(moment(4) + 1_000, Input::Online(true));
        world.run_until(20_000);
        world.run();
        world.assert_invariants();
        for name in ["photo-0", "photo-1", "photo-3", "photo-4", "video"] {
            assert_eq!(world.outcome(name), Ok(()), "seed {seed}: {name}");
        }
    }
}

#[test]
fn what_lies_in_buffers_is_not_called_sent() {
    let mut network = Network::good();
    network.bytes_per_s = 250_000;
    let mut world = World::new(9, network);
    world.buffer_bytes = 2_500_000;
    for index in 0..4 {
        world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
    }
    world.run();
    world.assert_all_stored();
    let mut moving = HashSet::new();
    for ((at_ms, event), arrived) in world.events.iter().zip(&world.arrived_at) {
        let UploadEvent::Progress { total, .. } = event else { continue };
        let (sent, arrived) = (total.sent_bytes as f64, *arrived as f64);
        assert!(sent <= 1.1 * arrived + 300_000.0, "{sent} called sent at {at_ms} ms, {arrived} had arrived");
        moving.insert(at_ms / 1_000);
    }
    assert!(moving.len() > 40, "and it is seen to move: in {} of 48 seconds", moving.len());
}

#[test]
fn progress_is_honest_and_not_too_frequent() {
    let mut world = World::new(9, Network::good());
    world.add(file("video", 12 * MIB, &[100 * KIB]));
    world.run();
    let mut last: Option<(u64, u64)> = None;
    let mut events = 0;
    for (at_ms, event) in &world.events {
        let UploadEvent::Progress { file, total, .. } = event else { continue };
        assert!(file.confirmed_bytes <= file.sent_bytes && file.sent_bytes <= file.total_bytes);
        assert_eq!(file.total_bytes, (12 * MIB + 100 * KIB) as u64);
        assert_eq!(file.total_bytes, total.total_bytes);
        if let Some((before_ms, confirmed)) = last {
            assert!(file.confirmed_bytes >= confirmed, "what the store has confirmed stays confirmed");
            assert!(at_ms - before_ms >= 200 || file.confirmed_bytes == file.total_bytes);
        }
        if *at_ms > 4_000 && file.sent_bytes < file.total_bytes {
            let rate = file.rate_bytes_per_s.expect("a rate is known after some seconds");
            assert!((0.7..1.3).contains(&(rate / 1_250_000.0)), "{rate} bytes/s at {at_ms}");
        }
        last = Some((*at_ms, file.confirmed_bytes));
        events += 1;
    }
    assert!(events > 20);
    let Some((_, confirmed)) = last else { panic!("no progress") };
    assert_eq!(confirmed, (12 * MIB + 100 * KIB) as u64);
}

#[test]
fn of_what_ends_as_another_one_does_nothing_is_called_sent_before_that_one_is_stored() {
    let mut world = World::new(1, Network::good());
    for name in ["first", "second"] {
        let mut film = file(name, 12 * MIB, &[]);
        film.upload.again = false;
        world.add(film);
    }
    world.run_while(|world| world.network.count(Op::Put) == 0);
    world.feed(Input::Pause(Target::All));
    world.feed(Input::Resume(Target::All));
    world.run();
    assert_eq!((world.outcome("second"), world.service.uploads.len()), (Ok(()), 1));
    let told = world.events.iter().filter(|(_, event)| match event {
        UploadEvent::Progress { client_ref, file, .. } => {
            client_ref.as_str() == "second" && file.confirmed_bytes > 0
        }
        _ => false,
    });
    assert_eq!(told.count(), 1, "once, at its end");
}
