//! The connections that are open, and who makes room when there are too many: whoever has kept the server waiting longest,
//! first among those of the client that holds most.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Event};

/// So long after its connection a client's request may still be on its way.
const NEWCOMER: Duration = Duration::from_millis(500);

/// Connections, up to a number.
#[derive(Debug)]
pub(super) struct Table {
    most: usize,
    most_per_client: usize,
    /// Whether connections that the server works for make room too, so that the newest always finds a place.
    newest_first: bool,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// A connection's place in the table, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    table: Arc<Table>,
    number: u64,
    pub(super) connection: Arc<Connection>,
}

/// Whether another connection had to go for a new one.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) place: Place,
    pub(super) evicted: bool,
}

impl Table {
    /// A table for the connections that are served.
    pub(super) fn new(most: usize, most_per_client: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_per_client,
            newest_first: false,
            open: Mutex::default(),
        })
    }

    /// A table in which the newest always finds a place.
    pub(super) fn of_newest(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_per_client: most,
            newest_first: true,
            open: Mutex::default(),
        })
    }

    /// Gives a new connection a place, if need be that of another; none where all are worked for.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Admitted> {
        let client = client(address);
        let mut open = self.open();
        let own = open
            .connections
            .values()
            .filter(|one| one.client == client)
            .count();

        let in_the_way = if own >= self.most_per_client {
            Some(self.in_the_way(&open, Some(client), now)?)
        } else if open.connections.len() >= self.most {
            Some(self.in_the_way(&open, None, now)?)
        } else {
            None
        };

        in_the_way.into_iter().for_each(|number| open.evict(number));
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection::new(client));
        open.connections.insert(number, Arc::clone(&connection));

        let place = Place {
            table: Arc::clone(self),
            number,
            connection,
        };

        Some(Admitted {
            place,
            evicted: in_the_way.is_some(),
        })
    }

    /// Closes a connection that waits for its client, where there is one.
    pub(super) fn make_room(&self) -> bool {
        let mut open = self.open();
        let longest = open.longest_waiting(None, Instant::now());
        longest.into_iter().for_each(|number| open.evict(number));
        longest.is_some()
    }

    fn in_the_way(&self, open: &Open, client: Option<IpAddr>, now: Instant) -> Option<u64> {
        if self.newest_first {
            open.oldest(now)
        } else {
            open.longest_waiting(client, now)
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The connection that has kept the server waiting longest, among those of the client with most of them.
    fn longest_waiting(&self, only: Option<IpAddr>, now: Instant) -> Option<u64> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for connection in self.connections.values() {
            *held.entry(connection.client).or_default() += 1;
        }

        let (mut all, mut waiting) = (0, 0);
        let mut longest = None;
        for (number, one) in self
            .connections
            .iter()
            .filter(|(_, one)| only.is_none_or(|client| client == one.client))
        {
            all += 1;
            let Some(waited) = one.waiting_for(now) else {
                continue;
            };
            waiting += 1;
            longest = longest.max(Some((held[&one.client], waited, Reverse(*number))));
        }

        let (_, waited, Reverse(number)) = longest?;

        // Where nearly all are worked for, the few that wait are newcomers whose request is on its way.
        (waited >= NEWCOMER || 2 * waiting >= all).then_some(number)
    }

    /// The connection that was accepted first, of those that wait if there are any.
    fn oldest(&self, now: Instant) -> Option<u64> {
        let all = self.connections.iter();
        all.min_by_key(|(number, one)| (one.waiting_for(now).is_none(), **number))
            .map(|(number, _)| *number)
    }

    /// What is evicted counts no more; its task closes the socket.
    fn evict(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            connection.note(Event::Evicted);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.open().connections.remove(&self.number);
    }
}

/// Whom an address stands for: in IPv6 a network of 64 bits, all addresses of which are one's own to choose from.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn admit(table: &Arc<Table>, text: &str) -> Place {
        table
            .admit(address(text), Instant::now())
            .expect("a place")
            .place
    }

    /// Whether its place was given to somebody else.
    fn is_out(table: &Table, place: &Place) -> bool {
        !table.open().connections.contains_key(&place.number)
    }

    fn works(place: &Place) {
        place.connection.note(Event::RequestBegins);
    }

    #[test]
    fn the_longest_silent_makes_room_for_the_newest() {
        let table = Table::new(3, 3);
        let places: Vec<Place> = (0..5).map(|_| admit(&table, "10.0.0.1")).collect();
        assert_eq!(
            [0, 1, 2, 3, 4].map(|at| is_out(&table, &places[at])),
            [true, true, false, false, false]
        );
        assert_eq!(table.open().connections.len(), 3);
        drop(places);

        assert_eq!(table.open().connections.len(), 0);
    }

    #[test]
    fn what_is_worked_for_stays() {
        let table = Table::new(2, 2);
        let (busy, silent) = (admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1"));
        works(&busy);
        let next = admit(&table, "10.0.0.2");

        assert_eq!(
            (is_out(&table, &busy), is_out(&table, &silent)),
            (false, true)
        );
        works(&next);
        assert!(
            table.admit(address("10.0.0.3"), Instant::now()).is_none(),
            "all are worked for"
        );
        next.connection.note(Event::WaitsForBody);

        assert!(
            table
                .admit(address("10.0.0.3"), Instant::now())
                .is_some_and(|admitted| admitted.evicted)
        );
    }

    #[test]
    fn a_newcomer_among_busy_ones_is_given_time_to_ask() {
        let table = Table::new(4, 4);
        let busy: Vec<Place> = (0..3).map(|_| admit(&table, "10.0.0.1")).collect();
        busy.iter().for_each(works);
        let newcomer = admit(&table, "10.0.0.1");

        assert!(
            table.admit(address("10.0.0.1"), Instant::now()).is_none(),
            "the reserve takes it"
        );
        assert!(!is_out(&table, &newcomer));
        assert!(
            table
                .admit(address("10.0.0.1"), Instant::now() + NEWCOMER)
                .is_some()
                && is_out(&table, &newcomer)
        );
    }

    #[test]
    fn who_holds_most_makes_room_first() {
        let table = Table::new(4, 4);
        let quiet = admit(&table, "10.0.0.1");
        let many: Vec<Place> = (0..3).map(|_| admit(&table, "10.0.0.2")).collect();
        let _new = admit(&table, "10.0.0.3");

        assert_eq!(
            (is_out(&table, &quiet), is_out(&table, &many[0])),
            (false, true)
        );
    }

    #[test]
    fn one_client_does_not_take_all_places() {
        let table = Table::new(4, 2);
        let busy = [admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1")];
        busy.iter().for_each(works);
        assert!(table.admit(address("10.0.0.1"), Instant::now()).is_none());
        assert!(
            table
                .admit(address("10.0.0.2"), Instant::now())
                .is_some_and(|admitted| !admitted.evicted)
        );

        let silent = [admit(&table, "10.0.0.3"), admit(&table, "10.0.0.3")];
        let _third = admit(&table, "10.0.0.3");
        assert_eq!(
            silent.each_ref().map(|place| is_out(&table, place)),
            [true, false]
        );
    }

    #[test]
    fn in_the_reserve_the_newest_always_finds_a_place() {
        let table = Table::of_newest(2);
        let busy = [admit(&table, "10.0.0.1"), admit(&table, "10.0.0.2")];
        busy.iter().for_each(works);
        let silent = admit(&table, "10.0.0.3");

        assert_eq!(
            busy.each_ref().map(|place| is_out(&table, place)),
            [true, false]
        );
        let _next = admit(&table, "10.0.0.4");
        assert!(
            is_out(&table, &silent) && !is_out(&table, &busy[1]),
            "who waits goes before who is worked for"
        );
    }

    #[test]
    fn room_is_made_where_there_is_some() {
        let table = Table::new(4, 4);
        assert!(!table.make_room());
        let (busy, silent) = (admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1"));
        works(&busy);
        assert!(table.make_room() && is_out(&table, &silent));
        assert!(!table.make_room());
    }

    #[test]
    fn a_network_is_one_client() {
        let same = |a: &str, b: &str| client(address(a)) == client(address(b));
        assert!(
            same("2001:db8:1:2::3", "2001:db8:1:2:ffff::9")
                && !same("2001:db8:1:2::3", "2001:db8:1:3::3")
        );
        assert!(same("::ffff:10.0.0.1", "10.0.0.1") && !same("10.0.0.1", "10.0.0.2"));
    }
}
