// The one error class of the embedded servers.

/** What went wrong: see the message for what to do. */
export type ServerErrorCode =
  | 'INVALID_OPTIONS'
  | 'NOT_SUPPORTED'
  | 'NOT_INSTALLED'
  | 'NOT_RUNNABLE'
  | 'START_FAILED'
  | 'NOT_RUNNING'
  | 'STOPPED';

/** A failure of an embedded server; its message says what happened and what to do next. */
export class ServerError extends Error {
  override readonly name: string = 'ServerError';
  /** The kind of failure, stable between releases. */
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
