//! One activity feed: what stands in it, what takes the place of what, and what is too much for a minute.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::bucket::Bucket;
use crate::simulator::feed::Topic;
use crate::simulator::ledger;

/// So many notifications a minute come into one feed.
const PER_MINUTE_MAX: usize = 10;

/// What a notification says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its type, as the manifest declares it.
    pub activity_type: String,
    /// The title: the template, filled.
    pub text: String,
    /// The preview, as far as it is shown.
    pub preview: String,
    /// The values that were given for the template.
    pub parameters: BTreeMap<String, String>,
    /// What it is about.
    pub topic: Topic,
    /// The icon beside it.
    pub icon: Option<String>,
}

/// One entry of somebody's activity feed.
#[derive(Debug, Clone)]
pub struct Notice {
    /// When it came, or came to say what it says.
    pub at: Timestamp,
    /// Which of the four actions sent it.
    pub by: Bucket,
    /// Under which number a later one replaces it.
    pub chain_id: Option<i64>,
    /// What it says.
    pub said: Arc<Said>,
    /// How often it took the place of an earlier one.
    pub replaced: u32,
}

/// The feed of one person, as far as the app fills it.
#[derive(Debug, Clone, Default)]
pub(in crate::simulator::world) struct Feed {
    notices: Vec<Notice>,
    /// When those of the last minute came.
    arrivals: VecDeque<Timestamp>,
}

/// What a feed did with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It stands below the others.
    New,
    /// It stands where an earlier one of its chain stood.
    InPlaceOfAnother,
    /// There were too many, and nobody is told.
    Dropped,
}

impl Feed {
    pub(super) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub(super) fn take(&mut self, notice: Notice) -> Taken {
        while self.arrivals.front().is_some_and(|first| *first + TimeDelta::minutes(1) <= notice.at) {
            self.arrivals.pop_front();
        }
        if self.arrivals.len() >= PER_MINUTE_MAX {
            return Taken::Dropped;
        }
        self.arrivals.push_back(notice.at);
        let is_of_its_chain = |earlier: &&mut Notice| notice.chain_id.is_some() && earlier.chain_id == notice.chain_id;
        match self.notices.iter_mut().find(is_of_its_chain) {
            Some(earlier) => {
                *earlier = Notice { replaced: earlier.replaced + 1, ..notice };
                Taken::InPlaceOfAnother
            }
            None => {
                self.notices.push(notice);
                Taken::New
            }
        }
    }
}

impl Said {
    /// As the control endpoints write it.
    pub fn written(&self) -> Value {
        let topic = match &self.topic {
            Topic::Entity { value } => json!({"source": "entityUrl", "value": value}),
            Topic::Text { value, web_url } => json!({"source": "text", "value": value, "webUrl": web_url}),
        };
        json!({
            "activity_type": self.activity_type,
            "text": self.text,
            "preview": self.preview,
            "parameters": self.parameters,
            "topic": topic,
            "icon": self.icon,
        })
    }
}

impl Notice {
    /// As the control endpoints write it.
    pub fn written(&self) -> Value {
        let mut written = self.said.written();
        written["at"] = json!(ledger::written(self.at));
        written["by"] = json!(self.by);
        written["chain_id"] = json!(self.chain_id);
        written["replaced"] = json!(self.replaced);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(seconds: i64, chain_id: Option<i64>) -> Notice {
        let topic = Topic::Entity { value: "https://graph.microsoft.com/v1.0/teams/6".to_owned() };
        let said = Said {
            activity_type: "announcementPublished".to_owned(),
            text: "Noon".to_owned(),
            preview: "Noon".to_owned(),
            parameters: BTreeMap::new(),
            topic,
            icon: None,
        };
        let at = Timestamp::from_timestamp(seconds, 0).expect("a small number is an instant");
        Notice { at, by: Bucket::FeedUser, chain_id, said: Arc::new(said), replaced: 0 }
    }

    #[test]
    fn only_a_notice_of_the_same_chain_is_replaced_and_it_says_how_often() {
        let mut feed = Feed::default();
        let taken = [Some(7), None, None, Some(7), Some(7)].map(|chain| feed.take(notice(0, chain)));
        assert_eq!(taken, [Taken::New, Taken::New, Taken::New, Taken::InPlaceOfAnother, Taken::InPlaceOfAnother]);
        assert_eq!(feed.notices().iter().map(|notice| notice.replaced).collect::<Vec<_>>(), [2, 0, 0]);
    }

    #[test]
    fn ten_a_minute_come_through_and_those_that_were_dropped_do_not_count() {
        let mut feed = Feed::default();
        let taken: Vec<Taken> = (0..80).map(|second| feed.take(notice(second, None))).collect();
        let dropped = taken.iter().filter(|taken| **taken == Taken::Dropped).count();
        assert_eq!((dropped, feed.notices().len()), (60, 20));
    }
}
