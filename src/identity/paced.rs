//! Bounds how many exchanges run at a time: thousands of ServiceAccounts, which a tenant may make, must neither flood Entra
//! and the API server nor keep others from their tokens. I/O.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};

use crate::{
    azure::token::{Claims, Mint, Minted, TokenError},
    controller::turns::Turns,
};

/// Exchanges at a time, of which one namespace may take three quarters.
const EXCHANGES: usize = 32;

/// Places for the exchanges of all ServiceAccounts.
pub(super) fn places() -> Turns {
    Turns::new(EXCHANGES)
}

/// A credential that waits for a place among others.
pub(super) struct Paced {
    pub(super) mint: Arc<dyn Mint>,
    pub(super) namespace: String,
    pub(super) places: Turns,
}

impl Mint for Paced {
    fn mint(&self, claims: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
        let claims = claims.cloned();
        async move {
            // They are never closed; should they be, nobody waits for anything any more.
            let _place = self.places.take(&self.namespace).await;
            self.mint.mint(claims.as_ref()).await
        }
        .boxed()
    }

    fn fingerprint(&self) -> u64 {
        self.mint.fingerprint()
    }

    fn in_use(&self) -> String {
        self.mint.in_use()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::time::{Duration, sleep, timeout};

    use super::*;

    /// Counts the exchanges that run; one takes a minute.
    #[derive(Default)]
    struct Slow {
        running: AtomicUsize,
        most: AtomicUsize,
    }

    impl Mint for Slow {
        fn mint(&self, _: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
            async {
                let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                sleep(Duration::from_mins(1)).await;
                self.running.fetch_sub(1, Ordering::SeqCst);
                Err(TokenError::DeadlineExceeded)
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_with_many_accounts_floods_nobody_and_keeps_nobody_waiting() {
        let (slow, places) = (Arc::new(Slow::default()), places());
        let paced = |namespace: &str| Paced {
            mint: Arc::clone(&slow) as Arc<dyn Mint>,
            namespace: namespace.to_owned(),
            places: places.clone(),
        };
        let many: Vec<Paced> = (0..500).map(|_| paced("greedy")).collect();
        let flood = join_all(many.iter().map(|one| one.mint(None)));
        let modest = paced("modest");
        let neighbour = async {
            sleep(Duration::from_secs(1)).await;
            timeout(Duration::from_secs(61), modest.mint(None)).await
        };
        tokio::select! {
            _ = flood => panic!("five hundred take longer than one"),
            answer = neighbour => assert!(answer.is_ok(), "it was let in at once"),
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), 25, "24 and the neighbour");
    }
}
