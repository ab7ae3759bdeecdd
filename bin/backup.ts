import type { Config } from '../base/index.ts';
import { type Counts, createBackup, moveStore, restoreBackup } from '../signaling/index.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** Writes a backup to a file. Returns the text to print. */
export async function backup(
  config: Config,
  file: string,
  options: { withFilesKey?: boolean } = {},
): Promise<string> {
  const counts = await createBackup(config, file, VERSION, options);
  const files = options.withFilesKey
    ? ''
    : ' It does not contain files.key, without which the files of chats cannot be read: keep a copy elsewhere.';
  return `${summary(counts)}\nBackup written to ${file}. It contains the CA's key and all passwords: keep it safe.${files}\n`;
}

/** Restores a backup from a file. Returns the text to print. */
export async function restore(config: Config, file: string): Promise<string> {
  return `${summary(await restoreBackup(config, file))}\nRestored into ${config.data.dir}.\n`;
}

/** Moves the store of the data folder to PostgreSQL. Returns the text to print. @throws {UsageError} no valid target */
export async function migrate(config: Config, { to = config.store.url }: { to?: string }): Promise<string> {
  if (to === undefined || !/^postgres(?:ql)?:\/\/\S+$/.test(to) || !URL.canParse(to)) {
    throw new UsageError('no target: use --to postgres://USER@HOST/DATABASE, or set store.url');
  }
  const onProgress = (table: string, done: number, all: number) => {
    process.stderr.write(`${table}: ${done} of ${all}\n`);
  };
  const counts = await moveStore({ dir: config.data.dir, to, onProgress });
  return `${summary(counts)}\nMoved and verified. Set store.url before you start the server.\n`;
}

function summary(counts: Counts): string {
  return Object.entries(counts)
    .map(([table, rows]) => `  ${table}: ${rows}`)
    .join('\n');
}
