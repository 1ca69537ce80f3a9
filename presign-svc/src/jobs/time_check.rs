//! What is done because time has passed is not done by a clock that is wrong: by one that is a day ahead nobody's upload
//! was finished in time. The bucket's clock says whether ours is.

use crate::app::App;
use crate::domain::clock_skew::ClockSkew;
use crate::ports::object_store::StoreError;

/// Why nothing is closed, removed or forgotten now.
#[derive(Debug, thiserror::Error)]
pub enum UnsureOfTime {
    /// The clocks differ.
    #[error("{0}")]
    Skewed(ClockSkew),
    /// The bucket has not been heard of since the start. What waits for it could not be done either; what does not can
    /// wait as well.
    #[error("what time it is the bucket has not said yet: {0}")]
    Unheard(StoreError),
}

/// Asks the bucket. One that says nothing of the time and takes what is signed by our clock agrees with it.
pub async fn check_time(app: &App) -> Result<(), UnsureOfTime> {
    let answered = app.store.check().await;
    // Said first: a store refuses even this question of a machine whose clock is wrong.
    match (app.clock_skew(), answered) {
        (Some(skew), _) if skew.is_too_far() => Err(UnsureOfTime::Skewed(skew)),
        (None, Err(error)) => Err(UnsureOfTime::Unheard(error)),
        (Some(_), _) | (None, Ok(())) => Ok(()),
    }
}
