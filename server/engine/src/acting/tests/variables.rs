use super::*;
use crate::store::scratch::engines;
use berth_domain::{
    event::EventQuery,
    service::SetCredential,
    variable::{ImportVariables, SetVariable},
};

/// Values that a shell, a .env reader or a trimmer would change.
const HARD: [&str; 9] = [
    "",
    " leading and trailing ",
    "a'b\"c\\d",
    "$HOME ${X} `id` $(id)",
    "line one\nline two\r\n",
    "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
    "{\"a\": [1, 2]}\n",
    "ünïcödé \u{1f600} \u{feff}",
    "tab\there # no comment",
];

async fn web(engine: &Engine) -> (Acting, ServicePath) {
    let acting = owner(engine).await;
    project(&acting, "shop").await;
    let path = service(&acting, "shop/production/web").await.path;
    (acting, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_env_1_values_come_back_byte_for_byte() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        for (i, value) in HARD.iter().enumerate() {
            let request = SetVariable { value: (*value).into(), secret: i % 2 == 0 };
            acting.set_variable(&web, &format!("K{i}"), request).await.unwrap();
        }
        for (i, value) in HARD.iter().enumerate() {
            assert_eq!(acting.reveal_variable(&web, &format!("K{i}")).await.unwrap().value, *value);
        }
        let organisation = acting.actor().organisation;
        let id = acting.service(&web).await.unwrap().id;
        let present = engine.present_variables(organisation, id).await.unwrap();
        let present: Vec<_> = present.iter().map(|(_, value)| value.expose_text().unwrap()).collect();
        assert_eq!(present, HARD);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_env_2_what_is_exported_is_imported_as_it_was() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        for (i, value) in HARD.iter().enumerate() {
            let request = SetVariable { value: (*value).into(), secret: i % 2 == 0 };
            acting.set_variable(&web, &format!("K{i}"), request).await.unwrap();
        }
        let text = acting.export_variables(&web).await.unwrap().dotenv;
        let events = acting.events(EventQuery::default()).await.unwrap().items.len();
        let import = ImportVariables { dotenv: text.clone(), replace: true, secret: true };
        acting.import_variables(&web, import.clone()).await.unwrap();
        let kinds = acting.variables(&web).await.unwrap().variables;
        assert!(kinds.iter().enumerate().all(|(i, v)| v.secret == i.is_multiple_of(2)), "a kind changed");
        let after = acting.events(EventQuery::default()).await.unwrap().items.len();
        assert_eq!(after, events, "an import that changes nothing was told");
        let other = service(&acting, "shop/production/other").await.path;
        acting.import_variables(&other, import).await.unwrap();
        assert_eq!(acting.export_variables(&other).await.unwrap().dotenv, text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_merges_or_replaces_and_a_bad_text_changes_nothing() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        let import =
            |dotenv: &str, replace| ImportVariables { dotenv: dotenv.into(), replace, secret: false };
        let keys = async || {
            let view = acting.variables(&web).await.unwrap();
            view.variables
                .into_iter()
                .map(|v| format!("{}={}", v.key, v.value.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        acting.import_variables(&web, import("A=1\nB=2\n", false)).await.unwrap();
        acting.import_variables(&web, import("B=3\nC=4\n", false)).await.unwrap();
        assert_eq!(keys().await, ["A=1", "B=3", "C=4"]);
        for bad in ["D=1\nD=2\n", "D=1\n1X=2\n", "D='open\n", "nothing\n"] {
            let refused = problem(acting.import_variables(&web, import(bad, true)).await);
            assert_eq!(refused.field.as_deref(), Some("dotenv"), "{bad}");
        }
        assert_eq!(keys().await, ["A=1", "B=3", "C=4"]);
        acting.import_variables(&web, import("C=4\n", true)).await.unwrap();
        assert_eq!(keys().await, ["C=4"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_3_a_secret_is_in_no_view_and_no_event_and_its_reading_is_told() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        let canary = "canary-5c1f";
        let request = SetVariable { value: canary.into(), secret: true };
        let mut seen = format!("{:?}", acting.set_variable(&web, "TOKEN", request).await.unwrap());
        let credential = SetCredential { username: "u".into(), secret: canary.into() };
        acting.set_credential(&web, credential).await.unwrap();
        let view = acting.service(&web).await.unwrap();
        assert!(view.credential_set);
        seen.push_str(&format!("{view:?}"));
        seen.push_str(&format!("{:?}", acting.variables(&web).await.unwrap()));
        acting.reveal_variable(&web, "TOKEN").await.unwrap();
        acting.export_variables(&web).await.unwrap();
        let events = acting.events(EventQuery::default()).await.unwrap();
        seen.push_str(&format!("{events:?}"));
        assert!(!seen.contains(canary));
        for kind in ["variable.revealed", "variable.exported", "service.credential_set"] {
            assert!(events.items.iter().any(|event| event.kind.as_str() == kind), "{kind}");
        }
        acting
            .set_credential(&web, SetCredential { username: String::new(), secret: String::new() })
            .await
            .unwrap();
        assert!(!acting.service(&web).await.unwrap().credential_set);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_many_set_at_once_has_one_whole_value() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        let set = |i: usize| {
            let request = SetVariable { value: format!("value {i}"), secret: i.is_multiple_of(2) };
            acting.set_variable(&web, "A", request)
        };
        for ended in futures::future::join_all((0..30).map(set)).await {
            ended.unwrap();
        }
        assert!(acting.reveal_variable(&web, "A").await.unwrap().value.starts_with("value "));
        assert_eq!(acting.variables(&web).await.unwrap().variables.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_process_can_have_is_refused() {
    engines(async |engine| {
        let (acting, web) = web(&engine).await;
        let long = "x".repeat(200 << 10);
        for (key, value, field) in [
            ("1A", "", "key"),
            ("A-B", "", "key"),
            ("A;id", "", "key"),
            ("A", "a\0b", "value"),
            ("A", &long, "value"),
        ] {
            let request = SetVariable { value: value.into(), secret: true };
            let refused = problem(acting.set_variable(&web, key, request).await);
            assert_eq!(
                (refused.kind, refused.field.as_deref()),
                (ProblemKind::Invalid, Some(field)),
                "{key}"
            );
        }
        assert_eq!(kind(acting.delete_variable(&web, "A\0").await), ProblemKind::NotFound);
    })
    .await;
}
