//! Where in the network a request comes from. `X-Forwarded-For` is written by whoever likes to: it counts
//! only as far as the proxies that are known to be ours wrote it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// Networks whose word about their clients is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<TrustedProxy>);

/// One address or network, such as `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// A text that is no network of proxies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It is none.
    #[error("{0:?} is not an address or a network such as 10.0.0.0/8 or 2001:db8::/32")]
    NotANetwork(String),
    /// It is all there are.
    #[error(
        "{0:?} is every address, so that anybody could say to come from anywhere; name your proxies' own networks, \
         such as 10.0.0.0/8"
    )]
    Everybody(String),
}

/// What counts as one place: an IPv4 address, or the 64-bit prefix an IPv6 network is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressBlock(IpAddr);

impl TrustedProxies {
    /// Whether this address is one of ours.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|TrustedProxy(network)| network.contains(&address.to_canonical()))
    }

    /// The nearest address that is not a proxy of ours. `forwarded` are the values of `X-Forwarded-For` in
    /// the order received: each proxy appends whom it spoke with, so they are read from the end.
    pub fn client_of<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut nearest = peer.to_canonical();
        for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.contain(nearest) {
                break;
            }
            // What a trusted proxy did not understand is as far as one can see.
            let Some(address) = address_of(hop.trim()) else { break };
            nearest = address.to_canonical();
        }
        nearest
    }
}

/// An address, with the port or the brackets some proxies add.
fn address_of(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

impl FromStr for TrustedProxy {
    type Err = InvalidNetwork;
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        // As logs of sockets of both kinds have it, too: ::ffff:10.0.0.5 is 10.0.0.5.
        let single = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        let network = text.parse().ok().or_else(single).map(canonical);
        match network {
            // Of a client's own X-Forwarded-For the first address would count, and each connection be a proxy's.
            Some(network) if network.prefix_len() == 0 => Err(InvalidNetwork::Everybody(text.to_owned())),
            Some(network) => Ok(Self(network)),
            None => Err(InvalidNetwork::NotANetwork(text.to_owned())),
        }
    }
}

/// The same of a network: ::ffff:10.0.0.0/104 is 10.0.0.0/8. Addresses are compared in that form.
fn canonical(network: IpNet) -> IpNet {
    match (network, network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpNet::V6(_), IpAddr::V4(address), Some(length)) => {
            IpNet::new(IpAddr::V4(address), length).unwrap_or(network)
        }
        _ => network,
    }
}

impl From<IpAddr> for AddressBlock {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from(prefix)))
            }
        }
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted = TrustedProxies(trusted.iter().map(|network| network.parse().unwrap()).collect());
        trusted.client_of(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        for forged in ["198.51.100.9", "127.0.0.1", "10.0.0.1, 10.0.0.2", "", "nonsense"] {
            assert_eq!(client(&[], "203.0.113.5", &[forged]), "203.0.113.5", "{forged}");
            assert_eq!(client(&["10.0.0.0/8"], "203.0.113.5", &[forged]), "203.0.113.5", "{forged}");
        }
    }

    #[test]
    fn behind_our_proxies_the_nearest_foreign_address_counts() {
        let ours = &["10.0.0.0/8", "2001:db8::/32"];
        for (peer, forwarded, expected) in [
            ("10.0.0.1", &["203.0.113.5"][..], "203.0.113.5"),
            // What the client itself sent stands before what our proxy appended.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.1, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.5, 10.0.0.2"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("10.0.0.1", &["[2a00::1]:443"], "2a00::1"),
            ("10.0.0.1", &["[2a00::1]"], "2a00::1"),
            ("2001:db8::1", &["203.0.113.5"], "203.0.113.5"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(client(ours, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
        for written in ["::ffff:10.0.0.1", "::ffff:10.0.0.0/104"] {
            for peer in ["10.0.0.1", "::ffff:10.0.0.1"] {
                assert_eq!(client(&[written], peer, &["203.0.113.5"]), "203.0.113.5", "{written} {peer}");
            }
            assert_eq!(client(&[written], "11.0.0.1", &["203.0.113.5"]), "11.0.0.1", "{written}");
        }
    }

    #[test]
    fn one_ipv6_network_is_one_place() {
        let block = |text: &str| AddressBlock::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(block("2a00:1:2:3:4:5:6:7"), block("2a00:1:2:3::1"));
        assert_ne!(block("2a00:1:2:3::1"), block("2a00:1:2:4::1"));
        assert_ne!(block("203.0.113.5"), block("203.0.113.6"));
        assert_eq!(block("::ffff:203.0.113.5"), block("203.0.113.5"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "10.0.0.0/33", "proxy.example.com", "10.0.0", "*"] {
            assert!(bad.parse::<TrustedProxy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_trusts_everybody() {
        for all in ["0.0.0.0/0", "::/0", "10.0.0.1/0"] {
            let refused = InvalidNetwork::Everybody(all.to_owned());
            assert_eq!(all.parse::<TrustedProxy>(), Err(refused));
        }
        assert!("0.0.0.0/1".parse::<TrustedProxy>().is_ok(), "as large as somebody's may be");
    }
}
