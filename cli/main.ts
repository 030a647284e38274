#!/usr/bin/env node
/** The `keyhole` command. */
import { report, run } from './program.ts';
import { processTerminal } from './terminal.ts';

const argv = process.argv.slice(2);
const terminal = processTerminal();

// What escapes every command, a fault in a timer say, still ends in a message.
process.on('uncaughtException', (error) => process.exit(report(error, argv, terminal)));

// An error while standard output drains has set 1 by itself (see processTerminal): that stays.
const code = await run(argv, terminal);
if (code !== 0) process.exitCode = code;
