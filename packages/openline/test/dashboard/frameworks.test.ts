// The same handler behind node:http, Express and Fastify.
import express from 'express';
import { fastify } from 'fastify';
import { dashboard } from 'openline/dashboard';
import { expect, onTestFinished, test } from 'vitest';
import { ask, listening, somePool } from './kit.ts';

const token = 'correct-horse-battery-staple';

function board(path?: string) {
  const made = dashboard([somePool('orders')], { token, ...(path !== undefined && { path }) });
  onTestFinished(() => made.close());
  return made;
}

async function expectBoardAt(port: number, base: string): Promise<void> {
  const page = await ask(port, `${base}/`);
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(await ask(port, base)).toMatchObject({ status: 308, headers: { location: 'dashboard/' } });
  expect(await ask(port, `${base}/page.js`)).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/javascript; charset=utf-8' },
  });
  const head = await ask(port, `${base}/`, {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, body: '' });
  expect((await ask(port, `${base}/`, {}, 'DELETE')).status).toBe(405);
  expect((await ask(port, `${base}/../package.json`)).status).toBe(404);
  expect((await ask(port, `${base}/constructor`)).status).toBe(404);
  const welcome = await ask(port, `${base}/session`, { authorization: `Bearer ${token}` }, 'POST');
  expect(welcome).toMatchObject({
    status: 200,
    headers: { 'set-cookie': [expect.stringContaining('HttpOnly')] },
  });
}

test('node:http, under a path', async () => {
  const port = await listening(board('/dashboard'));
  await expectBoardAt(port, '/dashboard');
  expect((await ask(port, '/dashboards')).status).toBe(404);
});

test("Express, which goes on with what is not the dashboard's", async () => {
  const app = express();
  app.use(express.json());
  app.use('/inner/dashboard', board());
  app.use((_request, response) => void response.status(404).send("the app's own"));
  const port = await listening(app);
  await expectBoardAt(port, '/inner/dashboard');
  expect((await ask(port, '/inner/dashboard/nothing')).body).toBe("the app's own");
});

test('Fastify, as a plugin under a prefix', async () => {
  const app = fastify();
  await app.register(board().plugin, { prefix: '/inner/dashboard' });
  app.get('/own', async () => "the app's own");
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const port = Number(new URL(app.listeningOrigin).port);
  await expectBoardAt(port, '/inner/dashboard');
  expect((await ask(port, '/own')).body).toBe("the app's own");
});
