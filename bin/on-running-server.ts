import type { Command } from 'commander';
import { withConfig } from './options.ts';

/** Adds what finds a running server: its data folder and, if it is not recorded there, its address. */
export function onRunningServer(command: Command): Command {
  const url = 'address of the running server; default: the one recorded in the data folder';
  return withConfig(command.option('--url <url>', url), ['data.dir', 'server.port']);
}
