// SPDX-License-Identifier: Apache-2.0
// burn SECONDS: maps, strings, sorting and panics that are caught, in a release build.
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[inline(never)]
fn words(n: usize) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for i in 0..n {
        *counts.entry(format!("w{}", i * i % 97)).or_insert(0) += 1;
    }
    counts
}

#[inline(never)]
fn sorted(n: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (0..n).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).collect();
    all.sort_by(|a, b| b.cmp(a));
    all
}

#[inline(never)]
fn caught(depth: u32) -> bool {
    std::panic::catch_unwind(|| down(depth)).is_err()
}

#[inline(never)]
fn down(depth: u32) -> u32 {
    if depth == 0 {
        panic!("down");
    }
    down(depth - 1) + std::hint::black_box(1)
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut total = 0;
    std::panic::set_hook(Box::new(|_| {}));
    while Instant::now() < end {
        total += words(500).len() + sorted(500).len() + caught(10) as usize;
    }
    std::hint::black_box(total);
}
