// Promise.withResolvers for Node 20. libp2p 3 calls it while its modules load, so this file must run before
// them: base/index.ts imports it first, and every entry point and worker imports base/index.ts first.

if (typeof Promise.withResolvers !== 'function') {
  Promise.withResolvers = function withResolvers<T>(): PromiseWithResolvers<T> {
    let resolve!: (value: T | PromiseLike<T>) => void
    let reject!: (reason?: unknown) => void
    const promise = new Promise<T>((yes, no) => {
      resolve = yes
      reject = no
    })
    return { promise, resolve, reject }
  }
}
