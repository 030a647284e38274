#!/usr/bin/env node
/** The `keyhole` command. */
import { run } from './program.ts';
import { processTerminal } from './terminal.ts';

// Set before anything can fail late: an error while standard output drains raises it to 1 (see processTerminal).
const code = await run(process.argv.slice(2), processTerminal());
if (code !== 0) process.exitCode = code;
