// Keeps credentials out of what people read: a driver may quote the URL that it was given.

/** The text without the credentials of its URLs and without the values of what is called a password, a secret or a token. */
export function withoutSecrets(text: string): string {
  return (
    text
      // Up to the last one: a password that nobody has escaped may hold one too.
      .replace(/:\/\/[^\s/]*@/g, '://***@')
      .replace(/\b(password|passwd|pwd|secret|token)(["']?\s*[=:]\s*)[^\s&;,]+/gi, '$1$2***')
  );
}
