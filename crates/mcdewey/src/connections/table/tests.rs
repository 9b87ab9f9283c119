//! Which connection is evicted for a new one, and when none is.

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn admit(table: &Arc<ConnectionTable>, text: &str) -> Slot {
    table
        .admit(address(text), Instant::now())
        .expect("there is a slot")
        .slot
}

/// Whether the connection was evicted.
fn is_evicted(table: &ConnectionTable, slot: &Slot) -> bool {
    !table.open().connections.contains_key(&slot.number)
}

fn start_request(slot: &Slot) {
    slot.connection.record(Event::RequestStarted);
}

#[test]
fn the_longest_waiting_connection_is_evicted_for_the_newest() {
    let table = ConnectionTable::new(3, 3);
    let slots: Vec<Slot> = (0..5).map(|_| admit(&table, "10.0.0.1")).collect();
    assert_eq!(
        [0, 1, 2, 3, 4].map(|at| is_evicted(&table, &slots[at])),
        [true, true, false, false, false]
    );
    assert_eq!(table.open().connections.len(), 3);
    drop(slots);

    assert_eq!(table.open().connections.len(), 0);
}

#[test]
fn connections_with_requests_in_progress_are_not_evicted() {
    let table = ConnectionTable::new(2, 2);
    let (busy, silent) = (admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1"));
    start_request(&busy);
    let next = admit(&table, "10.0.0.2");

    assert_eq!(
        (is_evicted(&table, &busy), is_evicted(&table, &silent)),
        (false, true)
    );
    start_request(&next);
    assert!(
        table.admit(address("10.0.0.3"), Instant::now()).is_none(),
        "all requests are in progress"
    );
    next.connection.record(Event::BodyWaitStarted);

    assert!(
        table
            .admit(address("10.0.0.3"), Instant::now())
            .is_some_and(|admission| admission.has_evicted)
    );
}

#[test]
fn new_connections_get_time_to_send_their_request() {
    let table = ConnectionTable::new(4, 4);
    let busy: Vec<Slot> = (0..3).map(|_| admit(&table, "10.0.0.1")).collect();
    busy.iter().for_each(start_request);
    let new = admit(&table, "10.0.0.1");

    assert!(
        table.admit(address("10.0.0.1"), Instant::now()).is_none(),
        "the reserve has to take it"
    );
    assert!(!is_evicted(&table, &new));
    assert!(
        table
            .admit(address("10.0.0.1"), Instant::now() + FIRST_REQUEST_GRACE)
            .is_some()
            && is_evicted(&table, &new)
    );
}

#[test]
fn the_client_with_most_connections_is_evicted_first() {
    let table = ConnectionTable::new(4, 4);
    let single = admit(&table, "10.0.0.1");
    let many: Vec<Slot> = (0..3).map(|_| admit(&table, "10.0.0.2")).collect();
    let _new = admit(&table, "10.0.0.3");

    assert_eq!(
        (is_evicted(&table, &single), is_evicted(&table, &many[0])),
        (false, true)
    );
}

#[test]
fn one_client_cannot_take_all_slots() {
    let table = ConnectionTable::new(4, 2);
    let busy = [admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1")];
    busy.iter().for_each(start_request);
    assert!(table.admit(address("10.0.0.1"), Instant::now()).is_none());
    assert!(
        table
            .admit(address("10.0.0.2"), Instant::now())
            .is_some_and(|admission| !admission.has_evicted)
    );

    let silent = [admit(&table, "10.0.0.3"), admit(&table, "10.0.0.3")];
    let _third = admit(&table, "10.0.0.3");
    assert_eq!(
        silent.each_ref().map(|slot| is_evicted(&table, slot)),
        [true, false]
    );
}

#[test]
fn the_reserve_always_has_a_slot_for_the_newest() {
    let table = ConnectionTable::favouring_newest(2);
    let busy = [admit(&table, "10.0.0.1"), admit(&table, "10.0.0.2")];
    busy.iter().for_each(start_request);
    let silent = admit(&table, "10.0.0.3");

    assert_eq!(
        busy.each_ref().map(|slot| is_evicted(&table, slot)),
        [true, false]
    );
    let _next = admit(&table, "10.0.0.4");
    assert!(
        is_evicted(&table, &silent) && !is_evicted(&table, &busy[1]),
        "waiting connections are evicted before those with requests in progress"
    );
}

#[test]
fn only_a_waiting_connection_can_be_evicted() {
    let table = ConnectionTable::new(4, 4);
    assert!(!table.evict_longest_waiting());
    let (busy, silent) = (admit(&table, "10.0.0.1"), admit(&table, "10.0.0.1"));
    start_request(&busy);
    assert!(table.evict_longest_waiting() && is_evicted(&table, &silent));
    assert!(!table.evict_longest_waiting());
}

#[test]
fn an_ipv6_network_is_one_client() {
    let same = |a: &str, b: &str| client_of(address(a)) == client_of(address(b));
    assert!(
        same("2001:db8:1:2::3", "2001:db8:1:2:ffff::9")
            && !same("2001:db8:1:2::3", "2001:db8:1:3::3")
    );
    assert!(same("::ffff:10.0.0.1", "10.0.0.1") && !same("10.0.0.1", "10.0.0.2"));
}
