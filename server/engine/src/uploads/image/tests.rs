use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::{Seek, SeekFrom};

const BOUNDS: Bounds = Bounds { bytes: 100_000, entries: 50 };

fn tarball(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, content) in entries {
        append(&mut tar, name, content.len() as u64, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

const CONFIG: &str = r#"{"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;

/// An archive as Docker writes it, with one layer.
fn saved(manifest: &str, layer: &[u8]) -> Vec<u8> {
    let entries: [(&str, &[u8]); 4] = [
        ("c.json", CONFIG.as_bytes()),
        ("l/layer.tar", layer),
        ("repositories", br#"{"nginx":{"latest":"00"}}"#),
        ("manifest.json", manifest.as_bytes()),
    ];
    tarball(&entries)
}

fn manifest(layer: &str) -> String {
    format!(r#"[{{"Config":"c.json","RepoTags":["nginx:latest"],"Layers":["{layer}"]}}]"#)
}

fn refusal(bytes: &[u8]) -> String {
    look_through(&file(bytes), &BOUNDS).expect_err("it is refused").to_string()
}

/// R-SEC-10: the names that an archive wants for its image would take those of other images.
#[test]
fn r_sec_10_an_image_reaches_docker_under_our_tag_alone() {
    let layer = tarball(&[("bin/app", b"program")]);
    for layer in [layer.clone(), packed(&layer)] {
        let archive = file(&saved(&manifest("l/layer.tar"), &layer));
        let image = look_through(&archive, &BOUNDS).unwrap();
        assert_eq!(image.layers(), 1);
        let mut written = Vec::new();
        image.write(&archive, "berth-main/web:1", &mut written).unwrap();
        let mut names = Vec::new();
        for entry in Archive::new(&written[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            names.push(entry.path().unwrap().display().to_string());
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            match names.last().map(String::as_str) {
                Some("manifest.json") => {
                    let manifest: serde_json::Value = serde_json::from_slice(&content).unwrap();
                    assert_eq!(manifest[0]["RepoTags"], json!(["berth-main/web:1"]));
                }
                Some("config.json") => assert_eq!(content, CONFIG.as_bytes()),
                _ => assert_eq!(content, layer),
            }
        }
        assert_eq!(names, ["manifest.json", "config.json", "layers/0.tar"]);
    }
}

#[test]
fn a_layer_may_be_a_link_to_another_one() {
    let mut tar = Builder::new(Vec::new());
    let layer = tarball(&[("a", b"x")]);
    let two = r#"{"rootfs":{"diff_ids":["sha256:00","sha256:00"]}}"#;
    let named = r#"[{"Config":"c.json","Layers":["l/layer.tar","m/layer.tar"]}]"#;
    for (name, content) in
        [("c.json", two.as_bytes()), ("l/layer.tar", &layer), ("manifest.json", named.as_bytes())]
    {
        append(&mut tar, name, content.len() as u64, content).unwrap();
    }
    let mut link = Header::new_gnu();
    link.set_entry_type(EntryType::Symlink);
    link.set_size(0);
    tar.append_link(&mut link, "m/layer.tar", "../l/layer.tar").unwrap();
    let archive = file(&tar.into_inner().unwrap());
    assert_eq!(look_through(&archive, &BOUNDS).unwrap().layers(), 2);
}

#[test]
fn r_sec_10_a_hostile_archive_is_refused() {
    let layer = tarball(&[("a", b"x")]);
    let ordinary = saved(&manifest("l/layer.tar"), &layer);
    assert!(refusal(&packed(&ordinary)).contains("Content-Encoding"));
    assert!(refusal(&tarball(&[("Dockerfile", b"FROM scratch")])).contains("manifest.json is missing"));
    assert!(refusal(&saved("[]", &layer)).contains("it has 0 images"));
    assert!(refusal(&saved("{", &layer)).contains("manifest.json"));
    assert!(refusal(&saved(&manifest("../../etc/shadow"), &layer)).contains("leads out of it"));
    assert!(refusal(&saved(&manifest("elsewhere"), &layer)).contains("elsewhere is missing"));
    let none = r#"[{"Config":"c.json","Layers":[]}]"#;
    assert!(refusal(&saved(none, &layer)).contains("it has 0 layers, and 1 are named"));
    assert!(
        refusal(&saved(&manifest("l/layer.tar"), b"\x28\xb5\x2f\xfd...."))
            .contains("something else than gzip")
    );
}

/// R-SEC-10: what a layer becomes when it is unpacked counts, not what it is in the archive.
#[test]
fn r_sec_10_a_layer_that_unpacks_without_end_is_refused() {
    let large = packed(&tarball(&[("a", &vec![0; 200_000])]));
    assert!(large.len() < 10_000);
    assert!(refusal(&saved(&manifest("l/layer.tar"), &large)).contains("when it is unpacked"));
    // Behind the end of the tarball, where only who computes a digest reads.
    let behind = packed(&[tarball(&[("a", b"x")]), vec![0; 400_000]].concat());
    assert!(refusal(&saved(&manifest("l/layer.tar"), &behind)).contains("when it is unpacked"));
    let many: Vec<(String, &[u8])> = (0..60).map(|number| (format!("f{number}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    assert!(refusal(&saved(&manifest("l/layer.tar"), &tarball(&many))).contains("more than 50 entries"));
    let mut sparse = Header::new_gnu();
    sparse.set_entry_type(EntryType::GNUSparse);
    sparse.set_path("holes").unwrap();
    sparse.set_size(0);
    sparse.as_gnu_mut().unwrap().realsize.copy_from_slice(b"77777777777\0");
    sparse.set_cksum();
    let sparse = [&sparse.as_bytes()[..], &[0; 1_024]].concat();
    let refused = look_through(&file(&saved(&manifest("l/layer.tar"), &sparse)), &BOUNDS);
    assert!(refused.is_err(), "a file with holes is taken");
}
