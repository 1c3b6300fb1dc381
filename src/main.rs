//! The command line hands over to [`stentor::cli`].

/// Requests come and go by the thousand, each a task of its own: glibc's allocator took a third of a worker's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stentor::cli::main()
}
