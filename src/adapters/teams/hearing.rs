//! What was heard, as an answer: one reading for whoever asks, over the wire or in the simulation.

use super::classify::{Operation, classify};
use super::transport::{Received, Unanswered};
use super::wire::{Refusal, TokenGrant, bounded};
use super::{connector, graph};
use crate::domain::ids::TeamsAppId;
use crate::domain::notification::Scope;
use crate::domain::outcome::{Fact, HaltScope, Outcome};
use crate::domain::reason::{HaltReason, Reason};
use crate::ports::{Answer, Notified, Request};

/// What `heard` tells whoever made `request`.
pub fn of_request(request: &Request, heard: Result<Received, Unanswered>) -> Answer {
    let received = match success(request.into(), heard) {
        Ok(received) => received,
        Err(Answer { outcome, status, detail }) => {
            return Answer { outcome: refused_to(request, outcome, status), status, detail };
        }
    };
    of_success(
        &received,
        match request {
            Request::Check { app, .. } | Request::CheckTeam { app, .. } => graph::checked(&received.body, app),
            Request::Install { .. } | Request::InstallInTeam { .. } => Some(Outcome::Learnt(Fact::InstallAccepted)),
            Request::Resolve { .. } => graph::resolved(&received.body),
            Request::FindChat { .. } => graph::found_chat(&received.body),
            Request::FindChannel { channel, .. } => graph::found_channel(&received.body, channel.as_deref()),
            Request::Send { .. } => Some(connector::accepted(&received.body)),
            Request::Post { .. } => Some(connector::posted(&received.body)),
            Request::Create { .. } => connector::opened(&received.body),
            Request::Notify { .. } | Request::NotifyMany { .. } | Request::Withdraw { .. } => {
                Some(Outcome::Accepted { message_id: None })
            }
            Request::Replace { message, .. } => Some(Outcome::Accepted { message_id: Some(message.clone()) }),
        },
    )
}

/// A refusal means the same in a team's name as in a person's, but for three things: in a team's name, or a chat's, nobody
/// can be given the app, and Teams refuses alike whoever does not belong there and everybody where the app is missing; it
/// is not a person who is unknown; and a permission that only posts need, or only notifications, must not stop everything
/// else of the tenant.
fn refused_to(request: &Request, outcome: Outcome, status: Option<u16>) -> Outcome {
    let of_channel = matches!(
        request,
        Request::CheckTeam { .. } | Request::InstallInTeam { .. } | Request::FindChannel { .. } | Request::Post { .. }
    );
    let notifies = matches!(request, Request::Notify { .. } | Request::NotifyMany { .. });
    match outcome {
        Outcome::Learnt(Fact::NotInstalled) | Outcome::Rejected(Reason::NotFound) if is_within(request) => {
            refused_within(request)
        }
        // No document names the code for a team whose channels are asked for and that is not there.
        Outcome::Rejected(Reason::Unexpected)
            if status == Some(404) && matches!(request, Request::FindChannel { .. }) =>
        {
            Outcome::Rejected(Reason::ChannelNotFound)
        }
        Outcome::Rejected(Reason::NotFound) if of_channel => Outcome::Rejected(Reason::ChannelNotFound),
        Outcome::Refused(HaltScope::Tenant, HaltReason::PermissionMissing) if of_channel || notifies => {
            Outcome::Refused(HaltScope::Broadcast, HaltReason::PermissionMissing)
        }
        outcome => outcome,
    }
}

/// It notifies in the name of a team, or of a chat.
fn is_within(request: &Request) -> bool {
    matches!(request, Request::Notify { notification, .. } if notification.scope != Scope::User)
}

/// Of one person, nobody can say whether it is she who does not belong there or the app that is missing: when several in a
/// row are refused, it is the app.
const fn refused_within(request: &Request) -> Outcome {
    match request {
        Request::Notify { to: Notified::Person(_) | Notified::PersonNamed(_), .. } => {
            Outcome::ContentRefused(Reason::NotInTeam)
        }
        _ => Outcome::Refused(HaltScope::Broadcast, HaltReason::NotInTeam),
    }
}

/// What `heard` tells whoever asked whether a team has `app`.
pub fn of_team_check(app: &TeamsAppId, heard: Result<Received, Unanswered>) -> Answer {
    match success(Operation::Check, heard) {
        Ok(received) => of_success(&received, graph::checked(&received.body, app)),
        Err(answer) => answer,
    }
}

/// What `heard` tells whoever installed the app in a team.
pub fn of_team_install(heard: Result<Received, Unanswered>) -> Answer {
    match success(Operation::Install, heard) {
        Ok(received) => of_success(&received, Some(Outcome::Learnt(Fact::InstallAccepted))),
        Err(answer) => answer,
    }
}

fn of_success(received: &Received, outcome: Option<Outcome>) -> Answer {
    match outcome {
        Some(outcome) => Answer { outcome, status: Some(received.status), detail: None },
        None => unreadable(received),
    }
}

/// What `heard` tells whoever looked for the app among those of its `holder`; `None` when it is not among them.
pub fn of_holder(manifest_id: &str, heard: Result<Received, Unanswered>) -> Result<Option<TeamsAppId>, Answer> {
    let received = success(Operation::Check, heard)?;
    graph::held_app(&received.body, manifest_id).ok_or_else(|| unreadable(&received))
}

/// What `heard` tells whoever looked the app up.
pub fn of_catalogue(manifest_id: &str, heard: Result<Received, Unanswered>) -> Result<TeamsAppId, Answer> {
    let received = success(Operation::Catalog, heard)?;
    let found = graph::found_app(&received.body, manifest_id).ok_or_else(|| unreadable(&received))?;
    let status = Some(received.status);
    found.map_err(|(outcome, detail)| Answer { outcome, status, detail: Some(detail) })
}

/// What `heard` tells whoever asked for a token.
pub fn of_token(heard: Result<Received, Unanswered>) -> Result<TokenGrant, Answer> {
    let received = match heard {
        Ok(received) => received,
        Err(Unanswered { what, detail }) => {
            let outcome = classify(Operation::Token, &Refusal::unanswered(what));
            return Err(Answer { outcome, status: None, detail: Some(detail) });
        }
    };
    if !received.is_success() {
        let refusal = received.refusal();
        let outcome = classify(Operation::Token, &refusal);
        return Err(Answer { outcome, status: Some(received.status), detail: Some(refusal.detail()) });
    }
    granted(&received)
}

/// What `heard` tells whoever asked this machine for the token of one of its identities.
///
/// The machine's own service answers 404, 410 and 429 when it is not ready, and 400 when there is no such identity.
pub fn of_identity(heard: Result<Received, Unanswered>) -> Result<TokenGrant, Answer> {
    let received = match heard {
        Ok(received) => received,
        Err(Unanswered { what, detail }) => {
            let outcome = classify(Operation::Token, &Refusal::unanswered(what));
            let detail = Some(bounded(&format!("the machine's identity endpoint: {detail}")));
            return Err(Answer { outcome, status: None, detail });
        }
    };
    let outcome = match received.status {
        200..=299 => return granted(&received),
        429 => Outcome::Throttled { retry_after: received.retry_after },
        404 | 410 | 500.. => Outcome::Transient(Reason::Unavailable),
        _ => Outcome::Refused(HaltScope::Tenant, HaltReason::NoSuchIdentity),
    };
    let detail = Some(format!("the machine's identity endpoint: {}", received.refusal().detail()));
    Err(Answer { outcome, status: Some(received.status), detail })
}

fn granted(received: &Received) -> Result<TokenGrant, Answer> {
    let grant = serde_json::from_slice(&received.body).ok().filter(|grant: &TokenGrant| !grant.access_token.is_empty());
    grant.ok_or_else(|| no_grant(received.status, "the answer holds no token"))
}

/// An answer of the token endpoint that cannot be used; `status` 0 when there was none.
pub fn no_grant(status: u16, detail: &str) -> Answer {
    let outcome = Outcome::Transient(Reason::Unavailable);
    Answer { outcome, status: (status != 0).then_some(status), detail: Some(bounded(detail)) }
}

/// The success that was heard; everything else is an answer already.
pub fn success(operation: Operation, heard: Result<Received, Unanswered>) -> Result<Received, Answer> {
    let received = heard.map_err(|it| unanswered(operation, it))?;
    if received.is_success() { Ok(received) } else { Err(refused(operation, &received)) }
}

fn unanswered(operation: Operation, Unanswered { what, detail }: Unanswered) -> Answer {
    Answer { outcome: classify(operation, &Refusal::unanswered(what)), status: None, detail: Some(detail) }
}

fn refused(operation: Operation, received: &Received) -> Answer {
    let refusal = received.refusal();
    let service_id = received.request_id.iter().map(|id| format!("request-id {id}"));
    let detail = std::iter::once(refusal.detail()).filter(|detail| !detail.is_empty()).chain(service_id);
    let detail = Some(detail.collect::<Vec<_>>().join("; ")).filter(|detail| !detail.is_empty());
    Answer { outcome: classify(operation, &refusal), status: Some(received.status), detail }
}

/// A success that cannot be read: asking again does no harm.
pub fn unreadable(received: &Received) -> Answer {
    let why = received.cut.as_deref().unwrap_or("the answer is not what was asked for");
    let outcome = Outcome::Transient(Reason::Unavailable);
    Answer { outcome, status: Some(received.status), detail: Some(why.to_owned()) }
}
