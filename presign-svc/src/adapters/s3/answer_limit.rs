//! How much of an answer of the store is read: Amazon's client takes the whole of it into memory before it looks at
//! it.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::SdkBody;
use http_body_util::Limited;

/// More than anything we ask for: a page of a thousand keys of a thousand bytes, each written as an entity, and the
/// pieces that are put together.
pub(super) const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Ends an answer that is longer with an error.
#[derive(Debug)]
pub(super) struct AnswerLimit;

impl Intercept for AnswerLimit {
    fn name(&self) -> &'static str {
        "AnswerLimit"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = whole.map(|whole| SdkBody::from_body_1_x(Limited::new(whole, MAX_ANSWER_BYTES)));
        Ok(())
    }
}
