//! The least that anybody must do to learn that nothing changed: ask for the refs of each
//! repository, over connections that stay open, and read the answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;

/// What git asks: a line with its length in four hex digits, `0001` before arguments, `0000` last.
const QUESTION: &str = "0014command=ls-refs\n0016object-format=sha1\
                        00010009peel\n000csymrefs\n000bunborn\n0000";

/// Asks for the refs of all `urls`, `at_once` at a time. Returns how long that took.
pub fn ask_all(urls: &[String], at_once: usize) -> Duration {
    let client = Client::builder().no_proxy().build().unwrap();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(url) = urls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    ask(&client, url);
                }
            });
        }
    });
    began.elapsed()
}

fn ask(client: &Client, url: &str) {
    let hello = client
        .get(format!("{url}/info/refs?service=git-upload-pack"))
        .header("Git-Protocol", "version=2");
    let hello = hello.send().unwrap().bytes().unwrap();
    assert!(hello.windows(9).any(|word| word == b"version 2"), "{url} speaks no version 2");
    let question = client
        .post(format!("{url}/git-upload-pack"))
        .header("Git-Protocol", "version=2")
        .header("Content-Type", "application/x-git-upload-pack-request")
        .body(QUESTION);
    let refs = question.send().unwrap().bytes().unwrap();
    assert!(refs.windows(15).any(|word| word == b"refs/heads/main"), "{url} lists no main");
}
