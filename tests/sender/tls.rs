//! A host that proves its name with a certificate of its own making.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;

use super::{request, sender};

#[tokio::test]
async fn a_host_that_vouches_for_itself_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(own_certificate())).unwrap();
        let mut heard = Vec::new();
        let said = rustls::StreamOwned::new(connection, stream).read_to_end(&mut heard);
        (heard, said.unwrap_err().to_string())
    });
    let attempt = sender().post(request(format!("https://{address}/"))).await;
    let said = attempt.error.unwrap();
    assert!(said.starts_with("TLS failed: invalid peer certificate"), "{said}");
    assert_eq!(attempt.status, None);
    let (heard, ended) = server.join().unwrap();
    assert_eq!(heard, b"");
    assert!(ended.contains("alert"), "{ended}");
}

fn own_certificate() -> rustls::ServerConfig {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap()
}
