#!/usr/bin/env node
// The command `openline`: one subcommand a folder.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { labCommand } from './lab/index.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

await new Command('openline')
  .description('tools of Openline, the connection layer for Node services')
  .version(version)
  .addCommand(
    labCommand((status) => {
      process.exitCode = status;
    }),
  )
  .parseAsync();
