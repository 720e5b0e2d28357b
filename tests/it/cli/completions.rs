//! `vestibule completions`.

use super::program::Home;

/// What bash would offer behind these words, by the function that the script brings.
async fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let script = home.run(&["completions", "bash"]).await.expect(0).stdout;
    home.write("completions.bash", &script);
    let typed: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let typed = typed.join(" ");
    let last = words.len() - 1;
    let program = format!(
        "source ./completions.bash || exit 1\nspec=$(complete -p vestibule) || exit 2\n\
         function=$(sed 's/.*-F \\([^ ]*\\).*/\\1/' <<<\"$spec\")\nCOMP_WORDS=({typed}); COMP_CWORD={last}\n\
         \"$function\" vestibule \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = std::process::Command::new("bash")
        .args(["--noprofile", "--norc", "-c", &program])
        .current_dir(home.path())
        .output()
        .expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn bash_loads_the_script_and_completes_with_it() {
    let home = Home::new();
    let commands = offered(&home, &["vestibule", ""]).await;
    for command in ["dev", "serve", "init", "check", "config", "client", "user", "completions"] {
        assert!(commands.iter().any(|offered| offered == command), "{command}: {commands:?}");
    }
    assert_eq!(offered(&home, &["vestibule", "client", "exp"]).await, ["explain"]);
    assert_eq!(offered(&home, &["vestibule", "check", "--sch"]).await, ["--schema"]);
    assert_eq!(offered(&home, &["vestibule", "client", "new", "--type", "serv"]).await, ["service"]);
}

#[tokio::test]
async fn every_shell_has_a_script_on_stdout() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = home.run(&["completions", shell]).await.expect(0);
        assert!(ended.stderr.is_empty() && ended.stdout.contains("vestibule") && ended.stdout.contains("set-roles"));
    }
}
