// The page on diagnosis: its snippets run as they stand, and it shows each message as an acquire timeout tells it; `UPDATE_DOCS=1` writes those anew.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Service } from '../insight/service.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { itRunsSnippets } from './snippets.ts';

const address = new URL('../../../../docs/diagnosis.md', import.meta.url);
const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(address, 'utf8');
const expectedOutput = [
  'Nothing is wrong: 0.0 of 10 connections leased on the average; 0 µs of waiting.\n',
  'Connections leak\n',
];
const begin = '<!-- messages: written by packages/openline/test/docs/diagnosis.test.ts -->\n';
const end = '<!-- end of messages -->';

interface Scene {
  readonly cause: string;
  /** What the message must say. */
  readonly says: string;
  play(): Promise<Service>;
}

async function usual(...options: ConstructorParameters<typeof Service>): Promise<Service> {
  const service = new Service(...options);
  await service.run(12);
  return service;
}

const scenes: readonly Scene[] = [
  {
    cause: 'too-small',
    says: 'The pool is too small',
    play: async () => {
      const service = await usual();
      service.callersAStep = 1.2;
      await service.run(12);
      return service;
    },
  },
  {
    cause: 'leak',
    says: 'Connections leak',
    play: async () => {
      const service = await usual();
      service.leaks = true;
      await service.run(10);
      return service;
    },
  },
  {
    cause: 'slow-use',
    says: 'Connections are used for longer than before',
    play: async () => {
      const service = await usual();
      service.serverMs = 500;
      await service.run(12);
      return service;
    },
  },
  {
    cause: 'nested-acquire',
    says: 'Callers that hold a connection wait for a second one',
    play: async () => {
      const service = await usual();
      service.nests = true;
      for (let caller = 0; caller < 8; caller++) service.come();
      await service.run(12);
      return service;
    },
  },
  {
    cause: 'event-loop-blocked',
    says: 'The event loop is blocked',
    play: async () => {
      const service = await usual({ acquireTimeoutMs: 400 });
      for (let second = 0; second < 8; second++) {
        for (let caller = 0; caller < 12; caller++) service.come();
        await service.run(0.1);
        service.clock.jump(900);
        await service.run(0.1);
      }
      return service;
    },
  },
  {
    cause: 'server-unreachable',
    says: 'The server cannot be reached',
    play: async () => {
      const service = await usual();
      const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), {
        code: 'ECONNREFUSED',
      });
      service.open = () => Promise.reject(refused);
      service.loseAll();
      await service.run(2.2);
      return service;
    },
  },
  {
    cause: 'server-full',
    says: 'The server is full',
    play: async () => {
      const service = new Service();
      let opened = 0;
      service.open = async () => {
        if (++opened > 1) throw new Error('sorry, too many clients already');
      };
      service.callersAStep = 0.4;
      await service.run(12);
      return service;
    },
  },
  {
    cause: 'connects-slow',
    says: 'Connections are slow to open',
    play: async () => {
      const service = await usual({ maxUses: 1, acquireTimeoutMs: 1_000 });
      service.connectMs = 1_500;
      await service.run(12);
      return service;
    },
  },
  {
    cause: 'thundering-herd',
    says: 'Too many callers come at the same moment',
    play: async () => {
      const service = await usual();
      service.callersAStep = 0.02;
      for (let batch = 0; batch < 2; batch++) {
        for (let caller = 0; caller < 200; caller++) service.come();
        await service.run(6);
      }
      return service;
    },
  },
];

/** Where the test's own code stands is nobody's business: a place as a service would have it. */
const asInAService = (message: string): string =>
  message.replaceAll(/(?:Service\.)?loadOrder \([^)]*\)/g, 'loadOrder (file:///app/src/orders.js:41:31)');

const told = new Map<string, string>();

describe('the message of an acquire timeout', () => {
  it.each(scenes)('names the cause: $cause', async ({ cause, says, play }) => {
    // The jitter of retries differs from run to run.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    captureEveryPlace();
    onTestFinished(() => void vi.restoreAllMocks());
    const service = await play();
    expect(service.message).toContain(says);
    told.set(cause, asInAService(service.message));
    await service.end();
    expect(service.clock.pending.filter(({ keepsAlive }) => keepsAlive)).toEqual([]);
  });

  it('stands on the page as it is', async () => {
    const section = scenes
      .map(({ cause }) => `### \`${cause}\`\n\n\`\`\`text\nAcquireTimeoutError: ${told.get(cause)}\n\`\`\`\n`)
      .join('\n');
    if (process.env['UPDATE_DOCS'] !== undefined) {
      const [before, rest = ''] = page.split(begin);
      await writeFile(address, `${before}${begin}\n${section}\n${end}${rest.split(end)[1]}`);
      return;
    }
    expect(shown()).toBe(`\n${section}\n`);
  });
});

function shown(): string {
  const [, rest = ''] = page.split(begin);
  return rest.split(end)[0]!;
}

describe('the snippets', () => {
  let folder: string;

  beforeAll(async () => {
    // Below the package, so that its own name resolves to it.
    folder = await mkdtemp(join(packageFolder, 'dist', 'diagnosis-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  itRunsSnippets(page, expectedOutput, { folder: () => folder });
});
