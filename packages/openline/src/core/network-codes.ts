// The codes of Node's that say what the network is like, not what was wrong with the attempt.

/** The network, the server or this process may be better off in a moment. */
export const passingNetworkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ENOENT', // the server's socket file, while it restarts
]);
