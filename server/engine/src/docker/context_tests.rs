use std::io::Read;
use std::os::unix::fs::symlink;

use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            let path = tree.0.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }
        tree
    }

    fn request(&self, context: &str, dockerfile: &str) -> BuildRequest {
        BuildRequest {
            root: self.0.path().to_owned(),
            context: context.into(),
            dockerfile: dockerfile.into(),
            ..Default::default()
        }
    }

    fn packed(&self, context: &str, dockerfile: &str) -> Result<Vec<String>, DockerError> {
        let file = pack(&self.request(context, dockerfile), &CancellationToken::new())?;
        let mut archive = tar::Archive::new(file);
        let entries = archive.entries().expect("entries");
        Ok(entries.map(|e| e.expect("an entry").path().expect("a path").display().to_string()).collect())
    }
}

#[test]
fn what_is_ignored_is_not_packed_but_the_dockerfile_is() {
    let tree = Tree::new(&[
        ("Dockerfile", "FROM scratch"),
        (".dockerignore", "*\n!src\nsrc/*.log"),
        ("src/main.c", "int main;"),
        ("src/a.log", "x"),
        ("secret", "x"),
        (".git/HEAD", "x"),
    ]);
    assert_eq!(tree.packed("", "Dockerfile").expect("packed"), ["Dockerfile", "src/", "src/main.c"]);
}

#[test]
fn a_dockerfile_deep_in_an_ignored_folder_is_packed() {
    let tree =
        Tree::new(&[("ops/docker/Dockerfile", "FROM scratch"), (".dockerignore", "ops\n"), ("a", "1")]);
    assert_eq!(
        tree.packed("", "ops/docker/Dockerfile").expect("packed"),
        [".dockerignore", "a", "ops/docker/Dockerfile"]
    );
}

#[test]
fn a_dockerfiles_own_ignore_file_goes_first() {
    let tree = Tree::new(&[
        ("Dockerfile", "x"),
        (".dockerignore", "a"),
        ("Dockerfile.dockerignore", "b"),
        ("a", "1"),
        ("b", "1"),
    ]);
    let packed = tree.packed("", "Dockerfile").expect("packed");
    assert!(packed.contains(&"a".to_owned()) && !packed.contains(&"b".to_owned()));
}

#[test]
fn paths_out_of_the_context_are_refused() {
    let tree = Tree::new(&[("web/Dockerfile", "x"), ("Dockerfile", "x")]);
    for (context, dockerfile) in [
        ("..", "Dockerfile"),
        ("/etc", "passwd"),
        ("web", "../Dockerfile"),
        ("web", "/etc/passwd"),
        ("nowhere", "Dockerfile"),
    ] {
        assert!(
            matches!(tree.packed(context, dockerfile), Err(DockerError::Context { .. })),
            "{context} {dockerfile}"
        );
    }
    let text = tree.packed("", "Missing").expect_err("missing").to_string();
    assert!(text.contains("Missing") && text.contains("check the Dockerfile's path"), "{text}");
}

#[test]
fn links_are_packed_as_links_and_never_followed_out() {
    let tree = Tree::new(&[("Dockerfile", "x"), ("real/file", "1")]);
    let outside = Tree::new(&[("secret", "hush"), ("Dockerfile", "x")]);
    symlink(outside.0.path(), tree.0.path().join("out")).expect("a link");
    symlink(outside.0.path().join("secret"), tree.0.path().join("leak")).expect("a link");
    symlink(outside.0.path().join("Dockerfile"), tree.0.path().join("Linked")).expect("a link");
    let mut file = pack(&tree.request("", "Dockerfile"), &CancellationToken::new()).expect("packed");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    assert!(memchr::memmem::find(&bytes, b"hush").is_none());
    assert!(tree.packed("", "Linked").is_err(), "a Dockerfile outside");
    assert!(tree.packed("out", "Dockerfile").is_err(), "a context outside");
}

#[test]
fn a_cancelled_build_stops_packing() {
    let tree = Tree::new(&[("Dockerfile", "x")]);
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert!(matches!(pack(&tree.request("", ""), &cancel), Err(DockerError::Cancelled(_))));
}

#[test]
fn a_long_path_and_an_executable_survive() {
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let tree = Tree::new(&[("Dockerfile", "x"), (&long, "1")]);
    let script = tree.0.path().join("run");
    std::fs::write(&script, "#!").expect("a file");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("mode");
    assert!(tree.packed("", "Dockerfile").expect("packed").contains(&long));
    let mut archive =
        tar::Archive::new(pack(&tree.request("", ""), &CancellationToken::new()).expect("packed"));
    let mode = archive
        .entries()
        .expect("entries")
        .map(|e| e.expect("an entry"))
        .find(|e| e.path().is_ok_and(|p| p == Path::new("run")))
        .map(|e| e.header().mode().expect("a mode"));
    assert_eq!(mode, Some(0o755));
}
