// The head of a request over HTTP/2, from the options that undici's dispatchers are given. RFC 9113, 8.3.

import type { OutgoingHttpHeaders } from 'node:http2';
import { stringify } from 'node:querystring';
import { errors } from 'undici';
import type { RequestOptions } from './connection.ts';
import type { Body } from './h2-body.ts';
import { fieldOverhead } from './h2-fields.ts';

/** Where the requests of a connection go. */
export interface Target {
  /** `https` or `http`. */
  readonly scheme: string;
  /** Host and port. */
  readonly authority: string;
  /** The server takes extended CONNECT (RFC 8441). */
  readonly takesProtocols: boolean;
}

/** A head that can be sent. */
export interface Head {
  readonly headers: OutgoingHttpHeaders;
  /** What the body has to have, in bytes, where that was said. */
  readonly contentLength: number | undefined;
  /** What becomes of the stream once it is answered: a response comes through it, or it is the user's. */
  readonly opens: 'response' | 'tunnel' | 'protocol';
}

/**
 * The most that path and headers may have, in bytes. nghttp2 sends no larger ones, and Node closes the whole session for one that it was not
 * allowed to send.
 */
const maxSize = 65_000;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInPath = /[^\x21-\xff]/;
const digits = /^\d+$/;
const slash = 0x2f;

/** Without a body they say so. */
const expectsBody = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);
/** A declared length that no body has is passed over. */
const declaresNothing = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT']);
/** They speak of an HTTP/1.1 connection, and make a request malformed (RFC 9113, 8.2.2). */
const ofConnection = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Makes the head.
 *
 * @throws undici's InvalidArgumentError, NotSupportedError and RequestContentLengthMismatchError, with undici's own messages where it has them
 */
export function headOf(request: RequestOptions, target: Target, body: Body): Head {
  const { method } = request;
  if (typeof method !== 'string') throw new errors.InvalidArgumentError('method must be a string');
  if (!token.test(method)) throw new errors.InvalidArgumentError('invalid request method');
  const opens = openingOf(request, target);
  const headers = pseudoHeaders(request, target, opens);
  const added = addHeaders(headers, request.headers);
  const size = added.size + request.path.length;
  if (size > maxSize)
    throw new errors.InvalidArgumentError(
      `path and headers have ${size} bytes: HTTP/2 takes ${maxSize} at the most, with ${fieldOverhead} for each header`,
    );
  if (opens === 'tunnel') return { headers, contentLength: undefined, opens };

  const contentLength = lengthOf(method, body, added.contentLength);
  if (contentLength !== undefined) headers['content-length'] = contentLength;
  if (body.type !== undefined && headers['content-type'] === undefined) headers['content-type'] = body.type;
  if (request.expectContinue && body.length !== 0) headers['expect'] = '100-continue';
  return { headers, contentLength, opens };
}

function openingOf({ method, upgrade }: RequestOptions, { takesProtocols }: Target): Head['opens'] {
  if (typeof upgrade === 'string' && upgrade !== '') {
    if (upgrade.toLowerCase() !== 'websocket')
      throw new errors.NotSupportedError(
        `HTTP/2 has no upgrade to ${JSON.stringify(upgrade)}: send this request over HTTP/1.1`,
      );
    if (!takesProtocols)
      throw new errors.NotSupportedError(
        'The server takes no WebSocket over HTTP/2 (RFC 8441): send this request over HTTP/1.1',
      );
    return 'protocol';
  }
  if (method === 'CONNECT') return 'tunnel';
  if (upgrade) throw new errors.InvalidArgumentError('upgrade must be a string');
  return 'response';
}

/**
 * Fields that inherit nothing, since a header may be named `constructor`. Made by a constructor: an object of `Object.create(null)` is slower to
 * fill, and slower for Node to copy.
 */
function Fields(): void {}
Fields.prototype = Object.create(null);
const HeaderFields = Fields as unknown as new () => OutgoingHttpHeaders;

function pseudoHeaders(request: RequestOptions, target: Target, opens: Head['opens']): OutgoingHttpHeaders {
  const { path } = request;
  if (typeof path !== 'string') throw new errors.InvalidArgumentError('path must be a string');
  if (notInPath.test(path)) throw new errors.InvalidArgumentError('invalid request path');
  const headers = new HeaderFields();
  if (opens === 'tunnel') {
    if (path === '') throw new errors.InvalidArgumentError('the path of a CONNECT must name host and port');
    headers[':method'] = 'CONNECT';
    headers[':authority'] = path;
    return headers;
  }
  const absolute = path.charCodeAt(0) === slash ? undefined : absoluteOf(path);
  headers[':method'] = opens === 'protocol' ? 'CONNECT' : request.method;
  headers[':scheme'] = absolute?.protocol.slice(0, -1) ?? target.scheme;
  headers[':authority'] = absolute?.host ?? target.authority;
  const local = absolute === undefined ? path : absolute.pathname + absolute.search;
  headers[':path'] = withQuery(local, request.query);
  if (opens === 'protocol') headers[':protocol'] = 'websocket';
  return headers;
}

/** A whole URL in place of a path, as a proxy is sent it. */
function absoluteOf(path: string): URL {
  if (/^https?:\/\//.test(path) && URL.canParse(path)) return new URL(path);
  throw new errors.InvalidArgumentError('path must be an absolute URL or start with a slash');
}

function withQuery(path: string, query: RequestOptions['query']): string {
  if (!query) return path;
  if (/[?#]/.test(path))
    throw new errors.InvalidArgumentError(
      'Query params cannot be passed when url already contains "?" or "#".',
    );
  const text = stringify(query);
  return text === '' ? path : `${path}?${text}`;
}

/** What the body will have, if it is to be said. */
function lengthOf(method: string, body: Body, declared: number | undefined): number | undefined {
  const { length } = body;
  if (length === undefined) return declared;
  if (length === 0) return expectsBody.has(method) ? 0 : undefined;
  if (declared !== undefined && declared !== length && !declaresNothing.has(method))
    throw new errors.RequestContentLengthMismatchError(
      `Request body length does not match content-length header: it has ${length} bytes, not ${declared}`,
    );
  return length;
}

/** Adds the user's headers, in each of the forms that undici takes. */
function addHeaders(into: OutgoingHttpHeaders, headers: unknown): Adding {
  const adding = new Adding(into);
  if (headers === null || headers === undefined) return adding;
  if (typeof headers !== 'object')
    throw new errors.InvalidArgumentError('headers must be an object or an array');
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even');
    for (let at = 0; at < headers.length; at += 2) adding.add(headers[at], headers[at + 1]);
  } else if (isIterable(headers)) {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw new errors.InvalidArgumentError('headers must be in key-value pair format');
      adding.add(pair[0], pair[1]);
    }
  } else {
    for (const name of Object.keys(headers)) adding.add(name, (headers as Record<string, unknown>)[name]);
  }
  return adding;
}

/** An iterator that a polluted Object.prototype lends to every object is none. */
function isIterable(headers: object): headers is Iterable<unknown> {
  if (Object.hasOwn(headers, Symbol.iterator)) return true;
  const prototype = Object.getPrototypeOf(headers);
  return prototype !== null && prototype !== Object.prototype && Symbol.iterator in headers;
}

/** Checks header after header and adds it. */
class Adding {
  readonly #into: OutgoingHttpHeaders;
  /** What the headers declare. */
  contentLength: number | undefined;
  /** Of all headers together, in bytes. */
  size = 0;
  #hasHost = false;

  constructor(into: OutgoingHttpHeaders) {
    this.#into = into;
  }

  add(key: unknown, value: unknown): void {
    const name = nameOf(key);
    if (value === undefined || ofConnection.has(name)) return;
    const text = Array.isArray(value) ? value.map((one) => this.#text(name, one)) : this.#text(name, value);
    switch (name) {
      case 'host':
        if (this.#hasHost) throw new errors.InvalidArgumentError('duplicate host header');
        if (typeof text !== 'string') throw new errors.InvalidArgumentError('invalid host header');
        this.#hasHost = true;
        // What a tunnel leads to stands in its path.
        if (this.#into[':path'] !== undefined) this.#into[':authority'] = text;
        return;
      case 'content-length':
        if (this.contentLength !== undefined)
          throw new errors.InvalidArgumentError('duplicate content-length header');
        if (typeof text !== 'string' || !digits.test(text))
          throw new errors.InvalidArgumentError('invalid content-length header');
        this.contentLength = Number(text);
        return;
      case 'expect':
        throw new errors.NotSupportedError('expect header not supported: give the option expectContinue');
      case 'te':
        if (text === 'trailers') this.#into['te'] = text;
        return;
      default: {
        const there = this.#into[name];
        if (there === undefined) this.#into[name] = text;
        else this.#into[name] = ([] as string[]).concat(there as string | string[], text);
      }
    }
  }

  #text(name: string, value: unknown): string {
    if (typeof value === 'object' && value !== null)
      throw new errors.InvalidArgumentError(`invalid ${name} header`);
    const text = value === null ? '' : `${value as string}`;
    if (notInValue.test(text)) throw new errors.InvalidArgumentError(`invalid ${name} header`);
    this.size += name.length + text.length + fieldOverhead;
    return text;
  }
}

/** Callers use few names: what is known of one is kept, but not of endlessly many. */
const maxKnownNames = 512;
const knownNames = new Map<string, string>();

function nameOf(key: unknown): string {
  const known = knownNames.get(key as string);
  if (known !== undefined) return known;
  if (typeof key !== 'string' || !token.test(key))
    throw new errors.InvalidArgumentError('invalid header key');
  const name = key.toLowerCase();
  if (knownNames.size < maxKnownNames) knownNames.set(key, name);
  return name;
}
