//! Where things are written, and what is never written.

use super::program::Home;

#[tokio::test]
async fn no_secret_is_in_the_log_of_a_whole_session() {
    let home = Home::new();
    let mut command = home.command(&["dev", "--port", "0", "--print", "json"]);
    command.env("VESTIBULE__LOG__LEVEL", "trace");
    let dev = super::program::Dev::start(command).await;
    let token = home.run(&["token", "--client", "service"]).await.expect(0).line().to_owned();
    let ada = dev.password("ada");
    let other = home.run_with(&["token", "--client", "first-party", "--username", "ada"], &ada).await.expect(0);
    let generated = home.run(&["user", "add", "carla"]).await.expect(0).line().to_owned();
    let secret = dev.client("service")["client_secret"].as_str().unwrap().to_owned();
    let key = std::fs::read_to_string(home.data().join("encryption.key")).unwrap();
    let log = dev.stop("TERM").await.expect(0).stderr;
    for secret in [&token, &ada, &other.line().to_owned(), &generated, &secret, &key.trim().to_owned()] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
}

#[tokio::test]
async fn a_server_whose_stderr_is_gone_goes_on() {
    let home = Home::new();
    let mut dev = home.dev(&[]).await;
    drop(dev.stderr.take());
    for _ in 0..20 {
        let url = format!("{}/nowhere", dev.issuer());
        dev.http().request(reqwest::Method::GET, &url).send().await.expect(404);
    }
    home.run(&["token", "--client", "service"]).await.expect(0);
    assert!(dev.is_running());
    dev.stop("TERM").await.expect(0);
}
