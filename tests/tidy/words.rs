//! How things are called, and what lies where.

use crate::source::{files, none, paths, root, rust};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use syn::visit::Visit;

#[test]
fn the_top_level_is_exactly_what_the_design_lists() -> Result<()> {
    let folders_and_files = [
        "Cargo.toml",
        "Cargo.lock",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "app",
        "server",
        "frontend",
        "migrations",
        "assets",
        "docker",
        "tests",
        ".ci",
        ".cargo",
        ".config",
        ".clippy.toml",
        ".rustfmt.toml",
        ".deny.toml",
        ".gitignore",
        ".dockerignore",
    ];
    let top: BTreeSet<String> =
        paths()?.iter().map(|path| path.split('/').next().unwrap_or_default().to_owned()).collect();
    none(
        "unexpected at the top level",
        top.into_iter().filter(|name| !folders_and_files.contains(&name.as_str())).collect(),
    )
}

#[test]
fn modules_are_foo_rs_and_not_mod_rs() -> Result<()> {
    let found = rust()?.into_iter().map(|file| file.path).filter(|path| path.ends_with("/mod.rs"));
    none("mod.rs files", found.collect())
}

#[test]
fn nothing_is_called_manager_helper_or_util_and_nothing_starts_with_get() -> Result<()> {
    let mut found = Vec::new();
    for file in rust()? {
        let parsed = syn::parse_file(&file.text).with_context(|| file.path.clone())?;
        let mut names = Names { path: &file.path, found: &mut found };
        names.visit_file(&parsed);
    }
    none("names that say nothing", found)
}

#[test]
fn a_todo_names_its_issue() -> Result<()> {
    let mut found = Vec::new();
    for file in files(&[".rs", ".css", ".js", ".sh", ".md", ".toml"])? {
        for (at, line) in file.text.lines().enumerate().filter(|_| !file.is_in(&["tests/tidy"])) {
            let word = ["TODO", "FIXME", "XXX"].iter().any(|word| crate::source::has_word(line, word));
            if word && !line.contains("TODO(#") {
                found.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    none("TODO without an issue", found)
}

#[test]
fn the_readmes_map_names_every_crate() -> Result<()> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let crates = ["migrations", "server/domain", "server/engine", "server", "app", "frontend", "tests"];
    let missing = crates
        .iter()
        .filter(|name| !readme.lines().any(|line| line.split_whitespace().next() == Some(**name)));
    none("crates that README's map leaves out", missing.map(|name| (*name).to_owned()).collect())
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() -> Result<()> {
    let mut found = Vec::new();
    for file in files(&[".rs", ".toml", ".md", ".sh", ".yaml", ".yml", "docker/up", "tests/run"])? {
        let lines = file.text.lines().enumerate().filter(|_| !file.is_in(&["tests/tidy"]));
        let stray = lines
            .filter(|(_, line)| ["/work/main", "/tmp/wt", "/work/shared"].iter().any(|p| line.contains(p)));
        found.extend(stray.map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim())));
    }
    none("paths of one machine", found)
}

struct Names<'a> {
    path: &'a str,
    found: &'a mut Vec<String>,
}

impl Names<'_> {
    fn check_type(&mut self, name: &syn::Ident) {
        let text = name.to_string();
        let banned = ["Manager", "Helper", "Helpers", "Util", "Utils"].iter().any(|end| text.ends_with(end));
        // `CreateService` is a request about a service; `MailService` would be a thing that says nothing.
        let verbs = ["", "Create", "Update", "New", "Delete", "Edit", "Stop", "Start", "Rename"];
        let service = text.strip_suffix("Service").is_some_and(|start| !verbs.contains(&start));
        if banned || service {
            self.note(name);
        }
    }

    fn check_function(&mut self, name: &syn::Ident) {
        if name.to_string().starts_with("get_") {
            self.note(name);
        }
    }

    fn note(&mut self, name: &syn::Ident) {
        self.found.push(format!("{}:{}: {name}", self.path, name.span().start().line));
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.check_type(&item.ident);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.check_type(&item.ident);
        syn::visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.check_type(&item.ident);
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // What a trait's functions are called is the trait's business, and that may be somebody else's.
        if item.trait_.is_none() {
            syn::visit::visit_item_impl(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.check_function(&signature.ident);
        syn::visit::visit_signature(self, signature);
    }
}
