import type { Command } from 'commander';
import type { AuditOptions } from './audit.ts';
import { onRunningServer } from './on-running-server.ts';
import { configOf } from './options.ts';

const ACCOUNT_ID = 'as listed by canopy accounts; its first digits are enough if they are unique';

/** Adds the commands for the accounts of a running server, and for its audit log. */
export function addAccountCommands(parent: Command): void {
  onRunningServer(
    parent
      .command('accounts')
      .description('list the accounts of a running server, with their devices')
      .option('--name <text>', 'list only people whose name contains this')
      .option('--json', 'print JSON'),
  ).action(async (options: { url?: string; name?: string; json?: boolean }, command: Command) => {
    const { accounts } = await import('./accounts.ts');
    process.stdout.write(await accounts(configOf(command), options));
  });

  onRunningServer(
    parent
      .command('revoke')
      .description('revoke an account on a running server, immediately')
      .argument('[account-id]', ACCOUNT_ID)
      .option('--name <name>', 'full name instead of an id, if nobody else has it')
      .option('--device <device-id>', 'revoke only this device of the account; its first digits are enough'),
  ).action(
    async (
      accountId: string | undefined,
      options: { name?: string; device?: string; url?: string },
      command: Command,
    ) => {
      const { revoke } = await import('./accounts.ts');
      process.stdout.write(await revoke(configOf(command), { id: accountId, ...options }));
    },
  );

  onRunningServer(
    parent
      .command('delete')
      .description('delete an account or a room on a running server, with everything that it left')
      .argument('[account-id]', ACCOUNT_ID)
      .option('--name <name>', 'full name instead of an id, if nobody else has it')
      .option('--room <room>', 'delete this room instead, with its chat and files')
      .option('--yes', 'really delete it; it cannot be undone'),
  ).action(
    async (
      accountId: string | undefined,
      options: { name?: string; room?: string; yes?: boolean; url?: string },
      command: Command,
    ) => {
      const { remove } = await import('./accounts.ts');
      process.stdout.write(await remove(configOf(command), { id: accountId, ...options }));
    },
  );

  onRunningServer(
    parent
      .command('reinstate')
      .description('take back the revocation of an account on a running server')
      .argument('[account-id]', ACCOUNT_ID)
      .option('--name <name>', 'full name instead of an id, if no other revoked person has it')
      .option(
        '--device <device-id>',
        'reinstate only this device of the account; its first digits are enough',
      ),
  ).action(
    async (
      accountId: string | undefined,
      options: { name?: string; device?: string; url?: string },
      command: Command,
    ) => {
      const { reinstate } = await import('./accounts.ts');
      process.stdout.write(await reinstate(configOf(command), { id: accountId, ...options }));
    },
  );

  onRunningServer(
    parent
      .command('audit')
      .description('list who administered a running server or moderated its rooms, latest first')
      .option('--action <name>', 'only this action, e.g. ban.add; with * at the end, all that begin so')
      .option('--room <room>', 'only about this room')
      .option('--account <account-id>', 'only what was done to this account')
      .option('--actor <id>', 'only what this account or token did')
      .option('--limit <number>', 'maximum number of entries, at most 1000', '100')
      .option('--json', 'print JSON'),
  ).action(async (options: AuditOptions, command: Command) => {
    const { audit } = await import('./audit.ts');
    process.stdout.write(await audit(configOf(command), options));
  });
}
