//! An authority of our own, and what it vouches for.
//!
//! The authority is made at each start and its key is forgotten at once: whoever trusts its certificate trusts this
//! one run of the simulator and nothing else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use chrono::{Datelike, TimeDelta};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::hosts::NEUTRAL;
use super::line::Wire;
use crate::domain::time::Timestamp;

/// Some systems refuse certificates that live longer than 398 days.
const LIFE_DAYS: i64 = 396;

/// What the listener needs, and what its callers must trust.
pub(super) struct Identity {
    pub(super) acceptor: TlsAcceptor,
    pub(super) authority_pem: String,
}

/// Why there is no identity: a name that cannot stand in a certificate.
pub(super) type Refused = Box<dyn std::error::Error + Send + Sync>;

/// Makes an authority and a certificate for `names`, and for the neutral one.
pub(super) fn identity(names: &[String], now: Timestamp) -> Result<Identity, Refused> {
    let mut authority = params(Vec::new(), "Stentor's simulated authority", now)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names = names.to_vec();
    if !names.iter().any(|name| name == NEUTRAL) {
        names.push(NEUTRAL.to_owned());
    }
    let mut leaf = params(names, "Stentor's simulated Teams", now)?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &authority)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), authority_pem: authority.pem() })
}

fn params(names: Vec<String>, common_name: &str, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    // A caller's clock may be a little behind ours.
    let date = |at: Timestamp| date_time_ymd(at.year(), at.month() as u8, at.day() as u8);
    (params.not_before, params.not_after) = (date(now - TimeDelta::days(1)), date(now + TimeDelta::days(LIFE_DAYS)));
    Ok(params)
}

/// A connection that greets when it is first read: one that never speaks must not keep the others from being accepted.
pub(super) enum Secured {
    Greeting(Box<Accept<TcpStream>>),
    Open(Box<TlsStream<TcpStream>>),
    Broken,
}

impl Secured {
    pub(super) fn new(acceptor: &TlsAcceptor, stream: TcpStream) -> Self {
        Self::Greeting(Box::new(acceptor.accept(stream)))
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut TlsStream<TcpStream>>> {
        if let Self::Greeting(accept) = self {
            *self = match ready!(Pin::new(accept.as_mut()).poll(context)) {
                Ok(stream) => Self::Open(Box::new(stream)),
                Err(error) => {
                    *self = Self::Broken;
                    return Poll::Ready(Err(error));
                }
            };
        }
        match self {
            Self::Open(stream) => Poll::Ready(Ok(stream)),
            Self::Greeting(_) | Self::Broken => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl Wire for Secured {
    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Greeting(accept) => accept.get_ref(),
            Self::Open(stream) => Some(stream.get_ref().0),
            Self::Broken => None,
        }
    }
}

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(ready!(self.poll_open(context))?).poll_read(context, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(ready!(self.poll_open(context))?).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(ready!(self.poll_open(context))?).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Open(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Greeting(_) | Self::Broken => Poll::Ready(Ok(())),
        }
    }
}
