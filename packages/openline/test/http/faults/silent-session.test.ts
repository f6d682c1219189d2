// An HTTP/2 session whose network dies without a word, under an origin that needs no second one.
import { FaultProxy } from 'openline/testing';
import { expect, it, onTestFinished } from 'vitest';
import { givenSecureH2Server } from '../support/h2-servers.ts';
import { givenPool } from '../support/pools.ts';
import { askByRequest, failureOf } from '../support/ways-in.ts';

it('is given up when it does not answer a ping, so that not every request is sent into the same silence', async () => {
  const server = await givenSecureH2Server((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  const proxy = await FaultProxy.start({ target: { port: server.port } });
  onTestFinished(() => proxy.close());
  const pool = givenPool({ tls: { ca: server.ca }, headersTimeoutMs: 200 });
  const url = `https://localhost:${proxy.port}/`;
  expect(await askByRequest(pool, url)).toBe('ok');
  proxy.halfOpen();
  const { error } = await failureOf(() => askByRequest(pool, url));
  expect(error.code).toBe('UND_ERR_HEADERS_TIMEOUT');
  await expect.poll(() => askByRequest(pool, url).catch(({ code }) => code), { timeout: 10_000 }).toBe('ok');
  expect(proxy.accepted).toBe(2);
});

it('is kept when only the request was slow', async () => {
  const server = await givenSecureH2Server((stream, headers) => {
    if (headers[':path'] === '/silent') return;
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  const pool = givenPool({ tls: { ca: server.ca }, headersTimeoutMs: 100 });
  const url = `https://localhost:${server.port}/`;
  for (let turn = 0; turn < 3; turn++) {
    await failureOf(() => askByRequest(pool, `${url}silent`));
    expect(await askByRequest(pool, url)).toBe('ok');
  }
  expect(server.sessions).toHaveLength(1);
});
