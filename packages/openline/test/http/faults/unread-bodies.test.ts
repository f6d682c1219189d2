// Bodies that nobody reads: found, named, and their connections taken back. OPENLINE_TEST_NODE names a further Node to ask.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { givenPrograms } from '../../support/programs.ts';

const program = fileURLToPath(new URL('unread-bodies.mjs', import.meta.url));
const programs = givenPrograms();
const further = process.env['OPENLINE_TEST_NODE'];
const nodes = [process.execPath, ...(further === undefined ? [] : [further])];

interface Told {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly place: string | undefined;
  readonly phase: string | undefined;
}

interface Small {
  readonly answered: number | Told;
  readonly leases: number;
  readonly alarms: number;
}

interface Result {
  readonly heldLeases: number;
  readonly eleventh: Told;
  readonly alarms: readonly { readonly place: string; readonly ageMs: number }[];
  readonly takenBackAfterMs: number;
  readonly readers: readonly Told[];
  readonly served: number;
  readonly small: Record<number, Small>;
  readonly sizeAfterClose: number;
}

interface Output {
  readonly node: string;
  readonly bodyIdleTimeoutMs: number;
  readonly leakThresholdMs: number;
  readonly results: Record<'fetch' | 'request', Result>;
  readonly connections: number;
}

async function askedOf(node: string): Promise<Output> {
  const library = pathToFileURL(join(programs.folder, 'http/index.js')).href;
  const env = { ...process.env, OPENLINE_HTTP: library };
  const { stdout } = await promisify(execFile)(node, [program], { env });
  return JSON.parse(stdout);
}

describe.each(nodes)('on %s', (node) => {
  let output: Output;
  beforeAll(async () => {
    output = await askedOf(node);
    if (process.env['OPENLINE_TEST_FIGURES']) console.log(JSON.stringify(output, undefined, 1));
  });

  describe.each(['fetch', 'request'] as const)('through %s', (way) => {
    const place = new RegExp(`${way} \\(.*unread-bodies\\.mjs:\\d+:\\d+\\)`);

    it('tells the eleventh caller which place holds the ten connections', () => {
      const { heldLeases, eleventh } = output.results[way];
      expect(heldLeases).toBe(10);
      expect(eleventh.name).toBe('AcquireTimeoutError');
      expect(eleventh.message).toContain('10 leased, 0 idle, 0 opening of max 10');
      expect(eleventh.message).toMatch(place);
    });

    it('tells observers of each of the ten, once, with the place', () => {
      const { alarms } = output.results[way];
      const big = alarms.slice(0, 10);
      for (const alarm of big) {
        expect(alarm.place).toMatch(place);
        expect(alarm.ageMs).toBeGreaterThanOrEqual(output.leakThresholdMs);
      }
      expect(big).toHaveLength(10);
    });

    it('takes the connections back at bodyIdleTimeoutMs, tells the readers, and serves the next', () => {
      const { readers, takenBackAfterMs, served } = output.results[way];
      expect(readers).toHaveLength(10);
      for (const reader of readers) {
        expect(reader).toMatchObject({
          name: 'BodyIdleTimeoutError',
          code: 'OPENLINE_BODY_IDLE_TIMEOUT',
          phase: 'body-idle',
          place: expect.stringMatching(place),
        });
        expect(reader.message).toMatch(/nobody read on after [1-9]\d* bytes of the body within 1500 ms/);
        expect(reader.message).toMatch(place);
      }
      expect(takenBackAfterMs).toBeGreaterThanOrEqual(output.bodyIdleTimeoutMs - 5);
      expect(served).toBe(10);
    });

    it("holds nothing and raises no alarm for bodies below the reader's buffer", () => {
      const { small, sizeAfterClose } = output.results[way];
      const nothing: Small = { answered: 30, leases: 0, alarms: 0 };
      expect(small[12_000]).toEqual(nothing);
      // Node 20's own fetch buffers 16 kB, all others about 64 kB.
      if (way === 'request' || !output.node.startsWith('v20.')) expect(small[60_000]).toEqual(nothing);
      else expect(small[60_000]).toMatchObject({ leases: 10, alarms: 10 });
      expect(sizeAfterClose).toBe(0);
    });
  });

  it('leaves no connection at the server', () => {
    expect(output.connections).toBe(0);
  });
});
