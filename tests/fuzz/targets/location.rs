#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    blackstart_fuzz::properties::location(data);
});
