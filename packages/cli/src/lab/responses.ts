// What the orders service may answer over HTTP, with the headers that go with it.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** No inline script or style, nothing from elsewhere, in no frame. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const jsonHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Whether a request names this machine's own loopback: a page of another site that had its name resolve to 127.0.0.1 does not. */
export function isForLoopback(request: IncomingMessage): boolean {
  return loopbackHost.test(request.headers.host ?? '');
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, jsonHeaders).end(JSON.stringify(body));
}

/** Sends the reader to another page. */
export function sendElsewhere(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}

/** Answers with a part of the page. */
export function sendPagePart(response: ServerResponse, contentType: string, text: string): void {
  response
    .writeHead(200, {
      'content-type': `${contentType}; charset=utf-8`,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    .end(text);
}
