//! Tells the macros that describe the API which of our types are known ones under another name, and cargo that what is
//! released contains the page.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A debug build reads the folder at each request. Where it is missing, cargo looks again at each build, as it should.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=web/dist");
    }
    utoipa_config::Config::new().alias_for("Timestamp", "DateTime<Utc>").write_to_file();
}
