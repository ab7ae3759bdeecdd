import { PostgresServer } from './postgres.ts';

/** The engines that the store's tests run on. Each test file has its own PostgreSQL server. */
export interface StoreEngine {
  name: 'SQLite' | 'PostgreSQL';
  skip: string | false;
  /** The setting `store.url` for a new, empty database; undefined: SQLite in the data folder. */
  newUrl(): Promise<string | undefined>;
  close(): Promise<void>;
}

export function storeEngines(): StoreEngine[] {
  let starting: Promise<PostgresServer> | undefined;
  return [
    { name: 'SQLite', skip: false, newUrl: async () => undefined, close: async () => {} },
    {
      name: 'PostgreSQL',
      skip: PostgresServer.missing ?? false,
      newUrl: async () => {
        starting ??= PostgresServer.start();
        return (await starting).createDatabase();
      },
      close: async () => {
        await (await starting)?.close();
      },
    },
  ];
}
