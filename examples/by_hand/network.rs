//! The least that stands for a network: one request over a socket, and a server with rotation.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use oauth_refresher::core::oauth::request::HttpRequest;
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::secret::Secret;

/// One request over one connection; a real program has an HTTP client with TLS.
pub fn post(request: &HttpRequest) -> std::io::Result<Reply> {
    let url = request.url.reveal().strip_prefix("http://").unwrap_or_default();
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let body = request.body.as_ref().map_or("", Secret::reveal);
    let mut connection = TcpStream::connect(host)?;
    let mut head = format!("{} /{path} HTTP/1.0\r\n", request.method);
    for (name, value) in &request.headers {
        head += &format!("{name}: {}\r\n", value.text());
    }
    connection.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Ok(Reply { status, body: Some(Secret::new(body)), retry_after: None, date: None })
}

/// A server with rotation: each refresh token is good for one use.
pub fn token_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for (used, connection) in listener.incoming().enumerate() {
            let mut connection = connection.expect("a connection");
            let mut request = [0; 2048];
            let read = connection.read(&mut request).expect("a request");
            let is_current =
                String::from_utf8_lossy(&request[..read]).contains(&format!("refresh_token=refresh-{used}&"));
            let (status, body) = match (is_current, used + 1) {
                (true, next) => (
                    200,
                    format!(
                        r#"{{"access_token":"access-{next}","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-{next}"}}"#
                    ),
                ),
                (false, _) => (400, r#"{"error":"invalid_grant"}"#.to_owned()),
            };
            write!(connection, "HTTP/1.0 {status} X\r\ncontent-type: application/json\r\n\r\n{body}")
                .expect("it is read");
        }
    });
    format!("http://{address}/token")
}
