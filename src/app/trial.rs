//! One person, end to end: what a broadcast would do for her, step by step, each told as a check.
//!
//! It makes its requests one after the other and waits where it is asked to. A message that may have arrived is not sent
//! again.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::check::Check;
use crate::domain::ids::{ConversationId, EntraId, InstallationId, RequestId, TeamsAppId};
use crate::domain::outcome::{Fact, Outcome, Remedy};
use crate::ports::{Answer, Clock, Messenger, Random, Request};

/// How often one thing is asked, when the answer is to come again later.
const TRIES: u32 = 4;
/// Whoever waits at a keyboard does not wait for longer than this at a time.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often we look for an installation that we have just made: after 1, 2, 4, 8 and 16 seconds.
const LOOKS: u32 = 6;
/// A request starts at once or not at all.
const START_WITHIN: Duration = Duration::from_secs(10);

/// The app is with her.
const APP: (&str, &str) = ("test_person_app", "The app is with the test person");
/// Her chat is known.
const CHAT: (&str, &str) = ("test_person_chat", "The test person's chat is known");
/// She was written to.
const MESSAGE: (&str, &str) = ("test_person_message", "Teams takes a message to the test person");

/// Everything that is needed for one person.
pub struct Trial<'a> {
    /// Who speaks to Teams.
    pub messenger: &'a dyn Messenger,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance, for the requests' own numbers.
    pub random: &'a dyn Random,
    /// The app, as the catalogue knows it.
    pub app: TeamsAppId,
    /// The person.
    pub user: EntraId,
    /// What she is to read, as a finished activity.
    pub activity: Arc<str>,
}

/// The lines of a trial that cannot be made, and why.
pub fn not_made(why: &str) -> Vec<Check> {
    [APP, CHAT, MESSAGE].map(|(name, promise)| Check::not_checked(name, promise, why)).into()
}

/// A check that failed with `answer`, in words and with the cure that belongs to it.
pub fn failed(name: &'static str, promise: &'static str, answer: &Answer) -> Check {
    let (sentence, cure) = match &answer.outcome {
        Outcome::Refused(_, reason) => (reason.sentence(), reason.cure()),
        outcome => match outcome.reason() {
            Some(reason) => (reason.sentence(), reason.remedy()),
            None => ("Teams gave an answer that we did not expect.", ""),
        },
    };
    let status = answer.status.map(|status| format!("status {status}"));
    let said = status.into_iter().chain(answer.detail.clone()).collect::<Vec<_>>().join(", ");
    let detail = if said.is_empty() { sentence.to_owned() } else { format!("{sentence} It said: {said}") };
    let cure = if cure.is_empty() { "Run it again; if it stays, report it to whoever runs Stentor." } else { cure };
    Check::failed(name, promise, detail, cure)
}

impl Trial<'_> {
    /// Makes sure of the app, looks the chat up, and sends. Whatever follows a failure is not checked.
    pub async fn run(&self) -> Vec<Check> {
        let (mut checks, mut rest) = (Vec::new(), not_made("the line above failed").into_iter());
        let done = async {
            let (installation, app) = self.app().await?;
            checks.push(app);
            rest.next();
            let (conversation, chat) = self.chat(installation).await?;
            checks.push(chat);
            rest.next();
            self.message(conversation).await
        };
        let last = done.await;
        checks.push(last.unwrap_or_else(|failure| *failure));
        rest.next();
        checks.extend(rest);
        checks
    }

    async fn app(&self) -> Result<(InstallationId, Check), Box<Check>> {
        let (name, promise) = APP;
        let wrong = |answer: &Answer| Box::new(failed(name, promise, answer));
        let (user, app) = (self.user, self.app.clone());
        let check = Request::Check { user, app: app.clone() };
        match self.ask(&check).await {
            Answer { outcome: Outcome::Learnt(Fact::Installed(id)), .. } => {
                return Ok((id, Check::ok(name, promise).remark("it was there already")));
            }
            Answer { outcome: Outcome::Learnt(Fact::NotInstalled), .. } => {}
            other => return Err(wrong(&other)),
        }
        let installed = self.ask(&Request::Install { user, app }).await;
        if !matches!(installed.outcome, Outcome::Learnt(Fact::InstallAccepted | Fact::AlreadyInstalled)) {
            return Err(wrong(&installed));
        }
        for look in 0..LOOKS {
            if let Outcome::Learnt(Fact::Installed(id)) = self.ask(&check).await.outcome {
                return Ok((id, Check::ok(name, promise).remark("installed now")));
            }
            self.pause(Duration::from_secs(1 << look)).await;
        }
        let cure = "Run it again in an hour: Teams shows installations late now and then.";
        Err(Box::new(Check::failed(name, promise, "installed, but Teams did not show it in a minute", cure)))
    }

    async fn chat(&self, installation: InstallationId) -> Result<(ConversationId, Check), Box<Check>> {
        let (name, promise) = CHAT;
        match self.ask(&Request::Resolve { user: self.user, installation }).await {
            Answer { outcome: Outcome::Learnt(Fact::Chat(id)), .. } => Ok((id, Check::ok(name, promise))),
            other => Err(Box::new(failed(name, promise, &other))),
        }
    }

    async fn message(&self, conversation: ConversationId) -> Result<Check, Box<Check>> {
        let (name, promise) = MESSAGE;
        let activity = Arc::clone(&self.activity);
        match self.ask(&Request::Send { conversation, activity, service_url: None }).await {
            Answer { outcome: Outcome::Accepted { .. }, .. } => {
                Ok(Check::ok(name, promise).remark("look at Teams whether it is there"))
            }
            other => Err(Box::new(failed(name, promise, &other))),
        }
    }

    /// Asks until there is an answer that does not pass by itself, a few times.
    async fn ask(&self, request: &Request) -> Answer {
        let mut tried = 0;
        loop {
            let id = RequestId::new(self.random.next_u64(), self.random.next_u64());
            let answer = self.messenger.perform(request, id, self.clock.monotonic() + START_WITHIN).await;
            tried += 1;
            let usual = Duration::from_secs(1 << tried);
            let wait = match &answer.outcome {
                Outcome::Throttled { retry_after } => retry_after.unwrap_or(usual),
                Outcome::Transient(_) | Outcome::NotYet => usual,
                Outcome::NotStarted => {
                    if let Err(refused) = self.messenger.warm_up(false).await {
                        return refused;
                    }
                    Duration::ZERO
                }
                Outcome::NeedsRemedy(Remedy::Token, _) => {
                    self.messenger.forget_tokens();
                    Duration::ZERO
                }
                Outcome::NeedsRemedy(Remedy::BotHost(host), _) => {
                    self.messenger.use_bot_host(host);
                    Duration::ZERO
                }
                _ => return answer,
            };
            if tried >= TRIES || wait > WAIT_MAX {
                return answer;
            }
            self.pause(wait).await;
        }
    }

    async fn pause(&self, wait: Duration) {
        self.clock.sleep_until(self.clock.monotonic() + wait).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use uuid::Uuid;

    use super::*;
    use crate::app::fakes::{FakeClock, FakeRandom};
    use crate::domain::check::Verdict;
    use crate::domain::outcome::HaltScope;
    use crate::domain::reason::{HaltReason, Reason};
    use crate::domain::time::Monotonic;

    struct Script(Mutex<VecDeque<Outcome>>);

    #[async_trait]
    impl Messenger for Script {
        async fn warm_up(&self, _: bool) -> Result<(), Answer> {
            Ok(())
        }

        async fn perform(&self, _: &Request, _: RequestId, _: Monotonic) -> Answer {
            self.0.lock().unwrap().pop_front().expect("nothing more is asked").into()
        }

        async fn find_app(&self, _: RequestId) -> Result<TeamsAppId, Answer> {
            unreachable!("the app is known")
        }

        fn forget_tokens(&self) {}

        fn use_bot_host(&self, _: &str) {}
    }

    async fn tried(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<Check> {
        let script = Script(Mutex::new(outcomes.into_iter().collect()));
        let (clock, random) = (FakeClock::default(), FakeRandom::default());
        let trial = Trial {
            messenger: &script,
            clock: &clock,
            random: &random,
            app: TeamsAppId("app".to_owned()),
            user: EntraId(Uuid::nil()),
            activity: Arc::from("{}"),
        };
        let checks = trial.run().await;
        assert!(script.0.lock().unwrap().is_empty(), "something was not asked: {checks:?}");
        checks
    }

    fn installed() -> Outcome {
        Outcome::Learnt(Fact::Installed(InstallationId("i".to_owned())))
    }

    fn verdicts(checks: &[Check]) -> Vec<Verdict> {
        checks.iter().map(|check| check.verdict).collect()
    }

    #[tokio::test]
    async fn somebody_without_the_app_gets_it_and_is_written_to() {
        let checks = tried([
            Outcome::Learnt(Fact::NotInstalled),
            Outcome::Throttled { retry_after: Some(Duration::from_secs(2)) },
            Outcome::Learnt(Fact::InstallAccepted),
            Outcome::Learnt(Fact::NotInstalled),
            installed(),
            Outcome::Learnt(Fact::Chat(ConversationId("c".to_owned()))),
            Outcome::Transient(Reason::Unavailable),
            Outcome::Accepted { message_id: None },
        ])
        .await;
        assert_eq!(verdicts(&checks), [Verdict::Ok; 3], "{checks:?}");
        assert_eq!(checks[0].remark, "installed now");
    }

    #[tokio::test]
    async fn what_refuses_everybody_is_told_with_its_cure_and_the_rest_is_not_checked() {
        let checks = tried([installed(), Outcome::Refused(HaltScope::Tenant, HaltReason::PermissionMissing)]).await;
        assert_eq!(verdicts(&checks), [Verdict::Ok, Verdict::Failure, Verdict::NotChecked]);
        assert_eq!(checks[1].cure, HaltReason::PermissionMissing.cure());
    }

    #[tokio::test]
    async fn a_message_that_may_have_arrived_is_not_sent_again() {
        let chat = Outcome::Learnt(Fact::Chat(ConversationId("c".to_owned())));
        let checks = tried([installed(), chat, Outcome::Lost(Reason::AnswerLost)]).await;
        assert_eq!(checks[2].verdict, Verdict::Failure);
        assert!(checks[2].places[0].detail.contains("may have arrived"), "{checks:?}");
    }

    #[tokio::test]
    async fn somebody_kept_from_the_app_by_a_policy_is_told_so() {
        let checks = tried([Outcome::Learnt(Fact::NotInstalled), Outcome::Rejected(Reason::BlockedByPolicy)]).await;
        assert_eq!(verdicts(&checks), [Verdict::Failure, Verdict::NotChecked, Verdict::NotChecked]);
        assert!(checks[0].cure.contains("app permission policies"));
    }
}
