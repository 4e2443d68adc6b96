// SPDX-License-Identifier: Apache-2.0
// Generics without a standard library behind them, for tests/hostile.
#![no_std]

use core::panic::PanicInfo;

#[panic_handler]
fn on_panic(_: &PanicInfo) -> ! {
    loop {}
}

struct Steps<T>(T);

impl<T: Copy + Into<u64>> Steps<T> {
    #[inline(always)]
    fn fold(&self, n: usize) -> u64 {
        (0..n).map(|i| self.0.into().wrapping_mul(i as u64)).filter(|v| v % 3 != 0).fold(0, u64::wrapping_add)
    }
}

#[no_mangle]
pub extern "C" fn seed_outer(n: u32) -> u64 {
    Steps(n).fold(n as usize) ^ Steps(n as u8).fold(7)
}
