// Colours for terminals: none in a file or a pipe, whatever runs the lab, unless FORCE_COLOR asks for them.
import pc from 'picocolors';

type Colours = ReturnType<typeof pc.createColors>;

const isWanted = (stream: NodeJS.WriteStream): boolean =>
  pc.isColorSupported && (stream.isTTY === true || 'FORCE_COLOR' in process.env);

/** For standard output. */
export const colours: Colours = pc.createColors(isWanted(process.stdout));

/** For standard error. */
export const messageColours: Colours = pc.createColors(isWanted(process.stderr));
