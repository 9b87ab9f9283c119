//! How often callers may send requests and wrong keys.

use std::num::NonZeroU32;

use super::*;

#[tokio::test]
async fn a_rate_limited_caller_learns_when_to_retry() {
    let service = service(|policy| policy).await;
    for _ in 0..2 {
        assert_eq!(
            service.status("/api/v1/library", Some("Bearer slow")).await,
            200
        );
    }

    let response = service
        .send_as(Some("slow"), Method::GET, "/api/v1/library", "")
        .await;
    assert_eq!(response.code(), (429, "rate_limited".to_owned()));
    let seconds: u64 = response.header(header::RETRY_AFTER).parse().unwrap();
    assert!((1..=31).contains(&seconds), "{seconds}");
    assert_eq!(
        service.status("/api/v1/library", Some("Bearer all")).await,
        200,
        "other callers are not affected"
    );
    assert_eq!(service.status("/healthz", Some("Bearer slow")).await, 200);
}

#[tokio::test]
async fn wrong_keys_are_limited_and_good_ones_from_the_same_address_are_not() {
    let record = Arc::new(Record::default());
    let service = service(|policy| policy.with_audit(record.clone())).await;
    let basic = format!("Basic {}", BASE64.encode("anyone:wrong"));

    let limit = WRONG_KEYS_PER_MINUTE.get() as usize;
    for number in 0..limit {
        let wrong = if number % 2 == 0 {
            "Bearer wrong"
        } else {
            basic.as_str()
        };

        assert_eq!(
            library_from(&service, "192.0.2.1:1000", Some(wrong))
                .await
                .status,
            401,
            "{number}"
        );
    }

    // The bucket refills while the test runs, so a slow machine can take more from it.
    let mut rejected = library_from(&service, "192.0.2.1:1001", Some("Bearer wrong")).await;
    for _ in 0..limit {
        if rejected.status != 401 {
            break;
        }
        rejected = library_from(&service, "192.0.2.1:1001", Some("Bearer wrong")).await;
    }

    assert_eq!(rejected.code(), (429, "rate_limited".to_owned()));
    assert!((1..=2).contains(&rejected.header(header::RETRY_AFTER).parse::<u64>().unwrap()));
    assert_eq!(
        library_from(&service, "192.0.2.1:1002", Some("Bearer all"))
            .await
            .status,
        200
    );
    assert_eq!(
        library_from(&service, "192.0.2.1:1002", None).await.status,
        401,
        "sending no key is not a guess"
    );
    assert_eq!(
        library_from(&service, "192.0.2.2:1000", Some("Bearer wrong"))
            .await
            .status,
        401
    );

    for _ in 0..10 * limit {
        library_from(&service, "192.0.2.1:1003", None).await;
    }

    let entries = record.0.lock().unwrap();
    let rejected = entries
        .iter()
        .filter(|entry| entry.caller == "nobody")
        .count();

    assert!(
        (limit..3 * limit).contains(&rejected),
        "rejections do not fill the audit log: {rejected}"
    );
    assert!(entries.iter().any(|entry| entry.caller == "portal"));
}

#[tokio::test]
async fn wrong_keys_are_limited_on_public_paths_too() {
    for path in [
        "/readyz",
        "/healthz",
        "/.well-known/oauth-protected-resource",
    ] {
        let record = Arc::new(Record::default());
        let service = service(|policy| policy.with_audit(record.clone())).await;
        let get = async |key| get_from(&service, path, "192.0.2.1:1000", key).await;
        let open = get(None).await.status;

        assert_eq!(
            get(Some("Bearer wrong")).await.status,
            open,
            "{path} is public"
        );

        let recorded = record.0.lock().unwrap().clone();
        assert_eq!(recorded.len(), 1, "{path}: {recorded:?}");
        assert_eq!(
            (recorded[0].caller.as_str(), recorded[0].path.as_str()),
            ("nobody", path)
        );

        let mut is_limited = false;
        for _ in 0..3 * WRONG_KEYS_PER_MINUTE.get() {
            is_limited |= get(Some("Bearer wrong")).await.status == 429;
        }

        assert!(is_limited, "{path}");
        let elsewhere = library_from(&service, "192.0.2.1:1000", Some("Bearer wrong")).await;
        assert!([401, 429].contains(&elsewhere.status.as_u16()));
        assert_eq!(
            get(None).await.status,
            open,
            "{path}: a request without a key is not a guess"
        );
        assert_ne!(get(Some("Bearer all")).await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn health_checks_do_not_count_towards_the_rate_limit() {
    let policy = AccessPolicy::default().with_requests_per_minute(NonZeroU32::new(1));
    let service = SampleService::with(&documents(), |state| state.with_access(policy)).await;
    for path in ["/healthz", "/readyz", "/healthz", "/readyz"] {
        assert_eq!(
            get_from(&service, path, "192.0.2.1:1", None).await.status,
            200,
            "{path}"
        );
    }

    assert_eq!(
        library_from(&service, "192.0.2.1:1", None).await.status,
        200
    );
    assert_eq!(
        library_from(&service, "192.0.2.1:1", None).await.status,
        429
    );
    assert_eq!(
        get_from(&service, "/healthz", "192.0.2.1:1", None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_address_or_an_ipv6_network_has_one_bucket() {
    let policy = AccessPolicy::default().with_requests_per_minute(NonZeroU32::new(1));
    let service = SampleService::with(&documents(), |state| state.with_access(policy)).await;
    for (remote, expected) in [
        ("192.0.2.1:1", 200),
        ("192.0.2.1:2", 429),
        ("[::ffff:192.0.2.1]:3", 429),
        ("192.0.2.2:1", 200),
        ("[2001:db8::1]:1", 200),
        ("[2001:db8::2:1]:1", 429),
        ("[2001:db8:0:1::1]:1", 200),
    ] {
        assert_eq!(
            library_from(&service, remote, None).await.status,
            expected,
            "{remote}"
        );
    }
}
