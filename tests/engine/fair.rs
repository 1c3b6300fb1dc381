//! P5: small and urgent overtake big, on every road.

use stentor::app::submit::{Audience, Draft, submit};
use stentor::domain::audience::read_list;
use stentor::domain::broadcast::Treatment;
use stentor::domain::delivery::WhenInDoubt;
use stentor::simulator::people::Standing;

use crate::house::{house, organisation};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_urgent_message_to_people_without_the_app_is_through_while_a_large_one_still_installs() {
    let house = house(organisation(4000)).await;
    let large = house.submit("Large", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(large, |report| report.progress.sent >= 20).await;

    // The last of the directory, so that the large one does not come to them first.
    let list: String = {
        let world = house.simulator.world();
        let world = world.lock().unwrap();
        let cold = world.organisation().people().iter().rev().filter(|person| person.standing == Standing::WithoutBot);
        cold.take(40).map(|person| format!("{}\n", person.id)).collect()
    };
    let deadline_at = house.clock.now() + std::time::Duration::from_secs(3600);
    let draft = house.draft("Urgent", WhenInDoubt::Hold, deadline_at);
    let treatment = Treatment { urgent: true, ..draft.treatment };
    let audience = Audience::List(read_list(list.as_bytes()).unwrap());
    let urgent = submit(&house.people(), Draft { treatment, audience, ..draft }, |_| {}).await.unwrap().broadcast;

    let report = house.until_done(urgent).await;
    let beside = house.report(large).await;
    working.stop().await;
    assert_eq!(report.progress.sent, 40);
    let (progress, all) = (beside.progress, 4000);
    assert!(progress.pending > all / 20, "the large one had only {} of {all} left", progress.pending);
}
