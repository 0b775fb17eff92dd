use super::*;
use std::io::{Seek, SeekFrom, Write};
use tar::{Builder, Header};

const BOUNDS: Bounds = Bounds { bytes: 1_000, entries: 20 };

/// An entry whose name is written as it is: the builder itself would refuse most of these.
fn entry(kind: EntryType, name: &str, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o4755);
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut tar = Builder::new(Vec::new());
    tar.append(&header, content).unwrap();
    let mut bytes = tar.into_inner().unwrap();
    // Without the two blocks that end a tarball.
    bytes.truncate(bytes.len() - 1_024);
    bytes
}

fn tarball(entries: &[Vec<u8>]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&entries.concat()).unwrap();
    file.write_all(&[0; 1_024]).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn plain(name: &str) -> Vec<u8> {
    entry(EntryType::Regular, name, "", b"x")
}

fn link(name: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Symlink, name, target, b"")
}

/// What is refused when it is looked through is refused when it is unpacked, and nothing is outside the root.
fn refusal(entries: &[Vec<u8>]) -> String {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let unpacked = unpack(&tarball(entries), &BOUNDS, &root).map_err(|error| error.to_string());
    let looked = look_through(&tarball(entries), &BOUNDS).map_err(|error| error.to_string());
    assert_eq!(unpacked, looked);
    let outside: Vec<_> = std::fs::read_dir(outer.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(outside, ["root"]);
    looked.expect_err("it is refused")
}

#[test]
fn r_sec_10_what_leads_out_of_a_tarball_is_refused() {
    for name in ["../x", "/etc/x", "a/../../x", "a/../x"] {
        assert!(refusal(&[plain("ok"), plain(name)]).contains("leads out of it"), "{name}");
    }
    for (name, target) in
        [("l", "/etc"), ("l", ".."), ("l", "../x"), ("a/l", "../../x"), ("a/b/l", "../../../x")]
    {
        assert!(
            refusal(&[plain("ok"), link(name, target)]).contains("link that leads out"),
            "{name} {target}"
        );
    }
    // Through another link, a way up is longer than it looks.
    assert!(refusal(&[link("d", "."), link("e", "d/../x")]).contains("down and up"));
    assert!(refusal(&[link("d", "sub"), plain("d/x")]).contains("below a link"));
    assert!(refusal(&[plain("d"), plain("d/x")]).contains("below a link or a file"));
    assert!(refusal(&[link("x", "y"), plain("x")]).contains("twice"));
    assert!(refusal(&[plain("d/x"), link("d", "y")]).contains("twice"));
}

#[test]
fn r_sec_10_only_files_folders_and_links_are_taken() {
    for kind in [EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        refusal(&[plain("ok"), entry(kind, "bad", "ok", b"")]);
    }
    assert!(refusal(&[plain("a\nb")]).contains("control characters"));
    assert!(refusal(&[]).contains("no file"));
    assert!(refusal(&[entry(EntryType::Directory, "only/", "", b"")]).contains("no file"));
    let many: Vec<_> = (0..21).map(|i| plain(&format!("f{i}"))).collect();
    assert!(refusal(&many).contains("more than 20 entries"));
    let large = entry(EntryType::Regular, "large", "", &[0; 1_001]);
    assert!(refusal(&[large]).contains("BERTH_UPLOAD_MIB"));
}

#[test]
fn what_is_sound_is_written_as_it_is_and_without_special_rights() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let entries = [
        entry(EntryType::XGlobalHeader, "pax_global_header", "", b"52 comment=x\n"),
        entry(EntryType::Directory, "./", "", b""),
        plain("./Dockerfile"),
        plain("src/deep/file"),
        entry(EntryType::Directory, "src/", "", b""),
        link("src/deep/up", "../../Dockerfile"),
        link("current", "src/deep"),
    ];
    assert_eq!(unpack(&tarball(&entries), &BOUNDS, root.path()).unwrap(), 2);
    let at = |path: &str| root.path().join(path);
    assert_eq!(std::fs::read(at("current/up")).unwrap(), b"x");
    let mode = at("Dockerfile").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0, "{mode:o}");
}

#[test]
fn what_is_no_tarball_says_so() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[0x1f, 0x8b, 8, 0]).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    assert!(matches!(look_through(&file, &BOUNDS), Err(ArchiveError::Packed)));
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b'x'; 2_000]).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    assert!(matches!(look_through(&file, &BOUNDS), Err(ArchiveError::Unreadable(_))));
}
