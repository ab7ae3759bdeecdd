//! Encrypts and decrypts with an SFrame implementation that is not ours, one line after the other, all bytes in hex:
//! `seal SUITE BASE_KEY KEY_ID COUNTER METADATA FRAME` and `open SUITE BASE_KEY KEY_ID METADATA CIPHERTEXT`.
use sframe::{
    frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter},
    key::{DecryptionKey, EncryptionKey},
    CipherSuite,
};
use std::io::{stdin, BufRead};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn suite(name: &str) -> CipherSuite {
    match name {
        "AES_128_CTR_HMAC_SHA256_80" => CipherSuite::AesCtr128HmacSha256_80,
        "AES_128_CTR_HMAC_SHA256_64" => CipherSuite::AesCtr128HmacSha256_64,
        "AES_128_CTR_HMAC_SHA256_32" => CipherSuite::AesCtr128HmacSha256_32,
        "AES_128_GCM_SHA256_128" => CipherSuite::AesGcm128Sha256,
        "AES_256_GCM_SHA512_128" => CipherSuite::AesGcm256Sha512,
        _ => panic!("no suite {name}"),
    }
}

fn seal(suite: CipherSuite, base_key: &[u8], key_id: u64, counter: u64, metadata: &[u8], frame: &[u8]) -> Vec<u8> {
    let key = EncryptionKey::derive_from(suite, key_id, base_key).expect("a key");
    let mut counter = MonotonicCounter::with_start_value(counter, u64::MAX);
    let mut sealed = Vec::new();
    MediaFrameView::try_with_meta_data(&mut counter, frame, metadata)
        .and_then(|view| view.encrypt_into(&key, &mut sealed).map(|_| ()))
        .expect("a ciphertext");
    sealed.split_off(metadata.len())
}

fn open(suite: CipherSuite, base_key: &[u8], key_id: u64, metadata: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = DecryptionKey::derive_from(suite, key_id, base_key).ok()?;
    let mut opened = Vec::new();
    let view = EncryptedFrameView::try_with_meta_data(sealed, metadata).ok()?;
    let frame = view.decrypt_into(&key, &mut opened).ok()?;
    Some(frame.payload().to_vec())
}

fn main() {
    for line in stdin().lock().lines() {
        let line = line.expect("text");
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words[..] {
            ["seal", name, base_key, key_id, counter, metadata, frame] => hex(&seal(
                suite(name),
                &bytes(base_key),
                key_id.parse().expect("a key id"),
                counter.parse().expect("a counter"),
                &bytes(metadata),
                &bytes(frame),
            )),
            ["open", name, base_key, key_id, metadata, sealed] => open(
                suite(name),
                &bytes(base_key),
                key_id.parse().expect("a key id"),
                &bytes(metadata),
                &bytes(sealed),
            )
            .map_or("refused".to_owned(), |frame| hex(&frame)),
            _ => panic!("not understood: {line}"),
        };
        println!("{answer}");
    }
}
