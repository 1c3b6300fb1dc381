//! Tells the macros that describe the API which of our types are known ones under another name.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    utoipa_config::Config::new().alias_for("Timestamp", "DateTime<Utc>").write_to_file();
}
