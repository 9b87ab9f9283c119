//! What the audit log records.

use super::*;

#[tokio::test]
async fn the_audit_log_leaves_out_the_question() {
    let record = Arc::new(Record::default());
    let service = service(|policy| policy.with_audit(record.clone())).await;
    service
        .status("/api/v1/search?q=secret", Some("Bearer all"))
        .await;
    service.status("/library", Some("Bearer wrong")).await;
    service.status("/healthz", None).await;

    service
        .status(&format!("/{}", "x".repeat(60_000)), Some("Bearer all"))
        .await;
    let mut entries = record.0.lock().unwrap();
    assert!(
        entries.pop().is_some_and(|entry| entry.path.len() < 600),
        "a long path is truncated"
    );

    let lines: Vec<_> = entries
        .iter()
        .map(|entry| (entry.caller.as_str(), entry.path.as_str(), entry.status))
        .collect();

    assert_eq!(
        lines,
        [
            ("portal", "/api/v1/search", 200),
            ("nobody", "/library", 401)
        ]
    );
    assert!(!serde_json::to_string(&*entries).unwrap().contains("secret"));
}
