//! Who gets a place, in which order, and that none is lost.

use futures::{FutureExt as _, future::join_all};
use proptest::prelude::*;

use super::*;

fn at_once(turns: &Turns, namespace: &str) -> Option<Place> {
    turns.take(namespace).now_or_never().flatten()
}

#[test]
fn one_namespace_leaves_a_quarter_of_the_places_to_the_others() {
    let turns = Turns::new(8);
    let greedy: Vec<_> = (0..8).filter_map(|_| at_once(&turns, "greedy")).collect();
    assert_eq!(greedy.len(), 6);
    assert!(at_once(&turns, "modest").is_some());
    for (places, share) in [(1, 1), (2, 2), (3, 3), (4, 3), (16, 12), (0, 1)] {
        let turns = Turns::new(places);
        let taken: Vec<_> = (0..20).filter_map(|_| at_once(&turns, "greedy")).collect();
        assert_eq!(taken.len(), share, "{places} places");
    }
}

#[tokio::test]
async fn namespaces_take_turns_whatever_the_length_of_their_lines() {
    let turns = Turns::new(1);
    let first = turns.take("long").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let line = ["long", "long", "long", "long", "short", "other"];
    let work = line.into_iter().map(|namespace| {
        let (turns, order) = (turns.clone(), Arc::clone(&order));
        async move {
            let place = turns.take(namespace).await;
            order.lock().unwrap().push(namespace);
            tokio::task::yield_now().await;
            drop(place);
        }
    });
    let all = join_all(work);
    tokio::join!(all, async {
        tokio::task::yield_now().await;
        drop(first);
    });
    assert_eq!(
        *order.lock().unwrap(),
        ["long", "short", "other", "long", "long", "long"]
    );
}

#[tokio::test]
async fn who_went_away_while_waiting_takes_no_place() {
    let turns = Turns::new(1);
    let first = turns.take("a").await;
    for _ in 0..50_000 {
        assert!(at_once(&turns, "b").is_none(), "the place is taken");
    }
    let waits = tokio::spawn({
        let turns = turns.clone();
        async move { turns.take("c").await.is_some() }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(waits.await.unwrap());
    assert!(at_once(&turns, "a").is_some());
}

#[tokio::test]
async fn closing_sends_everybody_away() {
    let turns = Turns::new(1);
    let first = turns.take("a").await;
    let waits = tokio::spawn({
        let turns = turns.clone();
        async move { turns.take("a").await.is_none() }
    });
    tokio::task::yield_now().await;
    turns.close();
    assert!(waits.await.unwrap());
    drop(first);
    assert!(turns.take("b").await.is_none());
}

proptest! {
    #[test]
    fn no_place_is_lost_or_made(places in 1_usize..12, steps in prop::collection::vec((0_usize..4, any::<bool>()), 0..200)) {
        let turns = Turns::new(places);
        let mut held: Vec<Place> = Vec::new();
        for (namespace, gives_back) in steps {
            if gives_back && !held.is_empty() {
                held.swap_remove(namespace % held.len());
            } else {
                held.extend(at_once(&turns, &format!("ns{namespace}")));
            }
            let state = turns.lock();
            prop_assert_eq!(state.taken, held.len());
            prop_assert_eq!(state.taken_by.values().sum::<usize>(), held.len());
            prop_assert!(state.taken <= places);
            prop_assert!(state.taken_by.values().all(|taken| *taken <= state.share));
        }
        held.clear();
        prop_assert!(turns.lock().taken_by.is_empty());
    }
}
