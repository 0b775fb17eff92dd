use super::*;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn row() -> Row {
    Row::new("variables", Uuid::from_u128(7), "value")
}

fn vault() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path(), true).unwrap();
    (folder, vault)
}

#[test]
fn what_was_sealed_opens_after_a_restart_and_only_then() {
    let (folder, vault) = vault();
    let sealed = vault.seal(&row(), b"hunter2 \xff\x00").unwrap();
    assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
    drop(vault);
    let again = Vault::open(folder.path(), false).unwrap();
    assert_eq!(again.unseal(&row(), &sealed).unwrap().expose(), b"hunter2 \xff\x00");
}

#[test]
fn every_seal_has_a_nonce_of_its_own() {
    let (_folder, vault) = vault();
    assert_ne!(vault.seal(&row(), b"same").unwrap(), vault.seal(&row(), b"same").unwrap());
    assert_eq!(vault.unseal(&row(), &vault.seal(&row(), b"").unwrap()).unwrap().len(), 0);
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let (_folder, vault) = vault();
    let sealed = vault.seal(&row(), b"value").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(vault.unseal(&row(), &changed).is_err(), "byte {at}");
        assert!(vault.unseal(&row(), &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_value_moved_to_another_row_is_refused() {
    let (_folder, vault) = vault();
    let sealed = vault.seal(&row(), b"value").unwrap();
    let others = [
        Row { table: "releases", ..row() },
        Row { id: Uuid::from_u128(8), ..row() },
        Row { column: "name", ..row() },
    ];
    for other in others {
        let error = vault.unseal(&other, &sealed).unwrap_err();
        assert!(error.to_string().contains("another row"), "{error}");
    }
}

#[test]
fn the_wrong_key_is_told_apart() {
    let (_one, first) = vault();
    let (_two, second) = vault();
    let error = second.unseal(&row(), &first.seal(&row(), b"value").unwrap()).unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    first.verify(&first.check_value()).unwrap();
    let error = second.verify(&first.check_value()).unwrap_err();
    assert!(error.to_string().contains("not the one that this database was sealed with"), "{error}");
}

#[test]
fn the_key_is_for_its_owner_only_and_is_made_once() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("new/data");
    let first = Vault::open(&data, true).unwrap().check_value();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join(KEY_FILE)), 0o600);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "nothing staged is left");
    assert_eq!(Vault::open(&data, true).unwrap().check_value(), first);
    std::fs::set_permissions(data.join(KEY_FILE), std::fs::Permissions::from_mode(0o644)).unwrap();
    Vault::open(&data, false).unwrap();
    assert_eq!(mode(&data.join(KEY_FILE)), 0o600);
}

#[test]
fn two_first_starts_at_once_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| Vault::open(folder.path(), true).unwrap().check_value()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(values.iter().all(|value| *value == values[0]));
}

#[test]
fn a_missing_key_over_a_full_database_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let message = Vault::open(folder.path(), false).err().unwrap().to_string();
    assert!(message.contains("master.key") && message.contains("backup"), "{message}");
    assert!(!folder.path().join(KEY_FILE).exists(), "no key is made in its place");
    std::fs::write(folder.path().join(KEY_FILE), "berth-master-key-1 00").unwrap();
    let message = Vault::open(folder.path(), false).err().unwrap().to_string();
    assert!(message.contains("key id"), "{message}");
}

#[test]
fn digests_compare_and_do_not_reveal() {
    let (_folder, vault) = vault();
    assert_eq!(vault.digest("a", b"x"), vault.digest("a", b"x"));
    assert_ne!(vault.digest("a", b"x"), vault.digest("b", b"x"));
    assert_ne!(vault.digest("ab", b"c"), vault.digest("a", b"bc"));
    assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(***)");
}
