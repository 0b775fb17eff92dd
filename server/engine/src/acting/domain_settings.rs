//! The verb that changes what a domain does with its requests: effective at once, and taken back when the proxy refuses.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result, logins,
    logins::Logins,
    routes::Answers,
    store::{DomainRow, Subject},
};
use berth_domain::{
    domain_name::DomainView,
    domain_settings::{ChangeDomain, SetLogin},
    event::EventKind,
    ids::DomainId,
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::ServicePath,
};

impl Acting {
    /// Changes what a domain does. Answers once the proxy does so; when it refuses, the former settings hold.
    pub async fn change_domain(
        &self,
        path: &ServicePath,
        domain: DomainId,
        change: ChangeDomain,
    ) -> Result<DomainView> {
        self.require(Permission::Configure)?;
        change.check()?;
        let fresh = hashes(change.logins.as_deref().unwrap_or_default()).await?;
        self.answers_to(path, domain, &change).await?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let found = rows.domains(service.id).await?.into_iter().find(|row| row.id == domain);
        let before = found.ok_or_else(|| Error::not_found("domain"))?;
        let after = self.changed(&before, change, fresh)?;
        let what = differences(&before, &after);
        if !what.is_empty() {
            rows.change_domain(&after).await?;
            let url = self.engine.address(&after.host, &after.path);
            let told = format!("Settings of {url} changed: {}.", what.join(", "));
            write.record(self.tells(EventKind::DomainChanged, Subject::service(service.id, path), told));
        }
        write.commit().await?;
        match self.engine.lead_domain(&after).await? {
            Answers::AsWritten => Ok(self.engine.domain_view(after)),
            Answers::Otherwise(why) => Err(self.take_back(path, before, &after, &why).await?.into()),
            Answers::Nothing(why) => {
                self.engine.routes_changed(after.service);
                let words = format!("It is kept, but not in effect yet: {why}");
                Err(Problem::new(ProblemKind::Unavailable, words)
                    .with_hint("Berth goes on trying; look at the state of the proxy.")
                    .into())
            }
        }
    }

    /// Refuses another protocol that the instances do not speak.
    async fn answers_to(&self, path: &ServicePath, domain: DomainId, change: &ChangeDomain) -> Result<()> {
        let Some(upstream) = change.upstream else { return Ok(()) };
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let Some(mut row) = rows.domains(service.id).await?.into_iter().find(|row| row.id == domain) else {
            return Err(Error::not_found("domain"));
        };
        if row.settings.upstream == upstream {
            return Ok(());
        }
        row.settings.upstream = upstream;
        row.port = change.port.unwrap_or(row.port);
        match self.engine.try_domain(&row).await? {
            None => Ok(()),
            Some(why) => {
                let words =
                    format!("Nothing was changed: the instances do not answer in this protocol. {why}");
                Err(Problem { field: Some("upstream".into()), ..Problem::new(ProblemKind::Conflict, words) }
                    .with_hint("See whether the program speaks HTTP/2 without TLS at this port.")
                    .into())
            }
        }
    }

    /// The domain with its change, unless that is not acceptable.
    fn changed(&self, before: &DomainRow, change: ChangeDomain, fresh: Logins) -> Result<DomainRow> {
        let (port, logins) = (change.port.unwrap_or(before.port), change.logins.is_some());
        let settings = change.onto(before.settings.clone());
        settings.check(&before.host, &before.path)?;
        let mut after = DomainRow { port, settings, ..before.clone() };
        if logins {
            let kept = self.engine.open_logins(before)?;
            let mut all = Logins::new();
            for name in &after.settings.logins {
                let hash = fresh.get(name).or_else(|| kept.get(name)).ok_or_else(|| {
                    Error::invalid("logins", format!("{name} has no password yet: give one."))
                })?;
                all.insert(name.clone(), hash.clone());
            }
            if all != kept {
                after.logins = self.engine.seal_logins(before.id, &all)?;
            }
        }
        Ok(after)
    }

    /// Makes the former settings hold again, unless somebody has changed them since; answers what to tell.
    async fn take_back(
        &self,
        path: &ServicePath,
        before: DomainRow,
        after: &DomainRow,
        why: &str,
    ) -> Result<Problem> {
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let now = rows.domains(before.service).await?.into_iter().find(|row| row.id == before.id);
        let words = match now {
            Some(now) if now == *after && before != *after => {
                rows.change_domain(&before).await?;
                let url = self.engine.address(&before.host, &before.path);
                let told = format!("The former settings of {url} hold again: {why}");
                let subject = Subject::service(before.service, path);
                write.record(self.tells(EventKind::DomainReverted, subject, told));
                write.commit().await?;
                format!("The former settings hold: the proxy does not answer with the new ones. {why}")
            }
            _ => format!("The proxy does not answer with these settings. {why}"),
        };
        self.engine.apply_routes(before.service).await?;
        Ok(Problem::new(ProblemKind::Conflict, words)
            .with_hint("See what the proxy makes of the service's routes, and whether its instances answer."))
    }
}

async fn hashes(logins: &[SetLogin]) -> Result<Logins> {
    let mut all = Logins::new();
    for SetLogin { name, password } in logins {
        if let Some(password) = password {
            all.insert(name.clone(), logins::hash(password).await?);
        }
    }
    Ok(all)
}

fn differences(before: &DomainRow, after: &DomainRow) -> Vec<&'static str> {
    let mut all = before.settings.differences(&after.settings);
    if before.port != after.port {
        all.push("port");
    }
    if before.logins != after.logins && !all.contains(&"users") {
        all.push("passwords");
    }
    all
}
