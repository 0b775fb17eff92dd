use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "p4ss/wörd+?";

fn masked(line: &str) -> String {
    let masker = Masker::new([SECRET]);
    String::from_utf8(masker.mask(line.as_bytes()).into_owned()).expect("UTF-8")
}

#[test]
fn a_secret_is_hidden_wherever_it_stands() {
    assert_eq!(
        masked(&format!("url=postgres://u:{SECRET}@db and {SECRET}")),
        "url=postgres://u:••••••@db and ••••••"
    );
    assert_eq!(masked("nothing here"), "nothing here");
}

#[test]
fn an_encoded_secret_is_hidden() {
    assert!(!masked("p4ss%2Fw%C3%B6rd%2B%3F").contains("p4ss"));
    assert!(!masked(&hex::encode(SECRET)).contains(&hex::encode("p4ss")));
    let json = serde_json::json!({ "a": "line \"quoted\" secret" }).to_string();
    let hidden = Masker::new(["line \"quoted\" secret"]).mask_text(&json).into_owned();
    assert!(!hidden.contains("quoted"), "{hidden}");
}

#[test]
fn each_line_of_a_long_secret_is_hidden_and_its_frame_is_not() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC\n-----END KEY-----\n";
    let masker = Masker::new([key]);
    assert_eq!(masker.mask_text("x MIIEvQIBADANBgkq y"), "x •••••• y");
    assert_eq!(masker.mask_text("hkiG9w0BAQEFAASC"), "••••••");
    assert_eq!(masker.mask_text("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn short_values_are_not_looked_for() {
    assert!(Masker::new(["12345", "true", ""]).is_empty());
}

#[test]
fn of_two_secrets_the_longer_one_is_hidden_whole() {
    let masker = Masker::new(["secret", "secret-and-more"]);
    assert_eq!(masker.mask_text("secret-and-more secret"), "•••••• ••••••");
}

#[test]
fn a_hundred_thousand_lines_take_less_than_a_second() {
    let secrets: Vec<String> = (0..50).map(|n| format!("secret-number-{n}-with-some-length")).collect();
    let masker = Masker::new(&secrets);
    let line =
        b"2026-11-20T14:00:00Z INFO request served path=/api/items/42 status=200 took=12ms client=10.0.0.7";
    let started = std::time::Instant::now();
    let shown: usize = (0..100_000).map(|_| masker.mask(line).len()).sum();
    assert_eq!(shown, line.len() * 100_000);
    // An unoptimised test build is some 20 times slower than what ships.
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn base64_of_any_text_around_a_secret_does_not_show_it(before in "[a-z]{0,7}", after in "[a-z]{0,7}") {
        let text = format!("{before}{SECRET}{after}");
        let masker = Masker::new([SECRET]);
        for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
            let shown = masker.mask_text(&encoded).into_owned();
            prop_assert!(shown.contains('•'), "{encoded} shown as {shown}");
        }
    }

    #[test]
    fn cut_anywhere_a_secret_is_still_hidden(cuts in prop::collection::vec(1usize..9, 1..40), tail in "[ -~]{0,12}") {
        let text = format!("a {SECRET} b {SECRET}{tail}\nnext {SECRET}");
        let masker = Masker::new([SECRET, "unrelated-but-long-secret-value"]);
        let mut chunks = masker.chunks();
        let (mut shown, mut rest) = (Vec::new(), text.as_bytes());
        for cut in cuts {
            let (chunk, left) = rest.split_at(cut.min(rest.len()));
            shown.extend(chunks.take(chunk));
            rest = left;
        }
        shown.extend(chunks.take(rest));
        shown.extend(chunks.finish());
        prop_assert_eq!(String::from_utf8(shown).expect("UTF-8"), masker.mask_text(&text).into_owned());
    }

    #[test]
    fn no_plain_secret_survives(secrets in prop::collection::vec("[!-~]{6,20}", 1..5), filler in "[ -~]{0,20}") {
        let line = secrets.iter().map(|s| format!("{filler}{s}")).collect::<String>();
        let shown = Masker::new(&secrets).mask_text(&line).into_owned();
        for secret in &secrets {
            prop_assert!(!shown.contains(secret.as_str()));
        }
    }
}
