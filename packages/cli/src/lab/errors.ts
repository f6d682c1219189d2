// The lab's one error class: a failure whose message says all that its reader needs.

/** A failure that was foreseen: its message says what happened and what to do, and is printed without a stack. */
export class LabError extends Error {
  override readonly name: string = 'LabError';
}

/** The words of whatever was thrown. An AggregateError (every address of a host refused) has none of its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
