//! The production transport against a socket that misbehaves, on loopback.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::*;

const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(20),
    max_body: 100,
};

/// A certificate of nobody's, valid for a hundred years.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdTCCARugAwIBAgIUMAF9qrbvsLqfpxNIzgJk1RcE2hUwCgYIKoZIzj0EAwIw\n\
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjQyMjI5NTRaGA8yMTI2MTAzMTIyMjk1\n\
NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNiw\n\
U5R8zep40NCIi9bqUtX+G6dLmbEF9T+7WvQ+ILpKmEOhvAaKhIWVNDXS+KXSFDOC\n\
CjaYTdoyooxgQlokMAKjUzBRMB0GA1UdDgQWBBR32QcEow/C07d/dZzJkjrZK9E0\n\
GjAfBgNVHSMEGDAWgBR32QcEow/C07d/dZzJkjrZK9E0GjAPBgNVHRMBAf8EBTAD\n\
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDFkdQK/LSAE+ESLwJE8UxRGPbFuwWlqrzI\n\
X3JQDKmD5wIgUgGWqezr6IPPbts3ux5cpTDVtkNKXJF0vX42lHdCUT4=\n\
-----END CERTIFICATE-----\n";

/// Answers every connection with `answer`, then keeps it open until the client goes (`hold`) or closes it.
async fn serve(answer: &'static str, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                read_head(&mut socket).await;
                socket.write_all(answer.as_bytes()).await.unwrap();
                if hold {
                    let mut rest = Vec::new();
                    let _ = socket.read_to_end(&mut rest).await;
                }
            });
        }
    });
    format!("http://{address}/x")
}

async fn read_head(socket: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    head
}

async fn get(url: &str, limits: Limits) -> Result<http::Response<Bytes>, TransportError> {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    HttpTransport::new(None)
        .unwrap()
        .send(request, limits)
        .await
}

#[tokio::test]
async fn an_answer_comes_with_status_headers_and_body() {
    let url = serve(
        "HTTP/1.1 409 Conflict\r\nretry-after: 7\r\ncontent-length: 5\r\n\r\nhello",
        true,
    )
    .await;
    let answer = get(&url, LIMITS).await.unwrap();
    assert_eq!(answer.status(), 409);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.body().as_ref(), b"hello");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let url = serve(
        "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
        true,
    )
    .await;
    assert_eq!(get(&url, LIMITS).await.unwrap().status(), 307);
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&format!("http://{address}/"), LIMITS)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    assert!(!error.may_have_arrived());
}

#[tokio::test]
async fn a_reset_or_a_truncated_body_is_an_interruption() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"half\":",
    ] {
        let error = get(&serve(answer, false).await, LIMITS).await.unwrap_err();
        assert!(
            matches!(error, TransportError::Interrupted(_)),
            "{answer:?} gave {error:?}"
        );
        assert!(error.may_have_arrived());
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_announced_or_not() {
    let long = "x".repeat(200);
    let announced: &str =
        Box::leak(format!("HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{long}").into());
    let streamed: &str = Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n{long}").into());
    for answer in [announced, streamed] {
        let error = get(&serve(answer, true).await, LIMITS).await.unwrap_err();
        assert!(
            matches!(error, TransportError::BodyTooLarge { limit: 100 }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn silence_and_a_stalled_body_end_at_the_deadline() {
    let limits = Limits {
        deadline: Duration::from_millis(150),
        max_body: 100,
    };
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nx"] {
        let url = serve(answer, true).await;
        let start = Instant::now();
        let error = get(&url, limits).await.unwrap_err();
        assert!(
            matches!(error, TransportError::DeadlineExceeded),
            "{error:?}"
        );
        assert!(start.elapsed() >= limits.deadline && start.elapsed() < Duration::from_secs(15));
    }
}

#[test]
fn a_ca_bundle_must_be_there_and_hold_a_certificate() {
    let missing = HttpTransport::new(Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the CA bundle `/nowhere/ca.pem` cannot be read"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "no certificate\n").unwrap();
    let empty = HttpTransport::new(Some(file.path()));
    assert!(
        matches!(empty, Err(TransportSetupError::NoCertificate(_))),
        "{empty:?}"
    );
}

#[tokio::test]
async fn a_rotated_ca_bundle_is_read_again_after_a_failed_connection_and_a_broken_one_is_not_taken()
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    drop(listener);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CERTIFICATE).unwrap();
    let transport = HttpTransport::new(Some(file.path())).unwrap();
    let rotated = CERTIFICATE.repeat(2);
    for (content, trusted) in [
        (rotated.as_str(), rotated.as_str()),
        ("half written", &rotated),
    ] {
        std::fs::write(file.path(), content).unwrap();
        let request = http::Request::get(&url).body(Bytes::new()).unwrap();
        assert!(matches!(
            transport.send(request, LIMITS).await,
            Err(TransportError::NotSent(_))
        ));
        assert_eq!(transport.0.clients().ca_bundle, trusted.as_bytes());
    }
}

#[tokio::test]
async fn the_length_of_an_empty_body_is_sent_when_it_is_given() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let request = http::Request::post(url)
        .header("content-length", 0)
        .body(Bytes::new())
        .unwrap();
    let transport = HttpTransport::new(None).unwrap();
    let sent = transport.send(request, LIMITS);
    let served = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = read_head(&mut socket).await;
        socket
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    };
    let (answer, head) = tokio::join!(sent, served);
    assert_eq!(answer.unwrap().status(), 204);
    assert_eq!(
        head.matches("\r\ncontent-length: 0\r\n").count(),
        1,
        "{head}"
    );
}
