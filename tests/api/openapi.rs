//! The description of the API.

use berth_tests::prelude::*;

/// The document as anybody may read it.
pub async fn document(berth: &Berth) -> Result<Value> {
    berth.anonymous()?.get("/openapi.json").await?.ok()
}

/// Every method and path of the document.
pub fn operations(document: &Value) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase()) {
            found.extend(method.parse().ok().map(|method| (method, path.clone())));
        }
    }
    found
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_complete_in_itself() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let document = document(&berth).await?;
    ensure!(document["openapi"].as_str().is_some_and(|v| v.starts_with("3.1.")), "{}", document["openapi"]);
    ensure!(document["info"]["title"] == "Berth" && document["info"]["version"].is_string());
    let mut missing = Vec::new();
    references(&document, &document, &mut missing);
    ensure!(missing.is_empty(), "references that lead nowhere: {missing:?}");
    ensure!(operations(&document).len() >= 55, "{} operations", operations(&document).len());
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        ensure!(operation["operationId"].is_string(), "{method} {path} has no id");
        let responses = operation["responses"].as_object().context("responses")?;
        ensure!(responses.keys().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
    }
    Ok(())
}

/// Every schema's words are those that the server really speaks: a service as it comes has the fields of its schema.
#[tokio::test]
async fn an_answer_has_the_fields_that_its_schema_names() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let document = document(&berth).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, berth_tests::verbs::image("nginx:1"), json!({})).await?;
    for (path, schema) in [
        (berth_tests::verbs::of(&web), "ServiceView"),
        ("/projects/shop".to_owned(), "ProjectView"),
        ("/me".to_owned(), "Me"),
    ] {
        let answer: Value = owner.get(&path).await?.ok()?;
        let named = document["components"]["schemas"][schema]["properties"].as_object().context(schema)?;
        for key in answer.as_object().context("an object")?.keys() {
            ensure!(named.contains_key(key), "{schema} does not name {key}");
        }
        for key in document["components"]["schemas"][schema]["required"].as_array().into_iter().flatten() {
            ensure!(answer.get(key.as_str().unwrap_or_default()).is_some(), "{schema} lacks {key}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_page_to_browse_it_loads_nothing_from_elsewhere() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let page = Answer::of(berth.anonymous()?.request(Method::GET, "/api/docs")).await?;
    ensure!(page.status == 200, "{page:?}");
    for elsewhere in ["src=\"http", "href=\"http", "cdn."] {
        ensure!(!page.text.contains(elsewhere), "the page loads from {elsewhere}");
    }
    Ok(())
}

fn references(value: &Value, document: &Value, missing: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref")
                && document.pointer(reference.trim_start_matches('#')).is_none()
            {
                missing.push(reference.clone());
            }
            map.values().for_each(|inner| references(inner, document, missing));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, document, missing)),
        _ => {}
    }
}
