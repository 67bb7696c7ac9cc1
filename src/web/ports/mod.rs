//! What the platform is asked for, one short file each; named as in the npm package's `lib/ports`.

pub mod clock;
pub mod http;
pub mod lock;
pub mod storage;
pub mod timer;
pub mod turn;
pub mod wake;
