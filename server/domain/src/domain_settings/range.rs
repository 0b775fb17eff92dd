//! Addresses and networks.

use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr, str::FromStr};

/// An address, or a network such as `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct IpRange(String);

/// The networks from which Cloudflare's proxies come, as it publishes them.
pub const CLOUDFLARE: [&str; 22] = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// Reads ranges with commas between them; `cloudflare` stands for all of Cloudflare's and `private` for the networks that
/// are routed nowhere else.
pub fn ranges(text: &str) -> Result<Vec<IpRange>, String> {
    let mut all = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "cloudflare" => all.extend(CLOUDFLARE.map(|range| IpRange(range.to_owned()))),
            "private" => all.extend(
                ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
                    .map(|range| IpRange(range.to_owned())),
            ),
            range => all.push(range.parse()?),
        }
    }
    Ok(all)
}

impl IpRange {
    /// The range as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IpRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address or network such as 203.0.113.7 or 2001:db8::/32.");
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let Some(bits) = bits else { return Ok(Self(address.to_string())) };
        let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u8 = bits.parse().ok().filter(|bits| digits && *bits <= most).ok_or_else(wrong)?;
        Ok(Self(format!("{address}/{bits}")))
    }
}

impl TryFrom<String> for IpRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<IpRange> for String {
    fn from(range: IpRange) -> Self {
        range.0
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_nothing_else_is() {
        for (text, read) in
            [("10.1.2.3", "10.1.2.3"), (" 10.0.0.0/8 ", "10.0.0.0/8"), ("2001:DB8::/32", "2001:db8::/32")]
        {
            assert_eq!(text.parse::<IpRange>().map(String::from), Ok(read.to_owned()));
        }
        for wrong in
            ["", "10.0.0.0/33", "::/129", "10.0.0/8", "a", "10.0.0.0/", "1.1.1.1/+8", "{{x}}", "1.1.1.1`"]
        {
            assert!(wrong.parse::<IpRange>().is_err(), "{wrong}");
        }
        assert_eq!(ranges("cloudflare, 10.0.0.1,").map(|all| all.len()), Ok(23));
        assert!(CLOUDFLARE.iter().all(|range| range.parse::<IpRange>().is_ok()));
        assert!(ranges("10.0.0.1,x").is_err());
    }
}
