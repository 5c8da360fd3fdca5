//! Assertions from elsewhere, and the identities that they are exchanged for.

use super::*;

/// Gives its answers, and repeats the last one.
pub(super) struct Assertions(Mutex<VecDeque<Result<&'static str, TokenError>>>);

impl Assertions {
    pub(super) fn source(
        answers: impl IntoIterator<Item = Result<&'static str, TokenError>>,
    ) -> Arc<dyn AssertionSource> {
        Arc::new(Self(Mutex::new(answers.into_iter().collect())))
    }
}

impl AssertionSource for Assertions {
    fn assertion(&self) -> BoxFuture<'_, Result<Zeroizing<String>, TokenError>> {
        let mut answers = self.0.lock().unwrap();
        let answer = answers.front().cloned().unwrap();
        if answers.len() > 1 {
            answers.pop_front();
        }
        async move { answer.map(|text| text.to_owned().into()) }.boxed()
    }
}

fn federated_as(
    tenant_id: &str,
    client_id: &str,
    assertions: Arc<dyn AssertionSource>,
    entra: &Entra,
) -> Result<Arc<dyn Mint>, CredentialError> {
    let cloud = cloud("https://login.microsoftonline.com");
    federated(tenant_id, client_id, assertions, &cloud, entra)
}

#[tokio::test]
async fn an_assertion_is_asked_for_anew_and_exchanged_for_the_identity() {
    let refusal = TokenError::Assertion {
        class: Class::Denied,
        reason: "TokenRequestRefused",
        message: "no".to_owned(),
    };
    let entra = Entra::new([(200, TOKEN)]);
    let assertions = Assertions::source([Ok("first"), Ok("second"), Err(refusal.clone())]);
    let mint = federated_as(" tenant-2", "client-2", assertions, &entra).unwrap();
    for (index, assertion) in ["first", "second"].into_iter().enumerate() {
        mint.mint(None).await.unwrap();
        assert_eq!(
            entra.url(index),
            "https://login.microsoftonline.com/tenant-2/oauth2/v2.0/token"
        );
        let form = entra.form(index);
        for part in [
            "client_id=client-2".to_owned(),
            format!("client_assertion={assertion}"),
        ] {
            assert!(form.split('&').any(|it| it == part), "{form} lacks {part}");
        }
    }
    assert_eq!(mint.mint(None).await, Err(refusal));
    assert_eq!(mint.fingerprint(), 0);
}

#[test]
fn the_ids_of_an_annotation_are_checked() {
    for (tenant, client, message) in [
        (
            "..",
            "c",
            "`tenant id` must be an id of letters, digits, hyphens and periods, not `..`",
        ),
        (
            "",
            "c",
            "`tenant id` must be an id of letters, digits, hyphens and periods, not ``",
        ),
        (
            "a/b",
            "c",
            "`tenant id` must be an id of letters, digits, hyphens and periods, not `a/b`",
        ),
        (
            "t",
            "c?d",
            "`client id` must be an id of letters, digits, hyphens and periods, not `c?d`",
        ),
    ] {
        let made = federated_as(
            tenant,
            client,
            Assertions::source([Ok("a")]),
            &Entra::new([]),
        );
        assert_eq!(made.err().unwrap().to_string(), message);
    }
}
