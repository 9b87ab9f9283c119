//! The pages as a browser meets them, over the whole service.

use axum::http::header;
use mcdewey_core::testing::{FakeEmbed, SampleDocument};

use crate::app::testing::{Answer, GUIDE, NOTE, Service};

const BARGE: &str = "finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A2";

async fn page(service: &Service, path: &str) -> Answer {
    let page = service.get(path).await;
    assert!(
        page.header(header::CONTENT_TYPE).starts_with("text/html"),
        "{path}: {}",
        page.body
    );

    page
}

#[tokio::test]
async fn the_front_page_says_what_this_is_and_what_it_holds() {
    let service = Service::new().await;
    let body = page(&service, "/").await.body;
    assert!(
        body.contains(
            "Multi-vendor documentation library · semantic search · MCP endpoint at /mcp"
        )
    );
    assert!(body.contains("Cisco Finesse") && body.contains("href=\"/?product=finesse\""));
    assert!(
        body.contains("href=\"/?product=finesse&#38;version=v12.5\""),
        "{body}"
    );
}

#[tokio::test]
async fn a_question_is_answered_with_its_page() {
    let service = Service::new().await;
    let body = page(&service, "/?q=barge+state&version=v12.5").await.body;
    assert!(body.contains(&format!("href=\"/c/{BARGE}\"")), "{body}");
    assert!(body.contains(&format!("href=\"/d/{GUIDE}?page=118#p-2\"")));
    assert!(body.contains("<mark>barging</mark>") && body.contains("<mark>state</mark>"));
    assert!(body.contains("Page 118<small> printed 102</small>"));
    assert!(body.contains("Not tied to a release") && body.contains("2024-06-03"));
    assert!(body.contains("href=\"https://docs.example.com/finesse\""));
    assert!(
        !body.contains("v15.0</span>"),
        "another release under a version filter"
    );
}

#[tokio::test]
async fn the_same_passage_elsewhere_is_named() {
    let service = Service::new().await;
    let body = page(&service, "/?q=supervisor+monitoring+barging")
        .await
        .body;

    assert!(
        body.contains("Also in <a href=\"/c/finesse%3A%3A"),
        "{body}"
    );
}

#[tokio::test]
async fn a_passage_names_its_other_releases() {
    let service = Service::new().await;
    let body = page(&service, &format!("/c/{BARGE}")).await.body;
    let other = "finesse%3A%3Av15.0%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A0";

    assert!(
        body.contains(&format!(
            "<li><a href=\"/c/{other}\">v15.0, page 120</a></li>"
        )),
        "{body}"
    );

    let json = service.get(&format!("/c/{BARGE}.json")).await.json();
    assert_eq!(json["chunk"]["also_in"][0]["version"], "v15.0");
    let rest = service.get(&format!("/api/v1/chunks/{BARGE}")).await.json();

    assert_eq!(
        rest["chunk"]["also_in"], json["chunk"]["also_in"],
        "programs are told the same"
    );
    let alone = page(&service, "/c/notes::empty-gadgets::0").await.body;
    assert!(!alone.contains("This passage elsewhere"), "{alone}");
}

#[tokio::test]
async fn a_document_leads_to_what_changed() {
    let service = Service::new().await;
    let newer = "finesse/v15.0/developer-guide/developer-guide.md";
    let href = format!("/compare?from={GUIDE}&#38;to={newer}");
    let href = href.replace('/', "%2F").replacen("%2F", "/", 1);
    let later = page(&service, &format!("/d/{newer}")).await.body;

    assert!(
        later.contains(&format!(
            "<a href=\"{href}\">What changed since the release before</a>"
        )),
        "{later}"
    );

    let first = page(&service, &format!("/d/{GUIDE}")).await.body;
    assert!(
        first.contains(&format!(
            "<a href=\"{href}\">What changes in the next release</a>"
        )),
        "{first}"
    );

    let note = page(&service, &format!("/d/{NOTE}")).await.body;
    assert!(!note.contains("What change"), "{note}");
}

/// The title of a page is shown where no style sheet isolates it: in tabs and bookmarks.
#[tokio::test]
async fn titles_of_pages_hide_nothing() {
    let service = Service::new().await;
    let body = page(&service, "/?q=barge%E2%80%AE%F3%A0%81%81call")
        .await
        .body;

    let title = body
        .split("<title>")
        .nth(1)
        .and_then(|rest| rest.split("</title>").next())
        .unwrap();

    assert!(title.starts_with("bargecall · "), "{title:?}");
}

#[tokio::test]
async fn filters_can_be_set_and_taken_off() {
    let service = Service::new().await;
    let body = page(
        &service,
        "/?q=supervisor+certificate&product=finesse&mode=keyword",
    )
    .await
    .body;

    assert!(
        body.contains(
            "<a href=\"/?q=supervisor%20certificate&#38;mode=keyword\"><span class=\"name\">Product</span> finesse"
        ),
        "{body}"
    );
    assert!(body.contains("<input type=\"hidden\" name=\"product\" value=\"finesse\">"));
    assert!(body.contains("<option value=\"keyword\" selected>"));
    assert!(
        body.contains("href=\"/?q=supervisor%20certificate&#38;mode=keyword&#38;product=finesse&#38;version=v15.0\"")
    );
}

#[tokio::test]
async fn more_results_follow_and_lead_back() {
    let service = Service::new().await;
    let body = page(&service, "/?q=barge&limit=1").await.body;
    let next = body
        .split("rel=\"next\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();

    let second = page(&service, &next.replace("&#38;", "&")).await;
    assert_eq!(second.status.as_u16(), 200, "{}", second.body);
    assert!(
        second
            .body
            .contains("<a href=\"/?q=barge&#38;limit=1\">← First results</a>")
    );
}

#[tokio::test]
async fn how_a_hit_was_found_is_told_on_request() {
    let service = Service::new().await;
    assert!(
        !page(&service, "/?q=barge")
            .await
            .body
            .contains("Why this hit")
    );

    let body = page(&service, "/?q=barge&explain=1").await.body;
    assert!(
        body.contains("<summary>Why this hit</summary>") && body.contains("place 1, cosine"),
        "{body}"
    );
}

#[tokio::test]
async fn no_answer_is_a_page_with_ways_on() {
    let service = Service::new().await;
    let body = page(&service, "/?q=zzzz&mode=keyword&product=finesse")
        .await
        .body;

    assert!(
        body.contains("No answer here")
            && body.contains("href=\"/?q=zzzz&#38;mode=keyword\">Ask the whole library")
    );
}

#[tokio::test]
async fn what_is_unknown_is_answered_with_what_is_known() {
    let service = Service::new().await;
    let version = page(&service, "/?q=barge&product=finesse&version=99").await;
    assert_eq!(version.status.as_u16(), 400);
    assert!(
        version
            .body
            .contains("href=\"/?q=barge&#38;product=finesse&#38;version=v12.5\">finesse v12.5</a>"),
        "{}",
        version.body
    );

    let product = page(&service, "/?q=barge&product=nope").await;
    assert!(
        product
            .body
            .contains("href=\"/?q=barge&#38;product=finesse\">finesse</a>")
    );

    for (path, status) in [
        ("/nothing", 404),
        ("/c/a::0", 404),
        ("/d/nope.md", 404),
        ("/?q=x&foo=1", 400),
    ] {
        assert_eq!(page(&service, path).await.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_passage_has_the_look_its_users_know() {
    let service = Service::new().await;
    let body = page(&service, &format!("/c/{BARGE}")).await.body;
    assert!(body.contains("<h1>Page 118</h1>"), "{body}");
    assert!(body.contains(&format!(
        "<a class=\"button\" href=\"/d/{GUIDE}?page=118#p-2\">↗ View in doc context</a>"
    )));
    assert!(
        body.contains("<dt>Page</dt><dd>118</dd>")
            && body.contains("<dt>Printed page</dt><dd>102</dd>")
    );
    assert!(body.contains(&format!("<code>{GUIDE}</code>")));
    assert!(body.contains("<code>finesse::v12.5::developer-guide::developer-guide::2</code>"));
    assert!(body.contains("NOT_READY while monitoring"));

    let plain = page(
        &service,
        "/c/finesse::v12.5::developer-guide::developer-guide::2",
    )
    .await
    .body;

    assert_eq!(plain, body);
    let section = page(&service, "/c/notes::empty-gadgets::0").await.body;
    assert!(section.contains("<h1>Certificates</h1>") && section.contains("Not tied to a release"));
    assert!(section.contains(&format!("href=\"/d/{NOTE}?section=certificates-1#p-0\"")));
}

#[tokio::test]
async fn a_page_stands_in_its_document() {
    let service = Service::new().await;
    let id = "finesse::v12.5::developer-guide::developer-guide::3";
    let body = page(&service, &format!("/d/{GUIDE}?page=118&chunk={id}"))
        .await
        .body;
    assert!(body.contains("<h1>Page 118</h1>"));
    assert!(
        body.contains("<div class=\"passage\" id=\"p-2\">")
            && body.contains("<div class=\"passage is-marked\" id=\"p-3\">")
    );
    assert!(body.contains("<td>20700</td>"));
    assert!(body.contains(&format!(
        "<a rel=\"prev\" href=\"/d/{GUIDE}?page=117\">← Page 117</a>"
    )));
    assert!(body.contains("<input type=\"hidden\" name=\"source\""));
    assert!(!body.contains("Make a Barge Call"), "another page's text");

    let by_label = page(&service, &format!("/d/{GUIDE}?page=&label=102"))
        .await
        .body;
    assert!(by_label.contains("<h1>Page 118</h1>"));
    let by_chunk = page(&service, &format!("/d/{GUIDE}?chunk={id}")).await.body;
    assert!(by_chunk.contains("<h1>Page 118</h1>") && by_chunk.contains("is-marked"));

    let lost = page(&service, &format!("/d/{GUIDE}?page=117&chunk={id}"))
        .await
        .body;
    assert!(lost.contains("not on this page any more"));
}

#[tokio::test]
async fn documents_and_questions_stay_inert() {
    let service = Service::new().await;
    let paths = [
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=alert(1)%20barge",
        "/?q=x&product=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/?q=barge&product=evil",
        "/c/evil%2520corp%3A%3A50%2525%2520off%3A%3A0",
        "/d/evil%20corp/50%25%20off.md",
        "/d/%3Cscript%3Ealert(1)%3C/script%3E",
        "/library",
        "/compare",
        "/connect",
        "/",
    ];

    for path in paths {
        let page = page(&service, path).await;

        // The one script of every page is our own file.
        let own = format!(
            "<script src=\"/assets/{}\" defer></script>",
            super::assets::SCRIPT_FILE.as_str()
        );
        assert_eq!(page.body.matches(&own).count(), 1, "{path}");

        let body = page.body.replace(&own, "").to_lowercase();
        for bad in [
            "<script",
            "href=\"javascript:",
            "<img src=x",
            "\" onfocus",
            "<b>corp",
        ] {
            assert!(!body.contains(bad), "{path} has {bad}: {body}");
        }

        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert!(
            !body.contains(" style=\"") && !body.contains("<style"),
            "{path}: the policy forbids inline style"
        );
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(page.header(header::REFERRER_POLICY), "same-origin");
    }
}

#[tokio::test]
async fn pages_and_their_dress_are_kept_by_browsers() {
    let service = Service::new().await;
    let first = page(&service, "/?q=barge").await;
    let again = service
        .get_if_none_match("/?q=barge", first.header(header::ETAG))
        .await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));

    let style = first
        .body
        .split("rel=\"stylesheet\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();

    let style = service.get(style).await;
    assert_eq!(
        style.header(header::CONTENT_TYPE),
        "text/css; charset=utf-8"
    );
    assert!(
        style
            .body
            .contains("a, b, button, code, small, span { unicode-bidi: isolate; }"),
        "names keep to themselves"
    );
    assert!(style.header(header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(
        service.get("/assets/style-old.css").await.status.as_u16(),
        404
    );
    assert_eq!(
        service
            .get("/favicon.ico")
            .await
            .header(header::CONTENT_TYPE),
        "image/svg+xml"
    );
}

/// The page without what changes with the stylesheet and the icon.
fn settled(body: &str) -> String {
    let body = body.replace(super::assets::SCRIPT_FILE.as_str(), "SCRIPT");
    body.replace(super::assets::STYLE_FILE.as_str(), "STYLE")
        .replace(super::assets::ICON_FILE.as_str(), "ICON")
}

#[tokio::test]
async fn whole_pages_stay_as_they_are() {
    let service = Service::new().await;
    insta::assert_snapshot!(
        "passage",
        settled(&page(&service, &format!("/c/{BARGE}")).await.body)
    );
    insta::assert_snapshot!(
        "document_page",
        settled(&page(&service, &format!("/d/{GUIDE}?page=118")).await.body)
    );

    let results = page(&service, "/?q=barge+state+supervisor&version=v12.5&limit=1")
        .await
        .body;

    let cursor = results
        .split("cursor=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("none");

    insta::assert_snapshot!("results", settled(&results.replace(cursor, "CURSOR")));
}

#[tokio::test]
async fn the_library_is_shown_as_a_tree() {
    let service = Service::new().await;
    let body = page(&service, "/library").await.body;
    assert!(
        body.contains("Cisco Finesse") && body.contains("asked for as Agent desktop"),
        "{body}"
    );
    assert!(body.contains(&format!(
        "<a href=\"/d/{GUIDE}\">Finesse Developer Guide 12.5</a>"
    )));
    assert!(body.contains("v15.0</a> <span class=\"quiet\">latest</span>"));
}

#[tokio::test]
async fn the_library_says_how_much_there_is_and_since_when() {
    let service = Service::new().await;
    let ingested = service.get("/api/v1/library").await.json();
    let day = ingested["vendors"][0]["products"][0]["versions"][0]["guides"][0]["documents"][0]["ingested"].clone();
    let (day, _) = day.as_str().unwrap().split_once('T').unwrap();
    let body = page(&service, "/library").await.body;
    let said =
        format!("<span class=\"quiet\">developer-guide, 1 page, 2 passages, ingested {day}</span>");

    assert!(
        day.starts_with("20") && body.contains(&said),
        "{said}: {body}"
    );
}

#[tokio::test]
async fn a_document_of_two_releases_is_counted_once() {
    let both = SampleDocument::new("finesse/guide.md")
        .vendor("Cisco")
        .product("finesse")
        .version("v12.0");

    let both = both
        .version("v12.5")
        .page(1, &["one"])
        .page(2, &["two"])
        .build(&FakeEmbed::new(&[]));

    let service = Service::with(&[both], |state| state).await;
    let body = page(&service, "/").await.body;
    assert!(
        body.contains("<p class=\"quiet\">1 guide, 2 pages</p>"),
        "{body}"
    );
}

#[tokio::test]
async fn a_question_without_an_answer_is_told_so() {
    let service = Service::new().await;
    let body = page(&service, "/?q=barge+in+Finesse+16.0").await.body;
    let said = "<b>No answer here:</b> no Cisco Finesse 16.0 in this library: v12.5, v15.0. These are the nearest passages.";
    assert!(body.contains(said), "{body}");
    assert!(
        body.contains("<ol class=\"hits\">"),
        "the nearest passages are shown"
    );
    let body = page(&service, "/?q=barge+in+Finesse+15.0").await.body;

    assert!(!body.contains("No answer here"), "{body}");
}
