//! One order, from the account to the certificate.

use std::error::Error as _;

use instant_acme::{
    Account, AccountBuilder, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

use super::super::certificates::Certificates;
use super::AcmeOptions;
use super::cache::Cache;
use super::nonce::with_new_nonces;

/// The key and the chain of a new certificate, as PEM.
pub(super) async fn place(
    options: &AcmeOptions,
    cache: &Cache,
    certificates: &Certificates,
) -> Result<String, Error> {
    let account = account(options, cache).await?;
    let names: Vec<_> = options.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = with_new_nonces!(account.new_order(&NewOrder::new(&names)))?;
    with_new_nonces!(fetch_authorizations(&mut order))?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or(Error::Str("the authority doesn't offer tls-alpn-01 for this domain"))?;
        let domain = challenge.identifier().to_string();
        let answer = answer(&domain, challenge.key_authorization().digest().as_ref());
        certificates.challenge(domain, answer.map_err(Error::Other)?);
        with_new_nonces!(challenge.set_ready())?;
    }
    let status = with_new_nonces!(order.poll_ready(&RetryPolicy::default()))?;
    if status != OrderStatus::Ready {
        return Err(Error::Other(refusal(&mut order).await.into()));
    }
    let key = with_new_nonces!(order.finalize())?;
    let chain = with_new_nonces!(order.poll_certificate(&RetryPolicy::default()))?;
    Ok(format!("{key}{chain}"))
}

/// The order keeps them: whoever walks through them afterwards asks nobody.
async fn fetch_authorizations(order: &mut Order) -> Result<(), Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        authorization?;
    }
    Ok(())
}

/// The account that was kept, or a new one.
async fn account(options: &AcmeOptions, cache: &Cache) -> Result<Account, Error> {
    if let Some(credentials) = cache.account() {
        return builder(options)?.from_credentials(credentials).await;
    }
    let contact: Vec<&str> = options.contact.iter().map(String::as_str).collect();
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let created = with_new_nonces!(builder(options)?.create(&new, options.directory_url.clone(), None));
    let (account, credentials) = created?;
    cache.keep_account(&credentials).map_err(|error| Error::Other(error.into()))?;
    Ok(account)
}

fn builder(options: &AcmeOptions) -> Result<AccountBuilder, Error> {
    match &options.ca_file {
        Some(file) => Account::builder_with_root(file),
        None => Account::builder(),
    }
}

/// The certificate that answers a challenge (RFC 8737 §3): the domain's name, and a digest in an extension.
fn answer(domain: &str, digest: &[u8]) -> Result<CertifiedKey, Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], any_supported_type(&key)?))
}

/// What the authority says of a domain that it didn't find.
async fn refusal(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    let mut said = Vec::new();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        said.extend(challenge.and_then(|challenge| {
            let problem = challenge.error.as_ref()?;
            Some(format!("{}: {problem}", challenge.identifier()))
        }));
    }
    if said.is_empty() { "the authority refused the order".to_owned() } else { said.join("; ") }
}

/// An error with what lies beneath it: the library's own words alone say little.
pub(super) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
