//! A repository on disk, made with git itself.

use std::path::Path;
use std::process::Command;

pub struct Repository {
    pub folder: tempfile::TempDir,
    pub first: String,
    pub second: String,
}

impl Repository {
    /// Two commits on `main`, the first also on `side` and as the annotated tag `v1`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut repository = Self { folder, first: String::new(), second: String::new() };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.first = repository.commit("file", "one\n", "First");
        repository.git(&["tag", "-a", "v1", "-m", "v1"]);
        repository.git(&["branch", "side"]);
        repository.second = repository.commit("file", "two\n", "Second: \"quoted\"");
        repository
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The protocol in which a server only gives out what a branch or tag points to.
    pub fn serve_old_protocol_only(&self) {
        self.git(&["config", "protocol.version", "0"]);
        self.git(&["config", "uploadpack.advertiseBundleURIs", "false"]);
        std::fs::write(self.path().join(".git/old-protocol-only"), "").expect("a mark");
    }

    /// A submodule from a file and an `ext::` one, attributes with a filter, and a file that looks like a hook.
    pub fn add_traps(&self, canary: &Path) {
        let touch = format!("touch {}/ran", canary.display());
        std::fs::write(self.path().join(".gitattributes"), "* filter=trap\n").expect("a file");
        let by_program = format!("ext::sh -c {touch}"); // the trap: not a shell of ours
        let modules = format!(
            "[submodule \"sub\"]\n\tpath = sub\n\turl = file:///etc\n\tupdate = !{touch}\n\
             [submodule \"ext\"]\n\tpath = ext\n\turl = {by_program}\n"
        );
        std::fs::write(self.path().join(".gitmodules"), modules).expect("a file");
        let link = format!("160000,{},sub", self.first);
        self.git(&["update-index", "--add", "--cacheinfo", &link]);
        std::fs::create_dir_all(self.path().join("hooks")).expect("a folder");
        let hook = self.path().join("hooks/post-checkout");
        std::fs::write(&hook, format!("#!/bin/sh\n{touch}\n")).expect("a file");
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        self.commit(
            "config",
            &format!("[filter \"trap\"]\n\tsmudge = {touch}\n[core]\n\thooksPath = hooks\n"),
            "Traps",
        );
    }

    /// Writes and removes files, and commits.
    pub fn change(&self, files: &[(&str, Option<&str>)], message: &str) -> String {
        for (file, text) in files {
            let path = self.path().join(file);
            match text {
                Some(text) => {
                    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    std::fs::write(path, text).expect("a file");
                }
                None => std::fs::remove_file(path).expect("a file"),
            }
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn commit(&self, file: &str, text: &str, message: &str) -> String {
        std::fs::write(self.path().join(file), text).expect("a file");
        let all: Vec<String> = std::fs::read_dir(self.path())
            .expect("a folder")
            .filter_map(|e| e.ok()?.file_name().into_string().ok())
            .filter(|name| name != ".git")
            .collect();
        let mut add = vec!["add", "--"];
        add.extend(all.iter().map(String::as_str));
        self.git(&add);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    #[allow(clippy::disallowed_methods)]
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=A. Uthor",
                "-c",
                "user.email=a@example.test",
                "-c",
                "commit.gpgSign=false",
            ])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
