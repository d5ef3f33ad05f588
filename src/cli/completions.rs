//! `apprentice completions`: shell completions and the manual page.

use super::{Cli, Failure};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;
use std::io;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  apprentice completions bash > ~/.local/share/bash-completion/completions/apprentice\n  apprentice completions man > apprentice.1"
)]
pub(super) struct CompletionsArgs {
    /// bash, zsh, fish, elvish, powershell, or man
    shell: String,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut command = Cli::command();
    if args.shell == "man" {
        return Ok(clap_mangen::Man::new(command).render(&mut io::stdout())?);
    }
    let shell = Shell::from_str(&args.shell, true).map_err(|_| {
        Failure::input(format!("there are no completions for `{}`: bash, zsh, fish, elvish, powershell or man", args.shell))
    })?;
    clap_complete::generate(shell, &mut command, "apprentice", &mut io::stdout());
    Ok(())
}
