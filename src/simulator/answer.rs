//! One answer, in the shapes that Entra, Graph and the connector give it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Timestamp;

/// Which of the three services speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The token endpoint.
    Entra,
    /// Microsoft Graph.
    Graph,
    /// The bot connector.
    Connector,
}

/// What stands in the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A page of a gateway in front of the service.
    Html(String),
    /// Plain text.
    Text(String),
}

/// What the service decided about one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beyond those of every answer.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// The caller never gets to see it: the connection closes instead.
    pub is_lost: bool,
}

impl Answer {
    /// An answer without a body.
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty, is_lost: false }
    }

    /// An answer in JSON.
    pub const fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body), is_lost: false }
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, but nobody hears it.
    pub const fn lost(mut self) -> Self {
        self.is_lost = true;
        self
    }

    /// Graph's error envelope. Its inner error is completed by [`Answer::stamp_graph`].
    pub fn graph_error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message.into(), "innerError": {}}}))
    }

    /// The connector's error envelope.
    pub fn connector_error(status: u16, code: &str, message: impl Into<String>) -> Self {
        let inner = json!({"statusCode": status, "body": null});
        Self::json(status, json!({"error": {"code": code, "message": message.into(), "innerHttpError": inner}}))
    }

    /// The connector's other shape of an error: the message is itself JSON.
    pub fn connector_writes_blocked() -> Self {
        let message = "{\n  \"subCode\": \"MessageWritesBlocked\",\n  \"details\": \"Thread is blocked from message writes.\",\n  \
             \"errorCode\": null,\n  \"errorSubCode\": null\n}";
        Self::json(403, json!({"errorCode": 209, "message": message}))
    }

    /// The connector does not accept this token.
    pub fn connector_denied() -> Self {
        Self::json(401, json!({"message": "Authorization has been denied for this request."}))
    }

    /// Entra's error.
    pub fn entra_error(
        status: u16,
        error: &str,
        number: u32,
        text: &str,
        trace: (String, String),
        now: Timestamp,
    ) -> Self {
        let (trace_id, correlation_id) = trace;
        let at = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let description =
            format!("AADSTS{number}: {text} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {at}");
        Self::json(
            status,
            json!({
                "error": error,
                "error_description": description,
                "error_codes": [number],
                "timestamp": at,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
            }),
        )
    }

    /// 429. `is_other_shape` chooses the less usual of the two bodies of each service.
    pub fn throttled(api: Api, retry_after: Option<Duration>, is_other_shape: bool) -> Self {
        let answer = match (api, is_other_shape) {
            (Api::Graph | Api::Entra, false) => Self::json(
                429,
                json!({"error": {"code": "TooManyRequests", "message": "Please retry again later.",
                    "innerError": {"code": "429", "message": "Please retry after", "status": "429"}}}),
            ),
            (Api::Graph | Api::Entra, true) => {
                Self::graph_error(429, "activityLimitReached", "The app or user has been throttled.")
            }
            (Api::Connector, false) => Self::connector_error(429, "Throttled", "Too many requests."),
            (Api::Connector, true) => {
                Self::json(429, json!({"error": {"code": "TooManyRequests", "message": "Too many requests"}}))
            }
        };
        match retry_after {
            Some(wait) => answer.with_header("Retry-After", seconds_rounded_up(wait)),
            None => answer,
        }
    }

    /// Completes what every answer of Graph carries: who asked, when, and the number of the request.
    pub fn stamp_graph(&mut self, request_id: &str, client_request_id: Option<&str>, now: Timestamp) {
        let client_request_id = client_request_id.unwrap_or(request_id);
        if let Body::Json(body) = &mut self.body
            && let Some(Value::Object(inner)) = body.pointer_mut("/error/innerError")
        {
            inner.insert("date".to_owned(), json!(now.format("%Y-%m-%dT%H:%M:%S").to_string()));
            inner.insert("request-id".to_owned(), json!(request_id));
            inner.insert("client-request-id".to_owned(), json!(client_request_id));
        }
        self.headers.push(("request-id", request_id.to_owned()));
        self.headers.push(("client-request-id", client_request_id.to_owned()));
        self.headers.push(("x-ms-ags-diagnostic", DIAGNOSTIC.to_owned()));
    }
}

const DIAGNOSTIC: &str =
    r#"{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"AM1"}}"#;

/// Seconds with a fraction down to the millisecond, as in the published sample `2.128`; never too short.
fn seconds_rounded_up(wait: Duration) -> String {
    let millis = wait.as_micros().div_ceil(1_000);
    let (whole, rest) = (millis / 1_000, millis % 1_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_written_in_seconds_and_never_too_short() {
        assert_eq!(seconds_rounded_up(Duration::from_micros(2_127_001)), "2.128");
        assert_eq!(seconds_rounded_up(Duration::from_secs(7)), "7");
        assert_eq!(seconds_rounded_up(Duration::from_micros(1)), "0.001");
    }
}
