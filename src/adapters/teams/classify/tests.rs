use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What each entry of the chat road means for us, in the order of the file: api, operation, status, code, outcome.
const MEANINGS: &str = "
    entra token 401 invalid_client 7000215: Refused(Tenant, SecretWrong)
    entra token 401 invalid_client 7000222: Refused(Tenant, SecretExpired)
    entra token 401 invalid_client 700027: Refused(Tenant, CertificateRefused)
    entra token 401 invalid_client 700024: Refused(Tenant, AssertionOutOfTime)
    entra token 401 invalid_client 7000229: Refused(Tenant, ConsentMissing)
    entra token 400 unauthorized_client 700016: Refused(Tenant, AppUnknown)
    entra token 400 invalid_request 90002: Refused(Tenant, TenantUnknown)
    entra token 400 invalid_request 70021: Refused(Tenant, FederationRefused)
    entra token 400 invalid_scope 70011: Refused(Tenant, RequestRefused)
    entra token 400 invalid_resource 500011: Refused(Tenant, TenantUnknown)
    entra token 429 *: Throttled { retry_after: Some(2.5s) }
    entra token 503 *: Transient(Unavailable)
    graph any 401 InvalidAuthenticationToken: NeedsRemedy(Token, TokenRefused)
    graph any 403 Forbidden: Refused(Tenant, PermissionMissing)
    graph any 403 Authorization_RequestDenied: Refused(Tenant, PermissionMissing)
    graph any 429 TooManyRequests: Throttled { retry_after: Some(2.5s) }
    graph any 503 ServiceUnavailable: Transient(Unavailable)
    graph any 502 *: Transient(Unavailable)
    graph any 500 *: Transient(Unavailable)
    graph directory 404 Request_ResourceNotFound: Rejected(NotFound)
    graph directory 400 Request_UnsupportedQuery: Refused(Tenant, RequestRefused)
    graph directory 400 Request_BadRequest: Transient(Unexpected)
    graph delta 410 *: Transient(Unexpected)
    graph delta 400 syncStateNotFound: Transient(Unexpected)
    graph catalog 200: Refused(Tenant, NotInCatalogue)
    graph catalog 400 BadRequest: Transient(Unavailable)
    graph installed_apps_list 200: Learnt(NotInstalled)
    graph installed_apps_list 404 *: Rejected(NotFound)
    graph install 409 Conflict: Learnt(AlreadyInstalled)
    graph install 403 Forbidden: Rejected(BlockedByPolicy)
    graph install 403 Forbidden: Rejected(NoLicence)
    graph install 403 UnknownError: Rejected(BlockedByPolicy)
    graph install 404 Request_ResourceNotFound: Rejected(NotFound)
    graph install 404 NotFound: NeedsRemedy(CatalogueId, StaleCatalogueId)
    graph install 400 BadRequest: Transient(Unavailable)
    graph install 400 BadRequest: Refused(Tenant, RequestRefused)
    graph install 412 PreconditionFailed: Refused(Tenant, PermissionMissing)
    graph installation_chat 404 *: NotYet
    graph installation_chat 412 PreconditionFailed: Refused(Tenant, ChatsRefused)
    graph activity_feed 403 Forbidden: Learnt(NotInstalled)
    graph activity_feed 409 Conflict: Refused(Broadcast, AppNotNamed)
    graph activity_feed 400 BadRequest: ContentRefused(ContentRefused)
    graph activity_feed 404 *: Rejected(NotFound)
    graph activity_feed_bulk 412 PreconditionFailed: Rejected(TokenRefused)
    graph activity_feed_bulk 400 BadRequest: ContentRefused(ContentRefused)
    connector any 401 BotNotRegistered: Refused(Tenant, BotNotRegistered)
    connector any 401: NeedsRemedy(Token, TokenRefused)
    connector any 403 BotDisabledByAdmin: Refused(Tenant, BotDisabled)
    connector any 403 BotNotInConversationRoster: StaleRoute(Installation, NotInstalled)
    connector any 403 ConversationBlockedByUser: Rejected(BlockedByUser)
    connector create_conversation 403 ForbiddenOperationException: Learnt(NotInstalled)
    connector any 403 InvalidBotApiHost: NeedsRemedy(BotHost(\"\"), WrongHost)
    connector any 403 NotEnoughPermissions: Refused(Tenant, PermissionMissing)
    connector any 403 MessageWritesBlocked 209: Rejected(BlockedByUser)
    connector any 403 ForbiddenOperationException: StaleRoute(Installation, NotInstalled)
    connector any 403 *: StaleRoute(Installation, NotInstalled)
    connector any 400 BadArgument: StaleRoute(Chat, ConversationGone)
    connector any 400 BadArgument: ContentRefused(ContentRefused)
    connector update 404 ActivityNotFoundInConversation: Rejected(MessageGone)
    connector delete 404 *: Accepted { message_id: None }
    connector any 404 ConversationNotFound: StaleRoute(Chat, ConversationGone)
    connector any 412 PreconditionFailed: Transient(Unavailable)
    connector any 413 MessageSizeTooBig: ContentRefused(TooLarge)
    connector any 429 Throttled: Throttled { retry_after: Some(2.5s) }
    connector send 502 *: Lost(AnswerLost)
    connector create_conversation 500 *: Transient(Unavailable)
    connector update 500 *: Transient(Unavailable)
    connector delete 500 *: Transient(Unavailable)
    connector any 500 ServiceError: Lost(ServiceFault)
    connector any 502 ServiceError: Lost(AnswerLost)
    connector any 503 *: Transient(Unavailable)
    connector any 504 *: Lost(AnswerLost)
    connector send 0: Lost(AnswerLost)
    connector send 0: Transient(Unavailable)
    graph any 0: Transient(Unavailable)
    graph activity_feed 0: Lost(AnswerLost)
    entra token 0: Transient(Unavailable)
";

fn operations(entry: &Entry) -> Vec<Operation> {
    // What anybody may be told means the same to a create and to what is done to a message, but for an app that is missing
    // and for what is in doubt: they have tests of their own.
    let own = [Operation::Create, Operation::Replace, Operation::Withdraw];
    let notifies = |operation: &Operation| matches!(operation, Operation::Notify | Operation::NotifyMany);
    let unheard = matches!(entry.status, 0 | 500 | 502);
    let any = |operation: &Operation| {
        entry.operation == "any" && !own.contains(operation) && !(unheard && notifies(operation))
    };
    let meant = |operation: &Operation| any(operation) || entry.operation == operation.name();
    Operation::ALL.into_iter().filter(|operation| operation.api() == entry.api).filter(meant).collect()
}

fn name(entry: &Entry) -> String {
    let api = format!("{:?}", entry.api).to_lowercase();
    let number = entry.number.map(|number| format!(" {number}")).unwrap_or_default();
    format!("{api} {} {} {}", entry.operation, entry.status, entry.code).trim_end().to_owned() + &number
}

/// Texts that the entry's pattern was written for.
fn messages(entry: &Entry) -> Vec<String> {
    let Some(pattern) = &entry.message else { return vec![String::new(), "Something else.".to_owned()] };
    pattern.as_str().split('|').map(|text| format!("{}. More words.", text.to_uppercase())).collect()
}

fn codes(entry: &Entry) -> Vec<String> {
    let codes = std::iter::once(&entry.code).chain(&entry.alt_codes);
    codes.map(|code| if code == "*" { "SomethingElse".to_owned() } else { code.clone() }).collect()
}

/// The bodies that could carry this refusal, in the shapes of its service.
fn bodies(entry: &Entry, code: &str, message: &str) -> Vec<Value> {
    let numbers = || entry.number.into_iter().chain(entry.alt_numbers.iter().copied());
    let inner = json!({"date": "2026-11-02", "code": entry.inner_code});
    match (entry.api, code) {
        (Api::Entra, _) if entry.number.is_some() => numbers()
            .flat_map(|number| {
                let description = format!("AADSTS{number}: {message} Trace ID: 7b");
                [
                    json!({"error": code, "error_description": description.clone(), "error_codes": [number]}),
                    json!({"error": code, "error_description": description}),
                    json!({"error": "other", "error_codes": [number, 1]}),
                ]
            })
            .collect(),
        (Api::Entra, _) => vec![json!({"error": code, "error_description": message})],
        (Api::Connector, "") => vec![json!({"message": message}), json!({"Message": message})],
        (Api::Connector, "MessageWritesBlocked") => {
            let full = json!({"subCode": code, "details": message, "errorCode": null}).to_string();
            let bare = json!({"details": message}).to_string();
            let shape = json!({"error": {"code": code, "message": message}});
            vec![json!({"errorCode": 209, "message": full}), json!({"errorCode": 209, "message": bare}), shape]
        }
        _ => vec![
            json!({"error": {"code": code, "message": message, "innerError": inner}}),
            json!({"Error": {"Code": code.to_lowercase(), "Message": message, "innererror": inner}}),
        ],
    }
}

fn answers(entry: &Entry) -> Vec<Refusal> {
    let mut answers = Vec::new();
    let wait = Some(std::time::Duration::from_millis(2500));
    for message in messages(entry) {
        if matches!(entry.status, 0 | 200) {
            answers.push(Refusal { status: entry.status, ..Refusal::unanswered(&message) });
            continue;
        }
        for code in codes(entry) {
            for body in bodies(entry, &code, &message) {
                let read = |status| Refusal::read(status, body.to_string().as_bytes(), wait);
                answers.extend(entry.statuses().map(read));
            }
        }
    }
    answers
}

#[test]
fn every_entry_of_the_chat_road_means_what_the_table_says() {
    let mut meanings = MEANINGS.lines().map(str::trim).filter(|line| !line.is_empty());
    for entry in ENTRIES.iter().filter(|entry| !operations(entry).is_empty()) {
        let (told, expected) = meanings.next().and_then(|line| line.split_once(": ")).unwrap();
        assert_eq!(told, name(entry));
        for operation in operations(entry) {
            for refusal in answers(entry) {
                let found = format!("{:?}", classify(operation, &refusal));
                assert_eq!(found, expected, "{operation:?} {refusal:?}");
            }
        }
    }
    assert_eq!(meanings.next(), None);
}

fn read(operation: Operation, status: u16, body: &str) -> Outcome {
    classify(operation, &Refusal::read(status, body.as_bytes(), None))
}

#[test]
fn a_notification_that_may_be_in_the_feed_is_in_doubt_and_one_that_was_refused_is_not() {
    for operation in [Operation::Notify, Operation::NotifyMany] {
        assert_eq!(read(operation, 500, ""), Outcome::Lost(Reason::ServiceFault));
        assert_eq!(read(operation, 502, ""), Outcome::Lost(Reason::AnswerLost));
        assert_eq!(read(operation, 504, ""), Outcome::Lost(Reason::AnswerLost));
        assert_eq!(read(operation, 503, ""), Outcome::Transient(Reason::Unavailable));
        let unanswered = |what| classify(operation, &Refusal::unanswered(what));
        assert_eq!(unanswered("timeout"), Outcome::Lost(Reason::AnswerLost));
        assert_eq!(unanswered("connection reset"), Outcome::Lost(Reason::AnswerLost));
        assert_eq!(unanswered("connect refused"), Outcome::Transient(Reason::Unavailable));
    }
}

#[test]
fn an_empty_body_leaves_the_status_to_speak() {
    let empty = |operation, status| format!("{:?}", read(operation, status, ""));
    for api in [Operation::Check, Operation::Send] {
        assert_eq!(empty(api, 401), "NeedsRemedy(Token, TokenRefused)");
        assert_eq!(empty(api, 429), "Throttled { retry_after: None }");
        assert_eq!(empty(api, 503), "Transient(Unavailable)");
        assert_eq!(empty(api, 302), "Transient(Unavailable)");
    }
    assert_eq!(empty(Operation::Install, 409), "Learnt(AlreadyInstalled)");
    assert_eq!(empty(Operation::Create, 403), "Learnt(NotInstalled)");
    assert_eq!(empty(Operation::Create, 429), "Throttled { retry_after: None }");
    assert_eq!(empty(Operation::Create, 401), "NeedsRemedy(Token, TokenRefused)");
    assert_eq!(empty(Operation::Create, 504), "Transient(Unavailable)");
    assert_eq!(empty(Operation::Install, 403), "Rejected(BlockedByPolicy)");
    assert_eq!(empty(Operation::Install, 404), "NeedsRemedy(CatalogueId, StaleCatalogueId)");
    assert_eq!(empty(Operation::Send, 412), "Transient(Unavailable)");
    assert_eq!(empty(Operation::Send, 413), "ContentRefused(TooLarge)");
    assert_eq!(empty(Operation::Send, 400), "ContentRefused(ContentRefused)");
    assert_eq!(empty(Operation::Send, 403), "StaleRoute(Installation, NotInstalled)");
    assert_eq!(empty(Operation::Send, 404), "StaleRoute(Chat, ConversationGone)");
    assert_eq!(empty(Operation::Send, 505), "Lost(ServiceFault)");
    assert_eq!(empty(Operation::Resolve, 507), "Transient(Unavailable)");
    assert_eq!(empty(Operation::Token, 400), "Refused(Tenant, IdentityRefused)");
    assert_eq!(empty(Operation::Check, 418), "Rejected(Unexpected)");
}

#[test]
fn a_known_code_keeps_its_meaning_under_another_wording() {
    let found = |operation, status, code: &str| {
        let body = json!({"error": {"code": code, "message": "Quite other words."}}).to_string();
        format!("{:?}", read(operation, status, &body))
    };
    assert_eq!(found(Operation::Send, 403, "BotDisabledByAdmin"), "Refused(Tenant, BotDisabled)");
    assert_eq!(found(Operation::Send, 403, "ConversationBlockedByUser"), "Rejected(BlockedByUser)");
    assert_eq!(found(Operation::Check, 403, "Authorization_RequestDenied"), "Refused(Tenant, PermissionMissing)");
    assert_eq!(found(Operation::Send, 429, "TooFast"), "Throttled { retry_after: None }");
    // Too vague to stop everybody, or to choose between a policy and a licence.
    assert_eq!(found(Operation::Check, 403, "Forbidden"), "Rejected(Unexpected)");
    assert_eq!(found(Operation::Install, 403, "Forbidden"), "Rejected(Unexpected)");
}

#[test]
fn a_missing_permission_is_never_taken_for_one_persons_policy() {
    let body = json!({"error": {"code": "Forbidden", "message": "Missing role permissions on the request. API …",
        "innerError": {"code": "AccessDenied"}}});
    for operation in [Operation::Check, Operation::Install, Operation::Resolve] {
        let missing = Outcome::Refused(HaltScope::Tenant, HaltReason::PermissionMissing);
        assert_eq!(read(operation, 403, &body.to_string()), missing);
    }
}

#[test]
fn a_gateway_that_borrows_the_services_code_still_leaves_a_send_in_doubt() {
    let body = json!({"error": {"code": "ServiceError", "message": "service dependency issue"}}).to_string();
    assert_eq!(read(Operation::Send, 502, &body), Outcome::Lost(Reason::AnswerLost));
}

#[test]
fn entra_is_read_by_its_number_whatever_the_status() {
    let body = json!({"error": "invalid_client", "error_codes": [7_000_222]}).to_string();
    let expired = Outcome::Refused(HaltScope::Tenant, HaltReason::SecretExpired);
    assert_eq!(read(Operation::Token, 400, &body), expired);
    let busy = json!({"error": "temporarily_unavailable", "error_codes": [50_196]}).to_string();
    assert_eq!(read(Operation::Token, 400, &busy), Outcome::Transient(Reason::Unavailable));
    let conditional_access = json!({"error": "access_denied", "error_codes": [53_003]}).to_string();
    let refused = Outcome::Refused(HaltScope::Tenant, HaltReason::IdentityRefused);
    assert_eq!(read(Operation::Token, 400, &conditional_access), refused);
}

#[test]
fn the_host_is_taken_out_of_the_message() {
    let message = "Invalid bot api host. For GCC tenants, please call https://smba.infra.gcc.example/teams.";
    assert_eq!(named_host(message), "https://smba.infra.gcc.example/teams");
    assert_eq!(named_host("call 'http://127.0.0.1:9/gcc/' instead"), "http://127.0.0.1:9/gcc/");
    assert_eq!(named_host("Invalid bot api host."), "");
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(
        status in 0_u16..700,
        body in prop::collection::vec(any::<u8>(), 0..200),
        text in "\\PC{0,60}",
        code in "[A-Za-z_*]{0,12}",
        number in any::<u32>(),
    ) {
        let shapes = [
            text.clone(),
            json!({"error": {"code": code, "message": text, "innerError": {"innererror": {"code": 7}}}}).to_string(),
            json!({"error": code, "error_description": text, "error_codes": [number, text]}).to_string(),
            json!({"errorCode": number, "message": json!({"subCode": text}).to_string()}).to_string(),
            json!({"error": [text], "message": {"error": code}}).to_string(),
        ];
        for operation in Operation::ALL {
            for body in shapes.iter().map(String::as_bytes).chain([body.as_slice()]) {
                let refusal = Refusal::read(status, body, None);
                let _ = (classify(operation, &refusal), refusal.detail());
            }
        }
    }
}
