//! One behavioural suite on every runtime, and on several at once. Nothing sleeps to wait for
//! something, and no time is asserted: what must happen is waited for, what must not is ruled out
//! by order.

mod across;
mod behaviours;
mod runtime;
mod table;
mod timers;

use behaviours::on_each_runtime;

on_each_runtime! {
    tokio_current_thread: TokioCurrentThread,
    tokio_multi_thread: TokioMultiThread,
    smol: Smol,
    async_std: AsyncStd,
    futures_local_pool: FuturesLocalPool,
    futures_thread_pool: FuturesThreadPool,
    pollster: Pollster,
    async_executor: AsyncExecutor,
    embassy: Embassy,
    monoio: Monoio,
    compio: Compio,
    glommio: Glommio,
}
