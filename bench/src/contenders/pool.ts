// What the benches ask of any pool: its own acquire and release, with as little around them as can be.

export interface PoolLoad {
  open(): Promise<object>;
  readonly max: number;
  /** A deadline for each acquire, where the pool knows one; the pool's own default when absent. */
  readonly deadlineMs?: number;
}

export interface BenchPool<Lease> {
  acquire(): Promise<Lease>;
  /** Lends at once or not at all, where the pool can. */
  tryAcquire?(): Lease | undefined;
  release(lease: Lease): void;
  /** Callers in the queue. */
  waiting(): number;
  /** Connections that nobody has. */
  idle(): number;
  close(): Promise<void>;
}

export type CreatePool = (load: PoolLoad) => BenchPool<unknown>;
