// In place of the crate `rand`: as much as the tests use, the same numbers for every program.
#[allow(dead_code)]
mod rand {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(42) };
    }

    // SplitMix64 (Steele, Lea and Flood 2014).
    fn next() -> u64 {
        STATE.with(|state| {
            let seed = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
            state.set(seed);
            let mut z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        })
    }

    pub trait Drawn {
        fn drawn() -> Self;
    }

    macro_rules! drawn {
        ($($kind:ty)*) => { $(impl Drawn for $kind { fn drawn() -> Self { next() as $kind } })* };
    }

    drawn!(i8 i16 i32 i64 u8 u16 u32 u64 isize usize);

    pub struct ThreadRng;

    pub trait Rng {
        fn r#gen<T: Drawn>(&mut self) -> T {
            T::drawn()
        }

        fn gen_range(&mut self, low: i32, high: i32) -> i32 {
            low + (next() % (high - low) as u64) as i32
        }
    }

    impl Rng for ThreadRng {}

    pub fn thread_rng() -> ThreadRng {
        ThreadRng
    }

    pub fn random<T: Drawn>() -> T {
        T::drawn()
    }
}
