//! The program: an allocator and the command line.
//!
//! Owns: the choice of allocator. Does not own: any command (`cli`).

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    vestibule::cli::main()
}
