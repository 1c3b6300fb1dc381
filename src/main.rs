//! The command line hands over to [`stentor::cli`].

fn main() -> std::process::ExitCode {
    stentor::cli::main()
}
