//! Configuration files from any text: read whole or refused whole, in time, and told without the secrets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_server::config::parse_text;

fuzz_target!(|text: &str| {
    match parse_text(text) {
        Ok(config) => {
            let shown: Vec<String> = config.shown().iter().map(ToString::to_string).collect();
            assert!(!shown.is_empty());
            let _ = config.check_start();
        }
        Err(errors) => {
            assert!(errors.iter().next().is_some(), "an error says what is wrong");
            assert!(!errors.to_string().is_empty());
        }
    }
});
