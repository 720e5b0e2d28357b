//! `vestibule user import`: people of another program sign in with the passwords they have there.

use serde_json::{Value, json};

use tokio::io::AsyncWriteExt as _;

use super::program::{Home, PATIENCE};

/// "a few words by the sea" by passlib's bcrypt, Django's PBKDF2, and crypt(3).
const PASSWORD: &str = "a few words by the sea";

/// The hash of [`PASSWORD`] that begins so.
fn hash(prefix: &str) -> String {
    let lines = include_str!("../../fixtures/passwords/hashes.jsonl").lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let is = |line: &Value| line["password"] == PASSWORD && line["hash"].as_str().unwrap().starts_with(prefix);
    lines.into_iter().find(is).expect("a hash")["hash"].as_str().unwrap().to_owned()
}

async fn person(home: &Home, username: &str) -> Value {
    let list = home.run(&["user", "list", "--json"]).await.expect(0);
    let people: Vec<Value> = serde_json::from_str(&list.stdout).expect("an array");
    people.into_iter().find(|person| person["username"] == username).expect("the person")
}

#[tokio::test]
async fn j18_imported_people_sign_in_and_their_hashes_become_argon2id() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let (bcrypt, django, crypt) = (hash("$2b$"), hash("pbkdf2_sha256$"), hash("$6$"));
    let file = home.write(
        "people.csv",
        &format!(
            "username,email,email_verified,name,roles,password_hash\n\
             carla,Carla@Example.test,true,\"Carla, C.\",demo-reader,{bcrypt}\n\
             dan,,,,demo-reader,{django}\n\
             eve,,,,demo-reader demo-reader,{crypt}\n"
        ),
    );
    let ended = home.run(&["user", "import", file.to_str().unwrap(), "--json"]).await.expect(0);
    let summary: Value = serde_json::from_str(ended.line()).unwrap();
    assert_eq!(summary, json!({"imported": 3, "already_there": 0, "refused": 0, "without_password": 0}));
    assert_eq!(ended.stderr, "", "no bar without a terminal");

    for (username, scheme) in [("carla", "bcrypt"), ("dan", "pbkdf2"), ("eve", "sha-crypt")] {
        let grant = ["token", "--client", "first-party", "--username", username];
        home.run_with(&grant, "a few words by the shore").await.refuses(1, &["invalid_grant"]);
        assert_eq!(person(&home, username).await["password_scheme"], scheme, "a failed sign-in rewrites nothing");
        for _ in 0..2 {
            home.run_with(&grant, PASSWORD).await.expect(0);
            assert_eq!(person(&home, username).await["password_scheme"], "argon2id");
        }
        home.run_with(&grant, "a few words by the shore").await.refuses(1, &["invalid_grant"]);
    }
    let carla = person(&home, "carla").await;
    assert_eq!((&carla["email"], &carla["email_verified"]), (&json!("carla@example.test"), &json!(true)));
    assert_eq!((&carla["name"], &carla["roles"]), (&json!("Carla, C."), &json!(["demo-reader"])));
}

#[tokio::test]
async fn addresses_and_phone_numbers_come_along_and_open_their_scopes() {
    let home = Home::new();
    home.write(
        "config/post.toml",
        "[[clients]]\nclient_id = \"post\"\nfirst_party = true\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"password\"]\nscope = \"openid address phone\"\ndefault_scope = \"openid address phone\"\n",
    );
    let dev = home.dev(&[]).await;
    let csv = home.write(
        "people.csv",
        &format!(
            "username,password_hash,address,street_address,locality,region,postal_code,country,phone_number,phone_number_verified\n\
             carla,{},\"Weg 1\r\n12345 Köln\",Weg 1,Köln,,12345,DE,+49 (221) 123-456;ext=7,yes\n",
            hash("$2b$")
        ),
    );
    home.run(&["user", "import", csv.to_str().unwrap()]).await.expect(0);
    let row =
        json!({"username": "dan", "password_hash": hash("$2b$"), "country": "FR", "phone_number": "+33 1 99 00 12 34"});
    let lines = home.write("people.jsonl", &format!("{row}\n"));
    home.run(&["user", "import", lines.to_str().unwrap()]).await.expect(0);
    for (username, address, number, verified) in [
        (
            "carla",
            json!({"formatted": "Weg 1\n12345 Köln", "street_address": "Weg 1", "locality": "Köln", "postal_code": "12345", "country": "DE"}),
            "+49221123456;ext=7",
            true,
        ),
        ("dan", json!({"country": "FR"}), "+33199001234", false),
    ] {
        let token = home.run_with(&["token", "--client", "post", "--username", username], PASSWORD).await.expect(0);
        let request = dev.http().request(reqwest::Method::GET, &format!("{}/userinfo", dev.issuer()));
        let info = request.bearer(token.line()).send().await.expect(200).json();
        assert_eq!((&info["address"], &info["phone_number"]), (&address, &json!(number)));
        assert_eq!(info["phone_number_verified"], verified);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_taken_is_named_and_the_others_are_imported() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let good = hash("$2b$");
    let rows = [
        json!({"username": "carla", "email": "carla@example.test", "password_hash": good}),
        json!({"username": "not a name", "password_hash": good}),
        json!({"username": "dan", "password_hash": "$2b$31$0000000000000000000000000000000000000000000000000000/"}),
        json!({"username": "erin", "password_hash": "hunter2"}),
        json!({"username": "fay", "email": "ADA@example.test"}),
        json!({"username": "ada", "email": "other@example.test"}),
        json!({"username": "gil", "passwort": "x"}),
        json!({"username": "hal", "password_hash": "!", "roles": ["demo-reader", "pilot"]}),
    ];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let text = format!("{}\nno json\n", lines.join("\n"));
    let file = home.write("people.jsonl", &text);
    let file = file.to_str().unwrap();
    let ended = home.run(&["user", "import", file]).await.expect(1);
    assert_eq!(ended.stdout, "imported       2\nalready there  0\nrefused        7\n");
    for (line, reason) in [
        (2, "username"),
        (3, "bcrypt hash of a cost beyond"),
        (4, "password_hash"),
        (5, "e-mail address"),
        (6, "ada"),
        (7, "passwort"),
        (9, "JSON"),
    ] {
        let said = ended.stderr.lines().find(|said| said.starts_with(&format!("line {line}: ")));
        assert!(said.is_some_and(|said| said.contains(reason)), "line {line}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("pilot"), "the unknown role is named: {}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2") && !ended.stderr.contains("$2b$"), "{}", ended.stderr);

    // Again, from a pipe: nobody is added twice, nobody is changed.
    let mended = text.replace("no json", r#"{"username": "ivy"}"#);
    let ended = home.run_with(&["user", "import", "-", "--format", "jsonl", "--json"], &mended).await.expect(1);
    let summary: Value = serde_json::from_str(ended.line()).unwrap();
    assert_eq!(summary, json!({"imported": 1, "already_there": 2, "refused": 6, "without_password": 1}));
}

#[tokio::test]
async fn a_file_that_is_none_says_what_to_change() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    home.run(&["user", "import", "nowhere.csv"]).await.refuses(5, &["nowhere.csv"]);
    let file = home.write("people", "username\ncarla\n");
    home.run(&["user", "import", file.to_str().unwrap()]).await.refuses(2, &["--format csv"]);
    for (text, words) in [("", "empty"), ("name,email\n", "username"), ("username,pasword_hash\n", "pasword_hash")] {
        let file = home.write("people.csv", text);
        home.run(&["user", "import", file.to_str().unwrap()]).await.refuses(1, &["people.csv", words]);
    }
}

/// Memory does not grow with the file, because nothing of it is kept: people are there while their file goes on.
#[tokio::test]
async fn people_are_stored_before_the_end_of_their_file_is_known() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let mut child = home.command(&["user", "import", "-", "--format", "csv"]).spawn().expect("the binary");
    let mut file = child.stdin.take().expect("stdin");
    let hash = hash("$2b$");
    let row = |number: usize| format!("person-{number},{hash}\n");
    let rows = |from: usize| (from..from + 1500).map(row).collect::<String>();
    file.write_all(format!("username,password_hash\n{}", rows(0)).as_bytes()).await.expect("it reads");
    file.flush().await.expect("it reads");
    let stored = async {
        loop {
            let list = home.run(&["user", "list", "--json"]).await.expect(0);
            if list.stdout.contains("person-499\"") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, stored).await.expect("the first batch is stored");
    file.write_all(rows(1500).as_bytes()).await.expect("it reads");
    drop(file);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("an end").expect("an output");
    assert!(String::from_utf8_lossy(&output.stdout).contains("3000"), "{output:?}");
}
