use super::*;

fn load(values: &[(&str, &str)]) -> Result<Config, Failure> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    let settings = Settings { values, env_file: None };
    let flags = Global { data_dir: Some("/data".into()), database_url: None, quiet: false, verbose: 0 };
    Config::from_settings(&flags, &settings)
}

#[test]
fn places_follow_the_data_folder_and_can_be_set() {
    let plain = load(&[]).unwrap();
    assert_eq!(
        (plain.database.to_string(), plain.media),
        ("/data/neurocards.db".into(), folder("/data/media"))
    );
    let check = |url: &str, expect: Option<&str>| {
        let database = load(&[("DATABASE_URL", url)]).ok().map(|config| config.database.to_string());
        assert_eq!(database.as_deref(), expect, "{url}");
    };
    check("sqlite:///a/b.db", Some("/a/b.db"));
    check("sqlite:/a/b.db", Some("/a/b.db"));
    check("/a/b.db", Some("/a/b.db"));
    check("postgres://u:secret@h/db", Some("h:5432/db"));
    check("postgresql://u@h:6543/db", Some("h:6543/db"));
    check("postgres://u@%2Fvar%2Frun/db", Some("/var/run:5432/db"));
    for bad in ["postgres://u:secret@h:port/db", "mysql://h", "sqlite://", "sqlite::memory:"] {
        check(bad, None);
    }
    assert_eq!(load(&[("NEUROCARDS_MEDIA_URL", "file:///a%20b")]).unwrap().media, folder("/a b"));
    for bad in ["s3://", "s3:///prefix", "s3://key:secret@cards", "gs://cards", "file://host/a"] {
        let failure = load(&[("NEUROCARDS_MEDIA_URL", bad)]).unwrap_err();
        assert!(failure.exit == Exit::Usage && !format!("{failure:?}").contains("secret"), "{failure:?}");
    }
}

fn folder(path: &str) -> MediaPlace {
    MediaPlace::Folder(path.into())
}

#[test]
fn a_bucket_takes_the_usual_settings_and_keeps_its_secrets() {
    let config = load(&[
        ("NEUROCARDS_MEDIA_URL", "s3://cards/shop/"),
        ("AWS_ACCESS_KEY_ID", "who"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("AWS_REGION", "ru-1"),
    ]);
    let config = config.unwrap();
    assert_eq!(config.media.path_of("videos/a.mp4"), Path::new("s3://cards/shop/videos/a.mp4"));
    assert!(!format!("{config:?}").contains("hush"), "{config:?}");
}

#[test]
fn an_http_address_is_an_address_and_a_port() {
    let addr = |text| load(&[("NEUROCARDS_HTTP_ADDR", text)]).map(|config| config.http_addr);
    assert_eq!(addr("127.0.0.1:9464").unwrap().unwrap().port(), 9464);
    assert_eq!(addr("[::1]:80").unwrap().unwrap().port(), 80);
    assert!(load(&[]).unwrap().http_addr.is_none());
    for bad in ["9464", ":9464", "somewhere:80", "127.0.0.1"] {
        assert_eq!(addr(bad).unwrap_err().exit, Exit::Usage, "{bad}");
    }
}

#[test]
fn an_address_with_a_password_is_not_repeated() {
    let config = load(&[("DATABASE_URL", "postgres://u:secret@h/db")]).unwrap();
    assert!(!format!("{config:?}").contains("secret"));
    let failure = load(&[("DATABASE_URL", "postgres://u:secret@h:port/db")]).unwrap_err();
    assert!(!format!("{failure:?}").contains("secret"));
}

#[test]
fn keys_are_taken_from_every_list_and_not_shown() {
    let config =
        load(&[("KIE_API_KEY", "one=k1, two=k2,"), ("KIE_API_KEY_1", "k3"), ("KIE_API_KEY_OLD", "k4")]);
    let config = config.unwrap();
    assert_eq!(config.kie.as_ref().map(|kie| kie.keys.len()), Some(3));
    assert!(!format!("{config:?}").contains("k1"));
}

#[test]
fn timers_are_checked_together() {
    let timers = load(&[("NEUROCARDS_LEASE", "2s"), ("NEUROCARDS_HEARTBEAT", "400ms")]).unwrap().timers;
    assert_eq!(timers.policy().lease, Duration::from_secs(2));
    assert_eq!(timers.watched_policy().heartbeat, Duration::from_millis(400));
    let only_lease = load(&[("NEUROCARDS_LEASE", "3s")]).unwrap().timers;
    assert_eq!(only_lease.policy().heartbeat, Duration::from_secs(1));
    assert_eq!(load(&[]).unwrap().timers.watched_policy().lease, WATCHED);
    assert!(load(&[("NEUROCARDS_LEASE", "100ms")]).is_ok());
    for bad in [
        [("NEUROCARDS_LEASE", "2s"), ("NEUROCARDS_HEARTBEAT", "2s")],
        [("NEUROCARDS_POLL_MIN", "2m"), ("NEUROCARDS_POLL_MAX", "1s")],
        [("NEUROCARDS_LEASE", "0s"), ("NEUROCARDS_POLL_MAX", "1m")],
        [("NEUROCARDS_LEASE", "4s"), ("NEUROCARDS_HEARTBEAT", "2s")],
        [("NEUROCARDS_LEASE", "99ms"), ("NEUROCARDS_POLL_MAX", "1m")],
        [("NEUROCARDS_LEASE", "soon"), ("NEUROCARDS_POLL_MAX", "1m")],
        [("NEUROCARDS_LEASE", "99999999h"), ("NEUROCARDS_POLL_MAX", "1m")],
    ] {
        assert_eq!(load(&bad).unwrap_err().exit, Exit::Usage, "{bad:?}");
    }
}

#[test]
fn the_rest_of_models_can_be_set() {
    let settings = [
        ("NEUROCARDS_MODEL_FAULTS", "2"),
        ("NEUROCARDS_MODEL_REST", "1m"),
        ("NEUROCARDS_MODEL_PAUSE", "2h"),
        ("NEUROCARDS_MODEL_PROBATION", "4m"),
    ];
    let (set, usual) = (load(&settings).unwrap().timers.policy(), load(&[]).unwrap().timers.policy());
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!((set.breaker.after, set.breaker.rest, set.probation), (2, minutes(1), minutes(4)));
    assert_eq!((set.unavailable.after, set.unavailable.rest), (1, minutes(120)));
    assert_eq!((usual.breaker.after, usual.breaker.rest), (5, minutes(5)));
}

const WATCHED: Duration = Duration::from_secs(10);

#[test]
fn an_env_file_adds_and_its_errors_keep_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, "A=1\nB='two words'\nEMPTY=\n").unwrap();
    let settings = Settings::from_file(&path).unwrap();
    assert_eq!(settings.text("B").unwrap(), Some("two words"));
    assert_eq!(settings.text("EMPTY").unwrap(), None);
    std::fs::write(&path, "A=1\nKIE_API_KEY secret-key\n").unwrap();
    let failure = Settings::from_file(&path).unwrap_err();
    assert_eq!(failure.to_string(), "entry 2 of .env is no NAME=value");
    assert!(!format!("{failure:?}").contains("secret-key"));
    assert!(Settings::from_file(&folder.path().join("missing")).unwrap().env_file.is_none());
}
