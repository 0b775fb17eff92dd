use leptos::prelude::*;

/// A table that scrolls sideways by itself when it has to.
#[component]
pub fn Table(
    /// The columns' headings; an empty one for a column of actions.
    head: Vec<&'static str>,
    /// What the table shows, for screen readers.
    #[prop(into)]
    caption: String,
    children: Children,
) -> impl IntoView {
    let head = head
        .into_iter()
        .map(|text| match text {
            "" => view! { <th scope="col"><span class="visually-hidden">"Actions"</span></th> }.into_any(),
            text => view! { <th scope="col">{text}</th> }.into_any(),
        })
        .collect_view();
    view! {
        <div class="table-scroll">
            <table class="table">
                <caption class="visually-hidden">{caption}</caption>
                <thead><tr>{head}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
