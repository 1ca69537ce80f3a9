//! Where the bucket is: scheme, host and port, how the bucket is named in them, and the region that
//! goes into every signature. Parsed once; what it holds is ready to be signed and sent.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::encode;
use crate::error::InvalidEndpoint;

/// Where a URL names the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// `https://host/bucket/key`: what most S3-compatible servers speak.
    Path,
    /// `https://bucket.host/key`: what Amazon S3 prefers, and Transfer Acceleration requires.
    VirtualHost,
}

/// One bucket at one S3 endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://host[:port]`, the bucket's name in it where it belongs there.
    origin: String,
    /// Where in `origin` the value of the `Host` header begins.
    host_start: usize,
    /// `/` or `/bucket/`.
    path_prefix: String,
    region: String,
    bucket: String,
}

impl Endpoint {
    /// An endpoint such as `https://s3.eu-central-1.amazonaws.com` or `http://localhost:3900`, without
    /// the bucket. A port that is the scheme's own is dropped, since clients do not send it either.
    pub fn new(
        origin: &str,
        region: &str,
        bucket: &str,
        addressing: Addressing,
    ) -> Result<Self, InvalidEndpoint> {
        let (scheme, authority) = split_scheme(origin)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(InvalidEndpoint::NotAnOrigin);
        }
        let (host, port) = split_port(authority)?;
        let host = Host::parse(host)?;
        check_region(region)?;
        check_bucket(bucket)?;
        let in_host = match addressing {
            Addressing::Path => String::new(),
            Addressing::VirtualHost => {
                // Wildcard certificates cover one label only, so no dots under https.
                let fits = is_dns_name(bucket) && !(scheme == "https" && bucket.contains('.'));
                if !fits || matches!(host, Host::Address(_)) {
                    return Err(InvalidEndpoint::NotVirtualHostable(bucket.to_owned()));
                }
                format!("{bucket}.")
            }
        };
        let port = match (scheme, port) {
            ("https", Some(443)) | ("http", Some(80)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        Ok(Self {
            origin: format!("{scheme}://{in_host}{host}{port}"),
            host_start: scheme.len() + "://".len(),
            path_prefix: match addressing {
                Addressing::Path => format!("/{bucket}/"),
                Addressing::VirtualHost => "/".to_owned(),
            },
            region: region.to_owned(),
            bucket: bucket.to_owned(),
        })
    }

    /// Scheme, host and port a browser talks to: what a page's `connect-src` has to allow.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The `Host` header a client sends there.
    pub fn host(&self) -> &str {
        // `host_start` is the length of the ASCII scheme `origin` was built from.
        &self.origin[self.host_start..]
    }

    /// The region that is signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// An object's address without a signature: a name for it, not a way to fetch it.
    pub fn object_url(&self, key: &str) -> String {
        let mut url = String::with_capacity(self.origin.len() + self.path_prefix.len() + key.len() + 16);
        url.push_str(&self.origin);
        self.push_path(&mut url, key);
        url
    }

    /// Where forms that bring objects go: the bucket's own address.
    pub(crate) fn form_url(&self) -> String {
        match self.path_prefix.strip_suffix('/') {
            Some(bucket) if !bucket.is_empty() => format!("{}{bucket}", self.origin),
            _ => format!("{}/", self.origin),
        }
    }

    pub(crate) fn push_path(&self, url: &mut String, key: &str) {
        url.push_str(&self.path_prefix);
        encode::push_path(url, key);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}{} in {})", self.origin, self.path_prefix, self.region)
    }
}

/// A host as clients write it into the `Host` header: lower case, addresses in their shortest form.
enum Host {
    Name(String),
    Address(String),
}

impl Host {
    fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint::Host(text.to_owned());
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').ok_or_else(invalid)?;
            let address: Ipv6Addr = address.parse().map_err(|_| invalid())?;
            return Ok(Self::Address(format!("[{address}]")));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.to_string()));
        }
        let name = text.to_ascii_lowercase();
        // A last label of digits would be read as an address by browsers, `127.1` for instance.
        let last = name.rsplit('.').next().unwrap_or_default();
        let numeric = last.starts_with(|c: char| c.is_ascii_digit())
            && last.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x');
        if !is_dns_name(&name) || numeric {
            return Err(invalid());
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Name(text) | Self::Address(text)) = self;
        f.write_str(text)
    }
}

fn split_scheme(origin: &str) -> Result<(&'static str, &str), InvalidEndpoint> {
    match origin.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok(("https", rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok(("http", rest)),
        _ => Err(InvalidEndpoint::Scheme),
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), InvalidEndpoint> {
    match authority.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(number) if number != 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok((host, Some(number))),
            _ => Err(InvalidEndpoint::Port(port.to_owned())),
        },
        _ => Ok((authority, None)),
    }
}

fn check_region(region: &str) -> Result<(), InvalidEndpoint> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if region.is_empty() || !region.bytes().all(plain) {
        return Err(InvalidEndpoint::Region(region.to_owned()));
    }
    Ok(())
}

/// Amazon S3 User Guide, "Bucket naming rules".
fn check_bucket(bucket: &str) -> Result<(), InvalidEndpoint> {
    if (3..=63).contains(&bucket.len()) && is_dns_name(bucket) && bucket.parse::<Ipv4Addr>().is_err() {
        Ok(())
    } else {
        Err(InvalidEndpoint::Bucket(bucket.to_owned()))
    }
}

/// Labels of lower-case letters, digits and inner hyphens, joined by dots.
fn is_dns_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(origin: &str, addressing: Addressing) -> Result<Endpoint, InvalidEndpoint> {
        Endpoint::new(origin, "eu-central-1", "photos", addressing)
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        let path = endpoint("https://s3.eu-central-1.amazonaws.com", Addressing::Path).unwrap();
        assert_eq!(path.object_url("a b.jpg"), "https://s3.eu-central-1.amazonaws.com/photos/a%20b.jpg");
        let host = endpoint("https://s3.eu-central-1.amazonaws.com/", Addressing::VirtualHost).unwrap();
        assert_eq!(host.object_url("a"), "https://photos.s3.eu-central-1.amazonaws.com/a");
        assert_eq!(host.host(), "photos.s3.eu-central-1.amazonaws.com");
    }

    #[test]
    fn only_a_port_of_its_own_stays_in_the_host() {
        let host = |origin| endpoint(origin, Addressing::Path).unwrap().host().to_owned();
        assert_eq!(host("https://store.example:443"), "store.example");
        assert_eq!(host("http://store.example:80"), "store.example");
        assert_eq!(host("http://Store.Example:443"), "store.example:443");
        assert_eq!(host("HTTP://localhost:03900"), "localhost:3900");
        assert_eq!(host("http://127.0.0.1:9000"), "127.0.0.1:9000");
        assert_eq!(host("http://[0:0::1]:9000"), "[::1]:9000");
        assert_eq!(host("http://[::1]"), "[::1]");
    }

    #[test]
    fn what_is_not_an_origin_is_refused_with_its_reason() {
        let refused = |origin| endpoint(origin, Addressing::Path).unwrap_err();
        assert_eq!(refused("s3.example"), InvalidEndpoint::Scheme);
        assert_eq!(refused("ftp://s3.example"), InvalidEndpoint::Scheme);
        for text in
            ["https://s3.example/base", "https://me@s3.example", "https://s3.example?x", "https://a#b"]
        {
            assert_eq!(refused(text), InvalidEndpoint::NotAnOrigin, "{text}");
        }
        for text in [
            "https://",
            "https://a..b",
            "https://bücher.example",
            "https://127.1",
            "https://[::1",
            "https://a b",
        ] {
            assert!(matches!(refused(text), InvalidEndpoint::Host(_)), "{text}");
        }
        for text in ["https://a:0", "https://a:65536", "https://a:", "https://a:+1"] {
            assert!(matches!(refused(text), InvalidEndpoint::Port(_)), "{text}");
        }
    }

    #[test]
    fn a_bucket_or_region_that_could_change_the_address_is_refused() {
        for bucket in ["", "ab", "Photos", "a/b", "..", "a..b", "-ab", "192.168.0.1", "a%2fb", "phötos"] {
            let result = Endpoint::new("https://s3.example", "r", bucket, Addressing::Path);
            assert_eq!(result, Err(InvalidEndpoint::Bucket(bucket.to_owned())));
        }
        for region in ["", "eu central", "eu/central", "eu\n"] {
            let result = Endpoint::new("https://s3.example", region, "photos", Addressing::Path);
            assert_eq!(result, Err(InvalidEndpoint::Region(region.to_owned())));
        }
    }

    #[test]
    fn a_bucket_that_no_certificate_or_address_could_carry_needs_path_addressing() {
        let dotted = |origin| Endpoint::new(origin, "r", "my.photos", Addressing::VirtualHost);
        assert_eq!(
            dotted("https://s3.example"),
            Err(InvalidEndpoint::NotVirtualHostable("my.photos".into()))
        );
        assert!(dotted("http://s3.example").is_ok());
        for origin in ["http://127.0.0.1:9000", "http://[::1]:9000"] {
            assert!(matches!(
                endpoint(origin, Addressing::VirtualHost),
                Err(InvalidEndpoint::NotVirtualHostable(_))
            ));
        }
    }
}
