use std::net::SocketAddr;

use mockito::{Matcher, Server, ServerGuard};
use neurocards_core::Submitted;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::catalogue::Family;

const SECRET: &str = "test-key-0123456789";
const TASK: &str = "5fdec09dc604e83ec6eb26b40c1b64d8";

fn key() -> KieKey {
    KieKey::new(SECRET).unwrap()
}

fn client(server: &ServerGuard) -> KieClient {
    KieClient::new(&server.url(), &server.url()).unwrap()
}

fn call(family: Family) -> PaidCall {
    PaidCall { family, body: json!({ "prompt": "a cup" }) }
}

/// A request as every one of ours looks: a name, a key, and a content type also without a body.
fn ours(server: &mut ServerGuard, method: &str, path: &str) -> mockito::Mock {
    let mock = server.mock(method, path);
    mock.match_header("authorization", format!("Bearer {SECRET}").as_str())
        .match_header("content-type", "application/json")
        .match_header("user-agent", transport::USER_AGENT)
        .with_header("content-type", "application/json;charset=UTF-8")
}

#[tokio::test]
async fn each_family_has_its_own_endpoints() {
    let mut server = Server::new_async().await;
    let client = client(&server);
    for (family, create, read) in [
        (Family::Jobs, "/api/v1/jobs/createTask", "/api/v1/jobs/recordInfo"),
        (Family::Veo, "/api/v1/veo/generate", "/api/v1/veo/record-info"),
        (Family::Runway, "/api/v1/runway/generate", "/api/v1/runway/record-detail"),
    ] {
        let reply = json!({ "code": 200, "msg": "success", "data": { "taskId": TASK, "recordId": TASK } });
        let created = ours(&mut server, "POST", create)
            .match_body(Matcher::Json(json!({ "prompt": "a cup" })))
            .with_body(reply.to_string())
            .expect(1)
            .create_async()
            .await;
        let found = ours(&mut server, "GET", read)
            .match_query(Matcher::UrlEncoded("taskId".to_owned(), TASK.to_owned()))
            .with_body(json!({ "code": 200, "data": { "state": "waiting" } }).to_string())
            .create_async()
            .await;
        let accepted = client.submit(&key(), &call(family)).await.0;
        assert_eq!(accepted, Submitted::Accepted { task_id: TASK.to_owned() });
        assert_eq!(client.task(&key(), family, TASK).await.unwrap().data["state"], "waiting");
        created.assert_async().await;
        found.assert_async().await;
    }
}

/// The answer to a paid call: what it proves, its class and its code.
async fn answer(http: usize, headers: &[(&str, &str)], body: &str) -> (&'static str, Fault) {
    let mut server = Server::new_async().await;
    let mut mock = server.mock("POST", "/api/v1/jobs/createTask").with_status(http).with_body(body).expect(1);
    for (name, value) in headers {
        mock = mock.with_header(*name, value);
    }
    let mock = mock.create_async().await;
    let submitted = client(&server).submit(&key(), &call(Family::Jobs)).await.0;
    // One request, whatever comes: no retry, no redirect.
    mock.assert_async().await;
    match submitted {
        Submitted::Accepted { task_id } => panic!("accepted as {task_id}"),
        Submitted::Rejected(fault) => ("rejected", fault),
        Submitted::Unknown(fault) => ("unknown", fault),
    }
}

#[tokio::test]
async fn the_envelope_decides_and_not_the_status() {
    use FaultClass::{
        Auth, Billing, InvalidInput, ModelUnavailable, RateLimit, Temporary, Unknown, UserViolation,
    };
    let unauthorized = "Unauthorized – Authentication failed. Please check that your Authorization and Content-Type headers are correctly set.";
    for (http, code, message, proves, class) in [
        (200, 401, unauthorized, "rejected", Auth),
        (
            200,
            402,
            "Credits insufficient : Your current balance isn’t enough to run this request. Please top up to continue.",
            "rejected",
            Billing,
        ),
        (
            200,
            500,
            "Credits insufficient : Your current balance isn’t enough to run this request. Please top up to continue.",
            "rejected",
            Billing,
        ),
        (200, 433, "Sub-key Usage Exceeds Limit", "rejected", Billing),
        (200, 429, "Your call frequency is too high. Please try again later.", "rejected", RateLimit),
        (
            200,
            422,
            "The model name you specified is not supported. Please verify your input and use one of the supported models provided by KIE.",
            "rejected",
            ModelUnavailable,
        ),
        (200, 500, "This interface is temporarily paused.", "rejected", ModelUnavailable),
        (200, 455, "", "rejected", ModelUnavailable),
        (200, 505, "", "rejected", ModelUnavailable),
        (200, 500, "resolution is not within the range of allowed options", "rejected", InvalidInput),
        (200, 500, "This field is required", "rejected", Temporary),
        (
            200,
            400,
            "The input or output was flagged as sensitive. Please try again with different inputs.",
            "rejected",
            UserViolation,
        ),
        // The other way round too: a status of an error with the code of a refusal.
        (500, 402, "", "rejected", Billing),
        (401, 401, "You do not have access permissions", "rejected", Auth),
        // It may have been taken before something broke.
        (200, 500, "Internal Error, Please try again later.", "unknown", Temporary),
        (200, 500, "nobody has ever said this", "unknown", Unknown),
        (200, 501, "", "unknown", Unknown),
        (200, 524, "generate task timeout.", "unknown", Temporary),
        (400, 500, "the server is busy", "unknown", Temporary),
    ] {
        let body = json!({ "code": code, "msg": message, "data": null }).to_string();
        let (proof, fault) = answer(http, &[], &body).await;
        assert_eq!((proof, fault.class), (proves, class), "{http} {code} {message}");
        assert_eq!(fault.code, Some(code.to_string()));
    }
}

#[tokio::test]
async fn what_is_no_envelope_proves_nothing() {
    for (http, body) in [
        (200, ""),
        (200, "<html>come back later</html>"),
        (200, "[]"),
        (200, "{\"status\":\"ok\"}"),
        (200, "{\"code\":200,\"msg\":\"success\""),
        (200, "{\"code\":200,\"msg\":\"success\",\"data\":null}"),
        (200, "{\"code\":200,\"msg\":\"success\",\"data\":{\"taskId\":\"\"}}"),
        (200, "{\"code\":200,\"msg\":\"success\",\"data\":{\"taskId\":\"a/../b\"}}"),
        (500, "<html>500</html>"),
        (502, "bad gateway"),
        (504, ""),
        (403, "<html>just a moment</html>"),
        (404, "<html>404</html>"),
        (401, "no"),
    ] {
        let (proof, fault) = answer(http, &[], body).await;
        assert_eq!(proof, "unknown", "{http} {body}: {fault}");
    }
    // A redirect is not followed: its host never sees the key, and nothing is posted twice.
    for http in [301, 302, 307, 308] {
        assert_eq!(answer(http, &[("location", "/api/v1/jobs/createTask")], "").await.0, "unknown", "{http}");
    }
    // Only these come before KIE has seen anything.
    let (proof, fault) = answer(403, &[], "error code: 1010").await;
    assert_eq!((proof, fault.class), ("rejected", FaultClass::InvalidInput));
    let (proof, fault) = answer(429, &[("retry-after", "17")], "<html>slow down</html>").await;
    assert_eq!((proof, fault.class), ("rejected", FaultClass::RateLimit));
    assert_eq!(fault.retry_after, Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_told() {
    let body =
        json!({ "code": 429, "msg": "Your call frequency is too high. Please try again later." }).to_string();
    let wait = async |value: &'static str| answer(200, &[("retry-after", value)], &body).await.1.retry_after;
    assert_eq!(wait("12").await, Some(Duration::from_secs(12)));
    assert_eq!(wait("99999999").await, Some(Duration::from_secs(3_600)));
    assert_eq!(wait("soon").await, None);
}

/// A server that answers one request with these bytes, and then hangs up or goes silent.
async fn raw(answer: &'static str, hang_up: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut line, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            let _ = line.read(&mut request).await.unwrap();
            line.write_all(answer.as_bytes()).await.unwrap();
            while !hang_up && line.read(&mut request).await.is_ok_and(|read| read > 0) {}
        }
    });
    address
}

async fn submitted_to(address: SocketAddr, limit: Duration) -> Submitted {
    let at = format!("http://{address}");
    let client = KieClient::with_limits(&at, &at, limit, limit).unwrap();
    client.submit(&key(), &call(Family::Jobs)).await.0
}

#[tokio::test]
async fn d4_a_lost_answer_is_in_doubt_and_a_connection_that_never_was_is_not() {
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(200));
    let lost = |submitted: Submitted| match submitted {
        Submitted::Unknown(fault) => fault.message,
        other => panic!("{other:?}"),
    };
    let dropped = raw("", true).await;
    assert!(lost(submitted_to(dropped, long).await).starts_with("KIE did not answer"));
    let half = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\":200", true).await;
    assert!(lost(submitted_to(half, long).await).starts_with("KIE did not answer"));
    let silent = raw("", false).await;
    assert_eq!(lost(submitted_to(silent, short).await), "KIE did not answer: no answer in time");
    let slow = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\":200", false).await;
    assert_eq!(lost(submitted_to(slow, short).await), "KIE did not answer: no answer in time");

    // A port that was just given back: nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Submitted::Rejected(fault) = submitted_to(nobody, long).await else { panic!("nothing left") };
    assert_eq!(fault.class, FaultClass::Temporary);
    assert!(fault.message.starts_with("KIE cannot be reached"), "{fault}");
}

#[tokio::test]
async fn an_answer_has_an_end() {
    let body = format!("{{\"code\":200,\"msg\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    let (proof, fault) = answer(200, &[], &body).await;
    assert_eq!((proof, fault.message.as_str()), ("unknown", "KIE did not answer: the answer has no end"));
}

#[tokio::test]
async fn nothing_that_is_told_holds_a_key_or_an_address() {
    let message = format!("no luck with {SECRET} and https://files.example/kieai/7/a.jpg");
    let (_, fault) = answer(200, &[], &json!({ "code": 500, "msg": message }).to_string()).await;
    assert_eq!(fault.message, "no luck with <secret> and <address>");
    let (_, fault) = answer(502, &[], &format!("<p>{SECRET}</p>")).await;
    assert_eq!(fault.message, "not an answer of KIE's API (HTTP 502): <p><secret></p>");
    let server = Server::new_async().await;
    assert!(!format!("{:?} {:?}", client(&server), key()).contains(SECRET));
}

#[tokio::test]
async fn a_balance_is_read_in_thousandths() {
    let mut server = Server::new_async().await;
    let client = client(&server);
    for (body, expect) in [
        ("{\"code\":200,\"msg\":\"success\",\"data\":5916.25}", Ok(5_916_250)),
        ("{\"code\":200,\"msg\":\"success\",\"data\":80}", Ok(80_000)),
        ("{\"code\":200,\"msg\":\"success\",\"data\":-0.5}", Ok(-500)),
        ("{\"code\":200,\"msg\":\"success\",\"data\":\"many\"}", Err(FaultClass::Temporary)),
        ("{\"code\":200,\"msg\":\"success\",\"data\":1e300}", Err(FaultClass::Temporary)),
        ("{\"code\":401,\"msg\":\"You do not have access permissions\"}", Err(FaultClass::Auth)),
    ] {
        let _mock = ours(&mut server, "GET", "/api/v1/chat/credit").with_body(body).create_async().await;
        assert_eq!(client.balance(&key()).await.map_err(|fault| fault.class), expect, "{body}");
    }
}

#[tokio::test]
async fn a_fresh_link_is_a_bare_string() {
    let mut server = Server::new_async().await;
    let client = client(&server);
    let asked = ours(&mut server, "POST", "/api/v1/common/download-url")
        .match_body(Matcher::Json(json!({ "url": "https://tempfile.example/a.mp4" })))
        .with_body("{\"code\":200,\"msg\":\"success\",\"data\":\"https://tempfile.example/a.mp4?sign=1\"}")
        .create_async()
        .await;
    let link = client.download_url(&key(), "https://tempfile.example/a.mp4").await;
    assert_eq!(link.unwrap(), "https://tempfile.example/a.mp4?sign=1");
    asked.assert_async().await;
    let _wrong = ours(&mut server, "POST", "/api/v1/common/download-url")
        .with_body("{\"code\":422,\"msg\":\"url is wrong\",\"data\":null}")
        .create_async()
        .await;
    let fault = client.download_url(&key(), "https://elsewhere.example/a.mp4").await.unwrap_err();
    assert_eq!(fault.class, FaultClass::InvalidInput);
}

/// As recorded, with another account.
const UPLOADED: &str = "{\"success\":true,\"code\":200,\"msg\":\"File uploaded successfully\",\"data\":{\"success\":true,\
    \"fileName\":\"a.jpg\",\"filePath\":\"kieai/0/neurocards/a.jpg\",\"downloadUrl\":\
    \"https://tempfile.redpandaai.co/kieai/0/neurocards/a.jpg\",\"fileSize\":3,\"mimeType\":\"image/jpeg\"}}";

#[tokio::test]
async fn files_go_up_in_three_ways() {
    let mut server = Server::new_async().await;
    // Another host than the API's: nothing else may be asked there.
    let client = KieClient::new("https://api.example", &server.url()).unwrap();
    let bearer = format!("Bearer {SECRET}");
    let part = |name: &str, value: &str| {
        Matcher::Regex(format!("name=\"{name}\"[^\\n]*\\r\\n(?s:.*?){value}\\r\\n--"))
    };
    let form = server
        .mock("POST", "/api/file-stream-upload")
        .match_header("authorization", bearer.as_str())
        .match_header("content-type", Matcher::Regex("^multipart/form-data; boundary=".to_owned()))
        .match_header("content-length", Matcher::Any)
        .match_body(Matcher::AllOf(vec![
            part("uploadPath", "neurocards"),
            part("fileName", "a.jpg"),
            part("file", "JPG"),
            Matcher::Regex("filename=\"a.jpg\"\\r\\nContent-Type: image/jpeg".to_owned()),
        ]))
        .with_body(UPLOADED)
        .create_async()
        .await;
    let expect = "https://tempfile.redpandaai.co/kieai/0/neurocards/a.jpg";
    assert_eq!(client.upload(&key(), "a.jpg", "JPG".into()).await.unwrap(), expect);
    form.assert_async().await;

    let text = ours(&mut server, "POST", "/api/file-base64-upload")
        .match_body(Matcher::Json(
            json!({ "base64Data": "SlBH", "uploadPath": "neurocards", "fileName": "a.jpg" }),
        ))
        .with_body(UPLOADED)
        .create_async()
        .await;
    assert_eq!(client.upload_base64(&key(), "a.jpg", b"JPG").await.unwrap(), expect);
    text.assert_async().await;

    let from = "https://shop.example/a.jpg";
    let fetched = ours(&mut server, "POST", "/api/file-url-upload")
        .match_body(Matcher::Json(
            json!({ "fileUrl": from, "uploadPath": "neurocards", "fileName": "a.jpg" }),
        ))
        .with_body(UPLOADED)
        .create_async()
        .await;
    assert_eq!(client.upload_from_url(&key(), "a.jpg", from).await.unwrap(), expect);
    fetched.assert_async().await;
}

#[tokio::test]
async fn an_upload_that_fails_for_unknown_reasons_may_be_done_again() {
    let mut server = Server::new_async().await;
    let client = client(&server);
    for (body, class) in [
        ("{\"success\":false,\"code\":500,\"msg\":\"whatever\"}", FaultClass::Temporary),
        ("{\"success\":false,\"code\":401,\"msg\":\"You do not have access permissions\"}", FaultClass::Auth),
        (
            "{\"success\":true,\"code\":200,\"msg\":\"ok\",\"data\":{\"fileUrl\":\"https://x.example\"}}",
            FaultClass::Temporary,
        ),
        ("<html>", FaultClass::Temporary),
    ] {
        let _mock = server.mock("POST", "/api/file-stream-upload").with_body(body).create_async().await;
        let fault = client.upload(&key(), "a.jpg", "JPG".into()).await.unwrap_err();
        assert_eq!(fault.class, class, "{body}");
    }
}

#[tokio::test]
async fn the_live_catalogue_is_read() {
    let mut server = Server::new_async().await;
    let client = client(&server);
    let models = json!({ "code": 200, "msg": "success", "data": { "total": 2, "models": [
        { "model": "kling-3.0/video", "slug": "kling-3-0", "title": "Kling 3.0", "provider": "Kling",
          "taskType": ["image-to-video"], "description": null, "pricingDesc": "14 credits per second" },
        { "model": "new/one", "slug": "new-one", "title": null, "provider": null, "taskType": [], "pricingDesc": null },
    ] } });
    let _models =
        ours(&mut server, "GET", "/api/v1/models").with_body(models.to_string()).create_async().await;
    let models = client.models(&key()).await.unwrap();
    assert_eq!(models[0].pricing.as_deref(), Some("14 credits per second"));
    assert_eq!((models[1].model.as_str(), models[1].task_types.len()), ("new/one", 0));

    // The slash stays a slash.
    for (path, data) in [
        (
            "/api/v1/models/kling-3.0/video/schema",
            json!({ "model": "kling-3.0/video", "openapi": { "openapi": "3.1.0" } }),
        ),
        ("/api/v1/models/kling-3.0/video/price", json!({ "model": "kling-3.0/video", "pricingDesc": "14" })),
        (
            "/api/v1/models/kling-3.0/video/success-rate",
            json!({ "model": "kling-3.0/video",
            "points": [{ "start": 1, "end": 2, "successRate": 0.98, "errorRate": 0.02, "isNormal": true }] }),
        ),
    ] {
        let body = json!({ "code": 200, "msg": "success", "data": data }).to_string();
        ours(&mut server, "GET", path).with_body(body).create_async().await;
    }
    let model = "kling-3.0/video";
    assert_eq!(client.model_schema(&key(), model).await.unwrap()["openapi"], "3.1.0");
    assert_eq!(client.model_price(&key(), model).await.unwrap().as_deref(), Some("14"));
    let points = client.model_success(&key(), model).await.unwrap();
    assert_eq!(points, [SuccessRate { success_rate: Some(0.98), is_normal: Some(true) }]);
}

#[test]
fn bases_are_addresses_without_secrets() {
    for good in ["https://api.kie.ai", "http://127.0.0.1:8080/", "https://proxy.example/kie/"] {
        assert!(KieClient::new(good, UPLOAD_BASE).is_ok(), "{good}");
    }
    let proxied = KieClient::new("https://proxy.example/kie/", UPLOAD_BASE).unwrap();
    assert_eq!(proxied.api("/api/v1/chat/credit").as_str(), "https://proxy.example/kie/api/v1/chat/credit");
    for bad in
        ["", "api.kie.ai", "ftp://api.kie.ai", "https://user:word@api.kie.ai", "https://api.kie.ai?key=1"]
    {
        let error = KieClient::new(bad, UPLOAD_BASE).unwrap_err();
        assert!(error.to_string().starts_with("the API address is not an address"), "{bad}: {error}");
        assert!(KieClient::new(API_BASE, bad).unwrap_err().to_string().starts_with("the upload address"));
    }
}
