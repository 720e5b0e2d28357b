//! Help, usage and exit codes.

use super::program::Home;

#[tokio::test]
async fn help_goes_to_stdout_and_begins_with_examples() {
    let home = Home::new();
    for command in [
        &["--help"][..],
        &["dev", "--help"],
        &["serve", "--help"],
        &["check", "--help"],
        &["user", "--help"],
        &["user", "add", "--help"],
        &["user", "list", "-h"],
        &["user", "set-roles", "--help"],
        &["client", "secret", "--help"],
        &["client", "new", "-h"],
        &["client", "list", "--help"],
        &["client", "explain", "--help"],
        &["config", "show", "--help"],
        &["init", "--help"],
        &["completions", "-h"],
        &["keys", "--help"],
        &["keys", "rotate", "--help"],
        &["token", "-h"],
        &["token", "inspect", "--help"],
        &["healthcheck", "--help"],
    ] {
        let ended = home.run(command).await.expect(0);
        assert_eq!(ended.stderr, "");
        let at = |word: &str| ended.stdout.find(word).unwrap_or_else(|| panic!("{command:?} has no {word}"));
        assert!(at("Examples:") < at("Usage:") && at("Usage:") < at("Options:"), "{}", ended.stdout);
        assert!(!ended.stdout.contains('\u{1b}'), "no colours on a pipe");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_exit_2_on_stderr() {
    let home = Home::new();
    for command in [
        &[][..],
        &["nope"],
        &["dev", "--port", "x"],
        &["dev", "--data"],
        &["user", "add"],
        &["token", "--grant", "x"],
        &["completions", "tcsh"],
        &["client", "new", "x", "--type", "y"],
        &["init", "--issuer", "http://example.com"],
        &["check", "--schema", "--online"],
    ] {
        let ended = home.run(command).await.expect(2);
        assert_eq!(ended.stdout, "");
        assert!(ended.stderr.contains("Usage:") || ended.stderr.contains("--help"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn the_table_of_exit_codes_in_the_documentation_is_the_one_in_the_help() {
    let table = include_str!("../../../docs/cli.md");
    let help = Home::new().run(&["--help"]).await.expect(0).stdout;
    for code in ["0", "1", "2", "3", "4", "5", "130"] {
        assert!(table.contains(&format!("\n| {code} | ")), "{code}");
        assert!(help.split("Exit codes:").nth(1).unwrap().contains(&format!("{code} ")), "{code}");
    }
}

#[tokio::test]
async fn no_server_to_ask_is_exit_5_for_each_command_that_needs_one() {
    let home = Home::new();
    for command in [
        &["token"][..],
        &["user", "list"],
        &["user", "add", "x"],
        &["user", "set-roles", "x", "y"],
        &["healthcheck"],
        &["client", "list"],
        &["client", "new", "x"],
        &["client", "explain", "x"],
    ] {
        home.run(command).await.refuses(5, &["vestibule dev", "--"]);
    }
}
