//! What every page is made of; knows neither the domain nor the engine.

mod badge;
mod button;
mod copy;
mod dialog;
mod field;
mod flash;
mod form;
mod group;
mod icon;
mod load;
mod page;
mod state;
mod table;
mod tabs;
mod time;

pub use badge::{Badge, Tone};
pub use button::{Button, LinkButton, Variant};
pub use copy::{CopyButton, CopyField};
pub use dialog::{Confirmation, Dialog, DialogButton, Disclosure};
pub use field::{Checkbox, Field, Hidden, SelectField, TextArea, TextField};
pub use flash::FlashMessage;
pub use form::{Form, FormCount, FormState, PlainForm, Submission};
pub use group::FormGroup;
pub use icon::Icon;
pub use load::{Load, Loadable};
pub use page::{Breadcrumb, Card, Crumb, HeadTitle, Page, name_document};
pub use state::{EmptyState, ErrorState, Notice, ProblemBox, Skeleton};
pub use table::Table;
pub use tabs::{TabLink, Tabs};
pub use time::{Duration, Time};
