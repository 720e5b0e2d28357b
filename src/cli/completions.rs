//! `vestibule completions`: what a shell needs to complete command lines.
//!
//! Owns: the command. Does not own: the scripts (clap_complete), or which commands there are (`cli`).

use clap::Args;
use clap_complete::Shell;

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;

const EXAMPLES: &str = "\
Examples:
  source <(vestibule completions bash)                                            this shell
  vestibule completions bash > ~/.local/share/bash-completion/completions/vestibule
  vestibule completions zsh > ~/.zfunc/_vestibule                                  a folder of $fpath
  vestibule completions fish > ~/.config/fish/completions/vestibule.fish";

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Prints the script for that command line.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn run(self, command: &mut clap::Command) -> Result<Exit, Stop> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "vestibule", &mut script);
        output::data(String::from_utf8_lossy(&script).trim_end()).map(|()| Exit::Ok)
    }
}
