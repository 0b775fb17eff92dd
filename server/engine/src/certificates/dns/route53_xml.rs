//! What Route 53 is told and says, in XML.

use roxmltree::{Document, Node};

/// The values of a name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct RecordSet {
    pub ttl: u32,
    /// As in a zone file, with their quotes.
    pub values: Vec<String>,
}

/// The id of the public zone with this name in a list of zones.
pub(super) fn zone_id(text: &str, name: &str) -> Result<Option<String>, String> {
    let document = read(text)?;
    let zones = document.descendants().filter(|node| node.has_tag_name_of("HostedZone"));
    let mut mine = zones.filter(|zone| {
        let of = inside(*zone, "Name").unwrap_or_default();
        of.trim_end_matches('.').eq_ignore_ascii_case(name) && inside(*zone, "PrivateZone") != Some("true")
    });
    let id = mine.next().and_then(|zone| inside(zone, "Id"));
    Ok(id.map(|id| id.rsplit('/').next().unwrap_or(id).to_owned()))
}

/// The texts of a name in a list of records, which begins at that name.
pub(super) fn texts(text: &str, name: &str) -> Result<Option<RecordSet>, String> {
    let document = read(text)?;
    let mut sets = document.descendants().filter(|node| node.has_tag_name_of("ResourceRecordSet"));
    let found = sets.find(|set| {
        let of = inside(*set, "Name").unwrap_or_default();
        of.trim_end_matches('.').eq_ignore_ascii_case(name) && inside(*set, "Type") == Some("TXT")
    });
    Ok(found.map(|set| RecordSet {
        ttl: inside(set, "TTL").and_then(|ttl| ttl.parse().ok()).unwrap_or(super::TTL),
        values: set
            .descendants()
            .filter(|node| node.has_tag_name_of("Value"))
            .filter_map(|value| value.text())
            .map(str::to_owned)
            .collect(),
    }))
}

/// What is wrong, in the words of an answer that says no.
pub(super) fn refusal(text: &str) -> Option<String> {
    let document = read(text).ok()?;
    let said: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name_of("Message"))
        .filter_map(|message| message.text())
        .map(str::trim)
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The request that makes these the values of a name, or takes the name away.
pub(super) fn change(action: &str, name: &str, set: &RecordSet) -> String {
    let record =
        |value: &String| format!("<ResourceRecord><Value>{}</Value></ResourceRecord>", escaped(value));
    let records: String = set.values.iter().map(record).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>\
         <Change><Action>{action}</Action><ResourceRecordSet><Name>{}</Name><Type>TXT</Type><TTL>{}</TTL>\
         <ResourceRecords>{records}</ResourceRecords></ResourceRecordSet></Change>\
         </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        escaped(name),
        set.ttl
    )
}

fn read(text: &str) -> Result<Document<'_>, String> {
    Document::parse(text).map_err(|error| format!("Route 53 answered something that is no XML: {error}."))
}

fn inside<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.descendants().find(|node| node.has_tag_name_of(name)).and_then(|node| node.text())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Names without their namespace, which is the same everywhere.
trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_others_put_there_survive() {
        let set = RecordSet { ttl: 60, values: vec!["\"a & b <c>\"".into()] };
        let text = change("UPSERT", "_acme-challenge.example.com.", &set);
        assert_eq!(texts(&text, "_acme-challenge.example.com"), Ok(Some(set)));
        assert_eq!(texts(&text, "example.com"), Ok(None));
    }

    #[test]
    fn only_the_public_zone_with_the_very_name_is_taken() {
        let zone = |id: &str, name: &str, private: bool| {
            format!(
                "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><Config><PrivateZone>{private}</PrivateZone></Config></HostedZone>"
            )
        };
        let all = [
            zone("Z1", "example.com.", true),
            zone("Z2", "example.com.", false),
            zone("Z3", "example.org.", false),
        ];
        let text = format!(
            "<ListHostedZonesByNameResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones>{}</HostedZones></ListHostedZonesByNameResponse>",
            all.concat()
        );
        assert_eq!(zone_id(&text, "example.com"), Ok(Some("Z2".into())));
        assert_eq!(zone_id(&text, "example.net"), Ok(None));
        assert!(zone_id("no", "example.com").is_err());
    }
}
