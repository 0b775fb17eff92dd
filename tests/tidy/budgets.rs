//! How long a file and a function may be.

use crate::source::{SourceFile, files, none, rust};
use anyhow::{Context, Result};
use syn::{spanned::Spanned, visit::Visit};

const FILE: usize = 400;
const FUNCTION: usize = 50;

#[test]
fn no_file_is_longer_than_400_lines() -> Result<()> {
    let mut all = files(&[".rs", ".css", ".sh", ".py", ".js"])?;
    all.extend(files(&["docker/up", "docker/down", "tests/run", "tests/bench"])?);
    let long = all.iter().map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > FILE);
    none("too long files", long.map(|(file, lines)| format!("{}: {lines} lines", file.path)).collect())
}

#[test]
fn no_function_or_view_is_longer_than_50_lines() -> Result<()> {
    let mut found = Vec::new();
    for file in rust()? {
        let parsed = syn::parse_file(&file.text).with_context(|| file.path.clone())?;
        let mut lengths = Lengths { file: &file, found: &mut found };
        lengths.visit_file(&parsed);
    }
    none("too long functions", found)
}

struct Lengths<'a> {
    file: &'a SourceFile,
    found: &'a mut Vec<String>,
}

impl Lengths<'_> {
    /// Counts lines of code between the first and the last line, as clippy does: no blanks, no comments.
    fn measure(&mut self, name: &str, span: proc_macro2::Span) {
        let (from, to) = (span.start().line, span.end().line);
        let code = self.file.text.lines().skip(from).take((to - from).saturating_sub(1));
        let lines = code.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        if lines > FUNCTION {
            self.found.push(format!("{}:{from}: {name} has {lines} lines", self.file.path));
        }
    }
}

impl<'ast> Visit<'ast> for Lengths<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig.ident.to_string(), item.block.span());
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig.ident.to_string(), item.block.span());
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig.ident.to_string(), block.span());
        }
        syn::visit::visit_trait_item_fn(self, item);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("view") {
            self.measure("view!", call.delimiter.span().join());
        }
        syn::visit::visit_macro(self, call);
    }
}
