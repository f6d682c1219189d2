// How the dashboard answers: every answer with the headers that keep others out of the page.

import type { ServerResponse } from 'node:http';

/** On every answer. The page loads nothing from elsewhere, runs no inline code, and cannot be framed. */
const protection = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store, no-transform',
};

/** Answers and ends. */
export function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  const content = Buffer.from(body as string);
  response.writeHead(status, {
    ...protection,
    'Content-Type': contentType,
    'Content-Length': content.length,
    ...headers,
  });
  // Of the answer to a HEAD, Node sends no body.
  response.end(content);
}

/** Answers in one sentence. */
export function say(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Record<string, string>,
): void {
  answer(response, status, 'text/plain; charset=utf-8', `${text}\n`, headers);
}

/** Begins an answer that goes on: server-sent events. */
export function beginStream(response: ServerResponse): void {
  // Proxies that hold answers back until they end (nginx) are asked not to.
  const headers = { ...protection, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' };
  response.writeHead(200, headers);
  response.flushHeaders();
}
