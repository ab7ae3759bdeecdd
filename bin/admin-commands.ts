import type { Command } from 'commander';
import { addAccountCommands } from './account-commands.ts';
import type { AdminCommand, AdminOptions } from './admin.ts';
import { onRunningServer } from './on-running-server.ts';
import { configOf } from './options.ts';

/** Commands that take something away for good, and ask for `--yes`. */
const FOR_GOOD: readonly AdminCommand[] = ['remove-phone', 'remove-trunk', 'delete-recording'];
const LISTS: readonly AdminCommand[] = [
  ...(['status', 'rooms', 'allocation', 'calls', 'recordings', 'phones', 'trunks', 'invitations'] as const),
];

/** Name, description, and arguments with their descriptions, of what only `canopy admin` has. */
const COMMANDS: ReadonlyArray<[AdminCommand, string, ...Array<readonly [string, string]>]> = [
  ['status', 'show the state of the server: media workers, link, disks'],
  ['rooms', 'list open rooms with the people and phones in them'],
  ['allocation', 'show who receives what in a room, and why not more', ['<room>', 'its id']],
  ['close', 'end the meeting in a room for everyone; they may enter it again', ['<room>', 'its id']],
  [
    'mute',
    'mute somebody in a room',
    ['<room>', 'its id'],
    ['<participant>', 'a name, or the first digits of an id, as canopy admin rooms lists them'],
  ],
  [
    'remove',
    'remove somebody from a room, for five minutes',
    ['<room>', 'its id'],
    ['<participant>', 'a name, or the first digits of an id, as canopy admin rooms lists them'],
  ],
  ['calls', 'list phone calls, those in progress first'],
  ['hang-up', 'hang up a phone call', ['<call>', 'the first digits of its id']],
  ['recordings', 'list the recordings of all rooms'],
  ['delete-recording', 'delete a recording with its files', ['<recording>', 'the first digits of its id']],
  ['phones', 'list the phones that may register'],
  ['remove-phone', 'remove a phone, with its password', ['<username>', 'as listed by canopy admin phones']],
  ['trunks', 'list the trunks with their registrations'],
  ['remove-trunk', 'remove a trunk, with its password', ['<name>', 'as listed by canopy admin trunks']],
  ['invitations', 'list open invitations'],
  ['withdraw', 'withdraw an invitation', ['<invitation>', 'the first digits of its id']],
  [
    'role',
    'change the role of an account',
    ['<account>', 'the first digits of its id'],
    ['<role>', 'admin, member or guest'],
  ],
];

/** Adds `canopy admin`, with everything that the console on the page shows and does. */
export function addAdminCommands(program: Command): void {
  const admin = program
    .command('admin')
    .description('administer a running server, as the console on the page does');
  addAccountCommands(admin);
  for (const [name, description, ...given] of COMMANDS) {
    const command = admin.command(name).description(description);
    for (const [argument, meaning] of given) {
      command.argument(argument, meaning);
    }
    if (LISTS.includes(name)) {
      command.option('--json', 'print JSON');
    }
    if (FOR_GOOD.includes(name)) {
      command.option('--yes', 'really do it; it cannot be undone');
    }
    onRunningServer(command).action(async () => {
      const { administer } = await import('./admin.ts');
      const options = command.opts<AdminOptions>();
      process.stdout.write(await administer(configOf(command), name, command.args, options));
    });
  }
}
