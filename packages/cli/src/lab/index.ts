// The public surface of the lab folder.
export { labCommand } from './command.ts';
