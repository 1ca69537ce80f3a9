//! The line everything goes over: how fast, how far, and what dies on it when.

use serde::{Deserialize, Serialize};

use crate::rule::draw;

/// A network a phone meets. The numbers are those of our benchmark's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPreset {
    /// Nothing in the way.
    Loopback,
    /// 10 Mbit/s both ways, 50 ms.
    Lte,
    /// 2 Mbit/s up, 10 down, 150 ms; every 14–26 s all connections are reset; once, 20–30 s after the
    /// start, there is no network for 15 s.
    Bad,
    /// As `lte`; 4–6 s and 14–16 s after the start all open connections fall silent for ever. New ones work.
    Zombie,
    /// 200 kbit/s both ways, 300 ms.
    Slow,
}

impl LinkPreset {
    /// The line of that name; what is left to chance in it comes from the seed.
    pub fn link(self, seed: u64) -> Link {
        let moment =
            |n: u64, from_ms: u64, spread_ms: u64| from_ms + (draw(seed, n) * spread_ms as f64) as u64;
        let lte = Link {
            up_bits_per_s: Some(10_000_000),
            down_bits_per_s: Some(10_000_000),
            round_trip_ms: 50,
            seed,
            ..Link::default()
        };
        match self {
            Self::Loopback => Link { seed, ..Link::default() },
            Self::Lte => lte,
            Self::Bad => Link {
                up_bits_per_s: Some(2_000_000),
                round_trip_ms: 150,
                reset_every_ms: Some((14_000, 26_000)),
                outages: vec![Outage {
                    after_ms: moment(1_000, 20_000, 10_000),
                    for_ms: 15_000,
                    kind: OutageKind::Reset,
                }],
                ..lte
            },
            Self::Zombie => {
                Link { silences_ms: vec![moment(1_000, 4_000, 2_000), moment(1_001, 14_000, 2_000)], ..lte }
            }
            Self::Slow => Link {
                up_bits_per_s: Some(200_000),
                down_bits_per_s: Some(200_000),
                round_trip_ms: 300,
                ..lte
            },
        }
    }
}

/// A line. All fronts share it, as all requests of a phone share its radio. Times count from the moment the
/// line is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// From the client, in bits per second; absent is unlimited.
    pub up_bits_per_s: Option<u64>,
    /// To the client, in bits per second; absent is unlimited.
    pub down_bits_per_s: Option<u64>,
    /// Paid by every new connection and by every request, in milliseconds.
    pub round_trip_ms: u64,
    /// All connections are reset again and again, after a pause drawn from this range, in milliseconds.
    pub reset_every_ms: Option<(u64, u64)>,
    /// When there is no network.
    pub outages: Vec<Outage>,
    /// When all open connections fall silent for ever, in milliseconds. New ones work.
    pub silences_ms: Vec<u64>,
    /// What is left to chance comes from here.
    pub seed: u64,
}

/// A time without network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// When it begins, in milliseconds.
    pub after_ms: u64,
    /// How long it lasts, in milliseconds.
    pub for_ms: u64,
    /// How it shows.
    #[serde(default)]
    pub kind: OutageKind,
}

/// How an outage shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// Open connections are reset and new ones at once as well: a phone that knows it has no network.
    #[default]
    Reset,
    /// Nothing moves, new connections included, and all goes on afterwards: a tunnel.
    Silent,
}

/// A line as the control API takes it: a preset, or every detail.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum LinkWish {
    /// By name.
    Preset {
        /// Which.
        preset: LinkPreset,
        /// What is left to chance in it.
        #[serde(default)]
        seed: u64,
    },
    /// In every detail.
    Custom(Link),
}

impl From<LinkWish> for Link {
    fn from(wish: LinkWish) -> Self {
        match wish {
            LinkWish::Preset { preset, seed } => preset.link(seed),
            LinkWish::Custom(link) => link,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_the_same_for_the_same_seed_and_within_its_bounds() {
        for seed in 0..50 {
            let bad = LinkPreset::Bad.link(seed);
            assert_eq!(bad, LinkPreset::Bad.link(seed));
            assert!((20_000..30_000).contains(&bad.outages[0].after_ms));
            let zombie = LinkPreset::Zombie.link(seed);
            assert!((4_000..6_000).contains(&zombie.silences_ms[0]));
        }
        assert_ne!(LinkPreset::Bad.link(1), LinkPreset::Bad.link(2));
    }

    #[test]
    fn a_line_is_asked_for_by_name_or_in_detail() {
        let read = |text| Link::from(serde_json::from_str::<LinkWish>(text).unwrap());
        assert_eq!(read(r#"{"preset": "lte", "seed": 3}"#), LinkPreset::Lte.link(3));
        assert_eq!(read(r#"{"round_trip_ms": 9}"#).round_trip_ms, 9);
        assert!(serde_json::from_str::<LinkWish>(r#"{"up_bits": 9}"#).is_err());
    }
}
