//! Rng for tests that try many ways. The same seed throws the same.

/// A random number generator.
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// Rng that throw what `seed` says.
    pub const fn new(seed: u64) -> Self {
        // An odd multiplier, so that small seeds differ in their high bits; and never the one state
        // that stays as it is.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        // xorshift64*, by its high half.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        high as usize % n
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
