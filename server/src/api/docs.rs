//! A page to browse the API: made here from the document, with no script and nothing from elsewhere.

use super::{PREFIX, document};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{fmt::Write, sync::LazyLock};

static PAGE: LazyLock<String> = LazyLock::new(|| page_of(document()));

/// `/api/docs`
pub(super) async fn page() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, PAGE.as_str()).into_response()
}

/// `/api/docs.css`
pub(super) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("docs.css")).into_response()
}

fn page_of(document: &Value) -> String {
    let mut out = Page::default();
    let title = text(&document["info"]["title"]);
    out.raw("<!doctype html><html lang=en><meta charset=utf-8><title>").text(title).raw(" API</title>");
    out.raw(
        "<meta name=viewport content=\"width=device-width\"><link rel=stylesheet href=\"/api/docs.css\">",
    );
    out.raw("<header><h1>").text(title).raw(" API</h1><p>").text(text(&document["info"]["description"]));
    out.raw("<p>All paths are below <code>")
        .text(PREFIX)
        .raw("</code>. Send a token of the account page as ");
    out.raw("<code>Authorization: Bearer berth_…</code>. Problems are <a href=\"#schema-Problem\">Problem</a> as ");
    out.raw("<code>application/problem+json</code>. The <a href=\"/api/v1/openapi.json\">OpenAPI 3.1 document</a> ");
    out.raw("has it all for programs.</header><nav aria-label=Contents><ul>");
    let tags = || document["tags"].as_array().into_iter().flatten();
    for tag in tags() {
        let name = text(&tag["name"]);
        out.raw("<li><a href=\"#").text(name).raw("\">").text(name).raw("</a>");
    }
    out.raw("<li><a href=\"#schemas\">Schemas</a></ul></nav><main>");
    for tag in tags() {
        out.tag(document, tag);
    }
    out.raw("<section id=schemas><h2>Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        out.schema(name, schema);
    }
    out.raw("</section></main>");
    out.html
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[derive(Default)]
struct Page {
    html: String,
}

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.html.push_str(html);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '&' => self.html.push_str("&amp;"),
                '"' => self.html.push_str("&quot;"),
                other => self.html.push(other),
            }
        }
        self
    }

    fn tag(&mut self, document: &Value, tag: &Value) {
        let name = text(&tag["name"]);
        self.raw("<section id=\"").text(name).raw("\"><h2>").text(name).raw("</h2><p>");
        self.text(text(&tag["description"]));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name)) {
                    self.operation(method, path, operation);
                }
            }
        }
        self.raw("</section>");
    }

    fn operation(&mut self, method: &str, path: &str, operation: &Value) {
        let id = text(&operation["operationId"]);
        self.raw("<details id=\"").text(id).raw("\"><summary><b class=\"").text(method).raw("\">");
        self.text(&method.to_uppercase()).raw("</b> <code>").text(path).raw("</code> <span>");
        self.text(text(&operation["summary"])).raw("</span></summary><p>");
        self.text(text(&operation["description"]));
        if let Some(role) = operation["x-least-role"].as_str() {
            self.raw("<p>Needs the role <em>").text(role).raw("</em> or one above it.");
        }
        self.parameters(&operation["parameters"]);
        for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            self.raw("<h3>Request</h3><p>")
                .shape(&content["schema"])
                .raw(" <small>")
                .text(media_type)
                .raw("</small>");
        }
        self.raw("<h3>Answers</h3><table>");
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            self.raw("<tr><th scope=row>")
                .text(status)
                .raw("<td>")
                .text(text(&response["description"]))
                .raw("<td>");
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                self.shape(&content["schema"]).raw(" <small>").text(media_type).raw("</small>");
            }
        }
        self.raw("</table></details>");
    }

    fn parameters(&mut self, parameters: &Value) {
        let Some(parameters) = parameters.as_array().filter(|list| !list.is_empty()) else { return };
        self.raw("<h3>Parameters</h3><table>");
        for parameter in parameters {
            self.raw("<tr><th scope=row><code>").text(text(&parameter["name"])).raw("</code><td>");
            self.text(text(&parameter["in"])).raw("<td>").shape(&parameter["schema"]).raw("<td>");
            self.text(text(&parameter["description"]));
        }
        self.raw("</table>");
    }

    fn schema(&mut self, name: &str, schema: &Value) {
        self.raw("<details id=\"schema-")
            .text(name)
            .raw("\"><summary><code>")
            .text(name)
            .raw("</code> <span>");
        self.text(text(&schema["description"])).raw("</span></summary>");
        match schema["properties"].as_object() {
            Some(properties) => {
                self.raw("<table>");
                for (field, shape) in properties {
                    let required =
                        schema["required"].as_array().is_some_and(|list| list.iter().any(|r| r == field));
                    self.raw("<tr><th scope=row><code>")
                        .text(field)
                        .raw("</code><td>")
                        .shape(shape)
                        .raw("<td>");
                    self.raw(if required { "required" } else { "" })
                        .raw("<td>")
                        .text(text(&shape["description"]));
                }
                self.raw("</table></details>");
            }
            None => {
                self.raw("<p>").shape(schema).raw("</details>");
            }
        }
    }

    /// The type of a value in a few words, with links to the named ones.
    fn shape(&mut self, schema: &Value) -> &mut Self {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.raw("<a href=\"#schema-").text(name).raw("\">").text(name).raw("</a>");
        }
        for (key, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
            if let Some(parts) = schema[key].as_array() {
                for (index, part) in parts.iter().enumerate() {
                    self.raw(if index > 0 { between } else { "" }).shape(part);
                }
                return self;
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            let words: Vec<String> = values.iter().map(Value::to_string).collect();
            return self.text(&words.join(" | "));
        }
        if let Some(properties) = schema["properties"].as_object() {
            self.raw("{ ");
            for (field, shape) in properties {
                self.text(field).raw(": ").shape(shape).raw("; ");
            }
            return self.raw("}");
        }
        self.plain(schema)
    }

    fn plain(&mut self, schema: &Value) -> &mut Self {
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().map(text).collect(),
            Value::String(one) => vec![one],
            _ => vec!["any"],
        };
        for (index, name) in types.iter().enumerate() {
            self.raw(if index > 0 { " or " } else { "" });
            match *name {
                "array" => self.raw("list of ").shape(&schema["items"]),
                other => self.text(other),
            };
        }
        if let Some(format) = schema["format"].as_str() {
            // Writing to a string cannot fail.
            let _ = write!(self.html, " ({format})");
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_verb_is_on_the_page_and_nothing_comes_from_elsewhere() {
        let page = page_of(document());
        for operation in crate::api::operations() {
            let line = format!("{}</b> <code>{}</code>", operation.method, operation.path);
            assert!(page.contains(&line), "{line}");
        }
        for foreign in ["<script", "style=", "src=", "href=\"http"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn words_are_not_markup() {
        let page = page_of(&json!({ "info": { "title": "<b>" } }));
        assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
    }
}
