// The servers of the http bench, and the authority that every contender trusts.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpOffer, startHttpServers } from '../../arena/http-servers-process.ts';
import type { Arena } from '../../harness/bench.ts';

/** Handed to the workers. */
export type Access = HttpOffer;

export async function setUp(): Promise<Arena> {
  const { offer, close } = await startHttpServers();
  const folder = await mkdtemp(join(tmpdir(), 'openline-bench-'));
  const file = join(folder, 'ca.pem');
  await writeFile(file, offer.ca);
  return {
    access: offer,
    // The one way to tell fetch's own dispatcher whom to trust.
    env: { NODE_EXTRA_CA_CERTS: file },
    facts: { "fetch's undici": process.versions['undici'] ?? 'unknown' },
    async close() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
