//! How many streams there is room for, and that nobody takes all of it.

use windlass_protocol::TenantId;

use super::CannotWatch;
use crate::shares::{Share, Shares, company_has_its_share, has_its_share};

/// One who watches, in however many streams.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The company.
    pub tenant: TenantId,
    /// The person or device.
    pub subject: String,
}

/// Room for streams.
#[derive(Debug)]
pub(super) struct Seats {
    capacity: usize,
    viewers: Shares<Viewer>,
    companies: Shares<TenantId>,
}

/// One of the streams that may be open, until dropped.
#[derive(Debug)]
pub(super) struct Seat {
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    of_viewer: Share<Viewer>,
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    of_company: Share<TenantId>,
}

impl Seats {
    /// So many.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, viewers: Shares::default(), companies: Shares::default() }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.companies.taken()
    }

    /// One more of somebody.
    pub(super) fn take(&self, viewer: Viewer) -> Result<Seat, CannotWatch> {
        let left_of = |all| self.capacity.saturating_sub(all);
        let of_company =
            self.companies.take_unless(viewer.tenant.clone(), |all, own| match left_of(all) {
                0 => Some(CannotWatch::Full(all)),
                left => company_has_its_share(self.capacity, left, own)
                    .then_some(CannotWatch::CompanyHasItsShare(own)),
            })?;
        let of_viewer = self.viewers.take_unless(viewer, |all, own| {
            has_its_share(self.capacity, left_of(all), own).then_some(CannotWatch::HasItsShare(own))
        })?;
        Ok(Seat { of_viewer, of_company })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes seats until there is none for them.
    fn sit(seats: &Seats, tenant: &str, subject: &str) -> (Vec<Seat>, CannotWatch) {
        let viewer = Viewer { tenant: tenant.parse().unwrap(), subject: subject.to_owned() };
        let mut taken = Vec::new();
        loop {
            match seats.take(viewer.clone()) {
                Ok(seat) => taken.push(seat),
                Err(refused) => return (taken, refused),
            }
        }
    }

    #[test]
    fn one_who_watches_leaves_the_last_quarter_of_all_streams_to_others() {
        let seats = Seats::new(64);
        let (mut greedy, refused) = sit(&seats, "acme", "ann");
        assert_eq!(greedy.len(), 48);
        assert!(matches!(refused, CannotWatch::HasItsShare(48)), "{refused}");
        let others =
            [("acme", "bob"), ("other", "ann")].map(|(tenant, subject)| sit(&seats, tenant, subject).0);
        assert_eq!(others.each_ref().map(Vec::len), [2, 2], "each has few");
        greedy.truncate(40);
        assert_eq!(sit(&seats, "acme", "ann").0.len(), 4, "there is more than the last quarter again");
        drop((greedy, others));
        assert_eq!(seats.taken(), 0);
        let crowd: Vec<_> = (0..32).map(|n| sit(&seats, &format!("company-{n}"), "ann")).collect();
        assert_eq!((seats.taken(), crowd[0].0.len()), (64, 48), "in the end all are taken");
        assert!(matches!(crowd[31].1, CannotWatch::Full(64)));
    }

    #[test]
    fn one_company_leaves_the_last_sixteenth_of_all_streams_to_others() {
        let seats = Seats::new(64);
        let crews: Vec<_> = (0..32).map(|n| sit(&seats, "acme", &format!("crew-{n}"))).collect();
        assert_eq!(seats.taken(), 60, "a company that is alone may have nearly all");
        assert!(matches!(crews[31].1, CannotWatch::CompanyHasItsShare(60)), "{}", crews[31].1);
        let others = ["other", "third"].map(|tenant| sit(&seats, tenant, "ann").0);
        assert_eq!(others.each_ref().map(Vec::len), [2, 2], "each has few");
        assert!(matches!(sit(&seats, "fourth", "ann").1, CannotWatch::Full(64)));
    }
}
